"""Where a request comes from: the peer's address, or what a trusted proxy tells of it."""

import logging
import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from aiohttp import web

from shared.auth import Origin

log: Final = logging.getLogger(__name__)

Network: TypeAlias = IPv4Network | IPv6Network

MOST_AGENT: Final = 255
"""Characters of a User-Agent that are kept."""

MOST_TOLD: Final = 100
"""Networks of which a log line is written, so that nobody outside can fill the log."""

_FORWARDED: Final = ("X-Forwarded-For", "Forwarded")
_WITH_PORT: Final = re.compile(r"(?:\[([^\[\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?", re.ASCII)
_SITES: Final = {4: 24, 6: 64}
"""Bits of the network that an address is told of by; whole addresses of clients are kept out of logs."""


class Peers:
    """Tells the origin of requests; X-Forwarded-For counts only where a trusted proxy wrote it."""

    def __init__(self, trusted_proxies: str) -> None:
        self._trusted = read_networks(trusted_proxies)
        self._told = Told()

    def origin(self, request: web.Request) -> Origin:
        """Return where a request came from."""
        agent = request.headers.get("User-Agent", "")[:MOST_AGENT]
        return Origin(address=self.address(request), agent=agent if agent.isprintable() else "")

    def address(self, request: web.Request) -> str:
        """Return the client's address: the last one on the way to us that is no trusted proxy's; "" if unknown."""
        address = read_address(request.remote or "")
        if not self._is_trusted(address):
            self._mention_proxy(request, address)
            return address
        way = [part.strip() for line in request.headers.getall("X-Forwarded-For", []) for part in line.split(",")]
        while any(way) and self._is_trusted(address):
            address = read_address(way.pop() or address)  # an empty part tells nothing
        return address

    def _is_trusted(self, address: str) -> bool:
        return bool(address) and any(ip_address(address) in network for network in self._trusted)

    def _mention_proxy(self, request: web.Request, address: str) -> None:
        if any(name in request.headers for name in _FORWARDED) and (network := self._told.first(address)):
            log.warning(
                "requests are forwarded by a peer that is not trusted, so all clients behind it count as one source; "
                "if it is your proxy, put it into AERODROME_TRUSTED_PROXIES and have it send X-Forwarded-For",
                extra={"network": network},
            )


class Told:
    """Remembers of which networks something was told: once of each, and of not too many."""

    def __init__(self) -> None:
        self._networks: set[str] = set()

    def first(self, address: str) -> str:
        """Return the network of an address if it is to be told of now, else ""."""
        network = network_of(address)
        if network in self._networks or len(self._networks) >= MOST_TOLD:
            return ""
        self._networks.add(network)
        return network


def read_networks(text: str) -> Sequence[Network]:
    """Return the networks of a setting, separated by commas; raise ValueError where one is none."""
    return [ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()]


def read_address(text: str) -> str:
    """Return the address in what a proxy wrote, as it is usually written, without port and zone; "" for none."""
    written = text.strip().strip('"')
    match = _WITH_PORT.fullmatch(written)
    bare = (match[1] or match[2] or "") if match else written
    try:
        read = ip_address(bare.partition("%")[0])
    except ValueError:
        return ""
    mapped = read.ipv4_mapped if isinstance(read, IPv6Address) else None
    return str(mapped or read)


def network_of(address: str) -> str:
    """Return the network around an address, "unknown" for none."""
    read = ip_address(address) if address else None
    return str(ip_network((address, _SITES[read.version]), strict=False)) if read else "unknown"
