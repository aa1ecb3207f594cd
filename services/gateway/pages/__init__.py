"""Web pages, from files of our own: the browser IDE, and those behind mailed links; they need no internet."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_GATEWAY: Final = Path(str(files("services.gateway")))
_FILES: Final = Environment(
    loader=FileSystemLoader(_GATEWAY / "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_GRAPHIQL: Final = {
    "style-src": "'self' 'unsafe-inline'",  # its editor writes style attributes
    "img-src": "'self' data:",
    "font-src": "data:",
}

_PATHS: Final[Mapping[str, str]] = {
    "/": "index.html",
    "/signup": "signup.html",
    "/verify": "verify.html",
    "/reset-password": "reset-password.html",
    "/airflow": "airflow.html",
}
"""The paths of mailed links and of the way to Airflows, and what is shown there."""


def add_pages(application: web.Application) -> None:
    """Serve the pages and what they are made of."""
    for path, file in _PATHS.items():
        application.router.add_get(path, _Page(file).get)
    application.router.add_static("/pages", _GATEWAY / "static" / "pages")
    application.router.add_get("/playground", playground.get)
    application.router.add_static("/playground/static", _GATEWAY / "static" / "playground")


def wants_page(request: web.Request) -> bool:
    """Say whether a GET of /v1 comes from a person's browser rather than from a client."""
    return "query" not in request.query and "text/html" in request.headers.get("Accept", "")


def render(
    file: str, *, status: int, headers: Mapping[str, str], styles_from: str, **values: str | bool
) -> web.Response:
    """Return a page that is made for one request, without scripts; its styles come from another origin of ours."""
    policy = f"default-src 'none'; style-src {styles_from}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    text = _FILES.get_template(file).render(styles_from=styles_from, **values)
    sent = {**_HEADERS, "Content-Security-Policy": policy, **headers}
    return web.Response(text=text, status=status, content_type="text/html", headers=sent)


class _Page:
    """Answers with one page; `policy` is what it may do beyond what all may."""

    def __init__(self, file: str, policy: Mapping[str, str] | None = None) -> None:
        self._text = _FILES.get_template(file).render()
        allowed = "; ".join(f"{name} {value}" for name, value in (_POLICY | dict(policy or {})).items())
        self._headers = {**_HEADERS, "Content-Security-Policy": allowed}

    async def get(self, _: web.Request) -> web.Response:
        """Return the page."""
        return web.Response(text=self._text, content_type="text/html", headers=self._headers)


playground: Final = _Page("playground.html", _GRAPHIQL)
"""The browser IDE, GraphiQL."""
