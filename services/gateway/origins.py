"""Which web pages may talk to the gateway: its own and the configured ones."""

import re
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from aiohttp import web

from services.deployments.contract import Doors

METHODS: Final = "GET, POST, OPTIONS"
ALLOWED_HEADERS: Final = (
    "Content-Type, Authorization, Authentication, Content-Length, X-Requested-With, X-Apollo-Tracing, "
    "Idempotency-Key, Last-Event-ID, Traceparent"
)
MAX_AGE_S: Final = 600

OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost"})
"""Hosts that are this machine whoever asks; any other name in Host may be invented."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_ORIGIN: Final = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?", re.ASCII)
_PORTS: Final = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """What browsers compare pages by."""

    scheme: str
    host: str
    port: int


class Origins:
    """The origins that are allowed besides the gateway's own, none by default; never one of the Airflows."""

    def __init__(self, configured: str, doors: Doors) -> None:
        urls = [doors.public_url, *configured.split(",")]
        origins = [origin for url in urls if (origin := _origin_in(url)) is not None]
        self._allowed = frozenset(origin for origin in origins if not doors.is_outside(origin.host))
        self._doors = doors

    def allows(self, request: web.Request) -> bool:
        """Say whether the page that sends `request` may; what no browser page sends is never refused."""
        return "Origin" not in request.headers or self.is_ours(request)

    def is_ours(self, request: web.Request) -> bool:
        """Say whether `request` comes from a page of the gateway's or a configured one."""
        sent = request.headers.getall("Origin", [])
        origin = read_origin(sent[0]) if len(sent) == 1 else None
        if origin is None or self._doors.is_outside(origin.host):
            return False
        return origin in self._allowed or origin == _own_origin(request)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer preflights, and let allowed pages read the answers."""
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response: web.StreamResponse = web.Response(status=204)
        else:
            response = await handler(request)
        if not response.prepared:  # else a socket, or a stream that is marked
            self.mark(request, response)
        return response

    def mark(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the page that sent a request read the answer to it, if it may; before any of that is sent."""
        response.headers["Vary"] = "Origin"
        if self.is_ours(request):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
            response.headers["Access-Control-Max-Age"] = str(MAX_AGE_S)


def read_origin(text: str) -> Origin | None:
    """Return an origin as browsers send it; None for anything else, be it "null" or malformed."""
    match = _ORIGIN.fullmatch(text.lower())
    if match is None:
        return None
    scheme, host, port = match.groups()
    return Origin(scheme, host, int(port) if port else _PORTS[scheme])


def _own_origin(request: web.Request) -> Origin | None:
    """Return the origin that the request was sent to, where its Host is sure to be this gateway."""
    told = read_origin(f"{request.scheme}://{request.host}")
    address = request.transport.get_extra_info("sockname") if request.transport else None
    return told if told and address and told.host in OWN_NAMES and told.port == address[1] else None


def _origin_in(url: str) -> Origin | None:
    parts = urlsplit(url.strip())
    return read_origin(f"{parts.scheme}://{parts.netloc}")
