"""The browser IDE, GraphiQL, from files of our own: it needs no internet."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from aiohttp import web

STATIC: Final = Path(str(files("services.gateway") / "static"))
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # GraphiQL's editor writes style attributes
        "img-src 'self' data:",
        "font-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


async def page(_: web.Request) -> web.Response:
    """Return the page of the IDE."""
    text = (STATIC / "playground.html").read_text(encoding="utf-8")
    return web.Response(text=text, content_type="text/html", headers=HEADERS)


def wants_page(request: web.Request) -> bool:
    """Say whether a GET of /v1 comes from a person's browser rather than from a client."""
    return "query" not in request.query and "text/html" in request.headers.get("Accept", "")
