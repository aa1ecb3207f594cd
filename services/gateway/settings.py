"""The settings of the gateway."""

from pydantic import field_validator

from services.gateway.peers import read_networks
from shared.settings import BusSettings, Port, PublicUrl


class GatewaySettings(BusSettings):
    """gateway: the only public door. `allowed_origins`: web pages that may call it, separated by commas.

    `trusted_proxies`: addresses or networks, separated by commas, whose X-Forwarded-For tells the client's address.
    """

    host: str = "127.0.0.1"
    port: Port = 8871
    public_url: PublicUrl = "http://127.0.0.1:8871"
    allowed_origins: str = ""
    trusted_proxies: str = ""

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, text: str) -> str:
        read_networks(text)
        return text
