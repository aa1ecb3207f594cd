"""The settings of the gateway."""

import re
from typing import Final

from pydantic import field_validator

from services.deployments.contract import DoorSettings, DriverName
from services.gateway.peers import read_networks
from shared.settings import Port, Switch

_VERSION: Final = re.compile(r"(\d{1,4})\.(\d{1,4})\.(\d{1,4})")
_OLDEST: Final = (0, 25, 0)


class GatewaySettings(DoorSettings):
    """gateway: the only public door. `allowed_origins`: web pages that may call it, separated by commas.

    `trusted_proxies`: addresses or networks, separated by commas, whose X-Forwarded-For tells the client's address.
    `houston_version`: the version of Houston that clients are told, 0.25.0 or later. `driver`,
    `manual_release_names` and `smtp_host` are settings of other services; clients are told what follows from them.
    """

    host: str = "127.0.0.1"
    port: Port = 8871
    allowed_origins: str = ""
    trusted_proxies: str = ""
    houston_version: str = "0.37.6"
    manual_release_names: Switch = False
    smtp_host: str = ""
    driver: DriverName = DriverName.SIMULATED

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, text: str) -> str:
        read_networks(text)
        return text

    @field_validator("houston_version")
    @classmethod
    def _known_version(cls, text: str) -> str:
        # Below the oldest version that it knows the command line sends the newest documents. Source: houston 5.2.
        found = _VERSION.fullmatch(text)
        if found is None or tuple(map(int, found.groups())) < _OLDEST:
            raise ValueError("expected three numbers that are 0.25.0 or above, such as 0.37.6")
        return text
