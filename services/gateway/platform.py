"""What settings say of this installation to its clients."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from services.deployments.contract import Doors, DriverName
from services.gateway.settings import GatewaySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """The part of `appConfig` that settings decide, and what our addresses begin with, without a slash at its end.

    `doors`: where Airflows are reached.
    """

    public_url: str = ""
    version: str = ""
    base_domain: str = ""
    manual_release_names: bool = False
    smtp_configured: bool = False
    takes_dags: bool = True
    doors: Doors = field(default_factory=lambda: Doors(""))


def platform_of(settings: GatewaySettings) -> Platform:
    """Return what the settings of a gateway say."""
    return Platform(
        public_url=settings.public_url.rstrip("/"),
        version=settings.houston_version,
        base_domain=settings.base_domain or base_domain(settings.public_url),
        manual_release_names=settings.manual_release_names,
        smtp_configured=bool(settings.smtp_host),
        takes_dags=settings.driver is not DriverName.KUBERNETES,  # whose DAG files come with images
        doors=settings.doors,
    )


def base_domain(public_url: str) -> str:
    """Return the name below which clients look for this installation: the host of its public address."""
    return urlsplit(public_url).hostname or ""
