"""The settings of the gateway."""

from shared.settings import BusSettings, Port


class GatewaySettings(BusSettings):
    """gateway: the only public door. `allowed_origins`: web pages that may call it, separated by commas."""

    host: str = "127.0.0.1"
    port: Port = 8871
    public_url: str = "http://127.0.0.1:8871"
    allowed_origins: str = ""
