"""Passes requests on to an Airflow and its answers back, without what is not the other side's to know."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from services.deployments.contract import DoorRow
from services.gateway.airflow.cookies import passed_on, set_by_airflow
from shared.errors import Unavailable

CONNECT_S: Final = 5.0
SILENCE_S: Final = 300.0
"""How long an Airflow may say nothing: it streams the log of a running task."""

MOST_BODY: Final = 64 * 2**20
MOST_CONNECTIONS: Final = 256
_PIECE: Final = 64 * 1024

Headers: TypeAlias = CIMultiDict[str] | CIMultiDictProxy[str]

_HOP_BY_HOP: Final = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
_OURS: Final = frozenset({"authorization", "authentication", "cookie", "expect", "forwarded"})
_NOT_BACK: Final = frozenset(
    {"set-cookie", "location", "server", "date"}
    | {"service-worker-allowed", "clear-site-data", "strict-transport-security", "set-login"}
    | {"alt-svc", "nel", "report-to", "accept-ch"}  # where requests go, and who is told of their addresses
)
"""A page of one Airflow must not rule over what else is at its origin."""

_NOT_INVENTED: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""What our HTTP client would say for itself: an answer packed for us may be none that the asker can unpack."""

_LAST_ANSWERS: Final = range(200, 600)
"""After any other status a client waits for one more, and takes that of its next request."""


class Upstream:
    """The connections to all Airflows; `hidden` is the name of the API's own cookie."""

    def __init__(self, *, hidden: str) -> None:
        self._hidden = hidden
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Be ready."""
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, ttl_dns_cache=5),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENCE_S),
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()

    async def forward(
        self, request: web.Request, door: DoorRow, *, address: str, prefix: str, outside: str
    ) -> web.StreamResponse:
        """Return the answer of an Airflow, already sent; `outside` is where people reach it, `prefix` its path.

        Raises Unavailable where it does not answer, as long as nothing was sent, and HTTPRequestEntityTooLarge.
        """
        headers = self._onward(request, door, address=address, scheme=urlsplit(outside).scheme)
        answer = await self._answer(request, door, headers)
        async with answer:
            if answer.status not in _LAST_ANSWERS:
                answer.close()
                raise Unavailable(f"the airflow answers {answer.status}")
            response = web.StreamResponse(
                status=answer.status,
                reason=answer.reason,
                headers=self._back(answer.headers, door, prefix=prefix, outside=outside),
            )
            try:
                await response.prepare(request)
                async for piece in answer.content.iter_any():
                    await response.write(piece)
                await response.write_eof()
            except (aiohttp.ClientError, OSError, TimeoutError):
                _cut(request)  # one of the two is gone: what was sent must not look whole
            return response

    async def _answer(self, request: web.Request, door: DoorRow, headers: CIMultiDict[str]) -> aiohttp.ClientResponse:
        if (size := request.content_length or 0) > MOST_BODY:
            raise web.HTTPRequestEntityTooLarge(MOST_BODY, size)
        url = URL(f"{door.endpoint}{request.rel_url.raw_path_qs}", encoded=True)
        body = _Body(request)
        try:
            return await self._opened().request(
                request.method,
                url,
                headers=headers,
                data=body.pieces() if request.can_read_body else None,
                allow_redirects=False,
                skip_auto_headers=_NOT_INVENTED,
            )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if body.too_large:
                raise web.HTTPRequestEntityTooLarge(MOST_BODY, MOST_BODY + 1) from error
            raise Unavailable(f"the airflow does not answer: {type(error).__name__}") from error

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise Unavailable("the door is not open yet")
        return self._session

    def _onward(self, request: web.Request, door: DoorRow, *, address: str, scheme: str) -> CIMultiDict[str]:
        headers = _without(request.headers, _OURS)
        for name in [name for name in headers if name.lower().startswith("x-forwarded-")]:
            headers.popall(name, None)
        cookies = passed_on(request.headers.get("Cookie", ""), hidden=self._hidden)
        if cookies:
            headers["Cookie"] = cookies
        headers["Authorization"] = f"Bearer {door.token}"
        headers["X-Forwarded-For"] = address
        headers["X-Forwarded-Proto"] = scheme
        headers["X-Forwarded-Host"] = request.host
        return headers

    def _back(self, came: Headers, door: DoorRow, *, prefix: str, outside: str) -> CIMultiDict[str]:
        headers = _without(came, _NOT_BACK)
        for cookie in came.getall("Set-Cookie", []):
            if kept := set_by_airflow(cookie, prefix=prefix, hidden=self._hidden):
                headers.add("Set-Cookie", kept)
        for location in came.getall("Location", [])[:1]:
            inside = f"{door.endpoint}/"
            shown = f"{_origin(outside)}/{location.removeprefix(inside)}" if location.startswith(inside) else location
            headers["Location"] = shown
        return headers


def _without(headers: Headers, names: frozenset[str]) -> CIMultiDict[str]:
    """Return headers without these, and without those that concern one connection alone."""
    found: CIMultiDict[str] = CIMultiDict(headers)
    told = {name.strip().lower() for line in found.getall("Connection", []) for name in line.split(",")}
    for name in {name.lower() for name in found} & (names | _HOP_BY_HOP | told):
        found.popall(name)
    return found


@dataclass(slots=True)
class _Body:
    """The body of a request on its way; what goes wrong in it is told to nobody but `too_large`."""

    request: web.Request
    too_large: bool = False

    async def pieces(self) -> AsyncGenerator[bytes]:
        size = 0
        async for piece in self.request.content.iter_chunked(_PIECE):
            size += len(piece)
            if size > MOST_BODY:
                self.too_large = True
                raise web.HTTPRequestEntityTooLarge(MOST_BODY, size)
            yield piece


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
