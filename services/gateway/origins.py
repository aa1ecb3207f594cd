"""Which web pages may talk to the gateway: its own and the configured ones."""

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

METHODS: Final = "GET, POST, OPTIONS"
ALLOWED_HEADERS: Final = (
    "Content-Type, Authorization, Authentication, Content-Length, X-Requested-With, X-Apollo-Tracing, "
    "Idempotency-Key, Traceparent"
)
MAX_AGE_S: Final = 600

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Origins:
    """The origins that are allowed besides the gateway's own; none by default."""

    def __init__(self, configured: str, public_url: str) -> None:
        listed = (origin.strip().rstrip("/").lower() for origin in configured.split(","))
        self._allowed = frozenset(origin for origin in listed if origin)
        self._own = _origin_of(public_url)

    def allows(self, request: web.Request) -> bool:
        """Say whether the page that sends `request` may; what no browser page sends is never refused."""
        origin = request.headers.get("Origin", "").lower()
        return not origin or origin in self._allowed or self._is_own(origin, request)

    def _is_own(self, origin: str, request: web.Request) -> bool:
        return origin == self._own or urlsplit(origin).netloc == request.host.lower()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer preflights, and let allowed pages read the answers."""
        origin = request.headers.get("Origin", "")
        allowed = bool(origin) and self.allows(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response: web.StreamResponse = web.Response(status=204)
        else:
            response = await handler(request)
        if response.prepared:
            return response  # a socket
        response.headers["Vary"] = "Origin"
        if allowed:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
            response.headers["Access-Control-Max-Age"] = str(MAX_AGE_S)
        return response


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
