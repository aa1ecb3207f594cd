"""Which image a deployment runs: it stands in the configuration, as `images.airflow`."""

import re
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from services.deployments.contract import JsonObject, Rule, cli_number
from shared.errors import Invalid

_LATEST: Final = "latest"
_MOST: Final = 512
_REFERENCE: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._/:@-]*")
_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class Image:
    """An image; `repository` and `tag` joined by a colon name it. Of a digest, the algorithm ends the repository."""

    repository: str
    tag: str


def read_image(text: str) -> Image:
    """Return the image that a reference names, by default its tag `latest`; raise Invalid for what is none."""
    path, slash, last = text.rpartition("/")
    name, _, tag = last.rpartition(":") if ":" in last else (last, "", _LATEST)
    repository = f"{path}{slash}{name}"
    if len(text) > _MOST or not name or not _REFERENCE.fullmatch(repository) or not _TAG.fullmatch(tag):
        raise Invalid("the image has not the form repository:tag", rule=Rule.INVALID_IMAGE)
    return Image(repository, tag)


def image_of(config: JsonObject) -> Image:
    """Return the image that a configuration names; what it does not name is empty."""
    airflow = _airflow(config)
    repository, tag = airflow.get("repository"), airflow.get("tag")
    return Image(repository if isinstance(repository, str) else "", tag if isinstance(tag, str) else "")


def with_image(config: JsonObject, image: Image) -> JsonObject:
    """Return the configuration with another image, all else as it was."""
    images = config.get("images")
    others: dict[str, JsonValue] = images if isinstance(images, dict) else {}
    airflow = {**_airflow(config), "repository": image.repository, "tag": image.tag}
    return {**config, "images": {**others, "airflow": airflow}}


def latest_cli_tag(known: str, config: JsonObject) -> str:
    """Return which has the higher number: the tag that is known, or that of the configuration."""
    tag = image_of(config).tag
    return tag if cli_number(tag) > cli_number(known) else known


def _airflow(config: JsonObject) -> dict[str, JsonValue]:
    images = config.get("images")
    airflow = images.get("airflow") if isinstance(images, dict) else None
    return airflow if isinstance(airflow, dict) else {}
