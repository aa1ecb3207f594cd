"""Where people reach the web pages of Airflows: at an origin that is never the API's."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationInfo, field_validator

from shared.settings import BusSettings, PublicUrl, public_url

_THIS_MACHINE: Final = {"127.0.0.1": "localhost", "localhost": "127.0.0.1", "::1": "localhost"}
"""Two names of one machine are two sites to a browser."""

_PATH: Final = re.compile(r"/([a-z0-9][a-z0-9-]*)/airflow(?=/|$)")
_DOMAIN: Final = re.compile(r"(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*")
_SUFFIX: Final = "-airflow"


class DoorSettings(BusSettings):
    """What says where people reach the installation and its Airflows.

    `base_domain`: each Airflow has a host name of its own, `<release>-airflow.<base_domain>`. Without it all are below
    `airflow_url`, whose host must not be that of `public_url`; "" is the other name of this machine where
    `public_url` is one of them, else Airflows are not reached through the gateway.
    """

    public_url: PublicUrl = "http://127.0.0.1:8871"
    airflow_url: str = ""
    base_domain: str = ""

    @field_validator("airflow_url")
    @classmethod
    def _another_host(cls, url: str, info: ValidationInfo) -> str:
        if url and urlsplit(public_url(url)).hostname == urlsplit(info.data.get("public_url", "")).hostname:
            raise ValueError("expected another host than that of AERODROME_PUBLIC_URL: pages of DAG authors live there")
        return url.rstrip("/")

    @field_validator("base_domain")
    @classmethod
    def _domain(cls, domain: str) -> str:
        if domain and not _DOMAIN.fullmatch(domain):
            raise ValueError("expected a domain in small letters, such as airflow.example.com")
        return domain

    @property
    def doors(self) -> "Doors":
        """Where the Airflows are reached."""
        return Doors(self.public_url.rstrip("/"), self.airflow_url or _other_name(self.public_url), self.base_domain)


@dataclass(frozen=True, slots=True)
class Landing:
    """A request for a deployment's Airflow; `prefix` is what its paths begin with, "" or `/<release>/airflow`."""

    release_name: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Doors:
    """The addresses of an installation, without a slash at the end; `airflow_url` is "" where there is none."""

    public_url: str
    airflow_url: str = ""
    base_domain: str = ""

    def url_of(self, release_name: str) -> str:
        """Return where people reach an Airflow, without a slash at the end; "" where they don't."""
        if self.base_domain:
            parts = urlsplit(self.public_url)
            port = f":{parts.port}" if parts.port else ""
            return f"{parts.scheme}://{release_name}{_SUFFIX}.{self.base_domain}{port}"
        return f"{self.airflow_url}/{release_name}/airflow" if self.airflow_url else ""

    def is_outside(self, host: str) -> bool:
        """Say whether Airflows answer at this Host: no page of ours is there, and no cookie of ours counts."""
        name = host_name(host)
        if self.base_domain:
            return name.endswith(f"{_SUFFIX}.{self.base_domain}")
        return bool(self.airflow_url) and name == urlsplit(self.airflow_url).hostname

    def misplaced(self, path: str) -> str:
        """Return of which deployment a path names the Airflow, wherever it was sent; "" for none."""
        found = _PATH.match(path)
        return found[1] if found else ""

    def landing(self, host: str, path: str) -> Landing | None:
        """Return which Airflow a request asks for, None where it is for none."""
        if not self.is_outside(host):
            return None
        if self.base_domain:
            return Landing(host_name(host).removesuffix(f"{_SUFFIX}.{self.base_domain}"), "")
        below = urlsplit(self.airflow_url).path
        found = _PATH.match(path.removeprefix(below)) if path.startswith(below) else None
        return Landing(found[1], below + found[0]) if found else None


def host_name(host: str) -> str:
    """Return the name in a Host header, as browsers compare names but for a dot at the end; "" for what is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _other_name(url: str) -> str:
    parts = urlsplit(url)
    other = _THIS_MACHINE.get(parts.hostname or "")
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{other}{port}" if other else ""
