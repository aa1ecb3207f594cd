"""The door: lets in by a pass, a visit or a token, sends others to sign in, and keeps our own pages off this origin."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from services.deployments.contract import Landing
from services.gateway.airflow.cookies import set_visit, visit_name
from services.gateway.airflow.refusals import refused
from services.gateway.airflow.upstream import MOST_BODY, Upstream
from services.gateway.airflow.visitors import Credential, Visitor, Visitors, credential_of
from services.gateway.callers import Callers
from services.gateway.credentials import bare_token
from services.gateway.metrics import AIRFLOW_REQUESTS
from services.gateway.origins import read_origin
from services.gateway.peers import Peers
from services.gateway.platform import Platform
from services.gateway.work import Work
from services.identity.contract import BeginVisit
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.clock import utc_now
from shared.errors import AerodromeError, Invalid, Unauthenticated, Unavailable

log = logging.getLogger(__name__)

ENTER: Final = "/aerodrome-enter"
ENTRANCE: Final = "/airflow"
"""Our page at the API's origin that gets a pass for whoever is signed in there."""

MOST_PATH: Final = 2_000
MOST_PASSED_ON: Final = 256
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class AirflowDoor:
    """Answers what comes to the host names of Airflows."""

    platform: Platform
    bus: Bus
    callers: Callers
    peers: Peers
    upstream: Upstream
    visitors: Visitors = field(init=False)
    work: Work = field(default_factory=lambda: Work(most=MOST_PASSED_ON))

    def __post_init__(self) -> None:
        self.visitors = Visitors(self.bus, self.callers)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer what is for an Airflow; of ours, the API answers at its host name too, but no page does."""
        doors = self.platform.doors
        landing = doors.landing(request.host, request.path)
        if landing is not None:
            return await self._serve(request, landing)
        if doors.is_outside(request.host) and _wants_page(request):
            raise web.HTTPFound(f"{self.platform.public_url}{request.rel_url.raw_path_qs}")
        if (release_name := doors.misplaced(request.path)) and not doors.is_outside(request.host):
            return self._elsewhere(request, release_name)
        return await handler(request)

    def _elsewhere(self, request: web.Request, release_name: str) -> web.StreamResponse:
        """Lead a browser on that asks the API's host for an Airflow; tell others where it is."""
        there = self.platform.doors.url_of(release_name)
        if not there:
            return self._refused(request, 404, "The Airflows of this installation have no address")
        if not _wants_page(request):
            return self._refused(request, 404, f"This Airflow is at {there}/")
        rest = request.rel_url.raw_path_qs.removeprefix(f"/{release_name}/airflow")
        raise web.HTTPFound(f"{there}{rest}")

    async def _serve(self, request: web.Request, landing: Landing) -> web.StreamResponse:
        if not request.path.removeprefix(landing.prefix):
            raise web.HTTPFound(f"{self.platform.doors.url_of(landing.release_name)}/")
        with self.work.place(self.peers.origin(request).site) as admitted:
            if not admitted:
                return self._refused(request, 503, "Too many requests are under way")
            if request.path == f"{landing.prefix}{ENTER}":
                return await self._enter(request, landing)
            return await self._let_through(request, landing)

    async def _let_through(self, request: web.Request, landing: Landing) -> web.StreamResponse:
        visit = visit_name(prefix=landing.prefix, secure=self._is_secure(landing))
        credential = credential_of(request.headers, visit=visit)
        try:
            if credential.is_visit and not self._is_own(request, landing):
                return self._refused(request, 403, "This page may not ask that of the Airflow")
            return await self._pass_on(request, landing, credential)
        except web.HTTPRequestEntityTooLarge:
            return self._refused(request, 413, f"A request may have at most {MOST_BODY // 2**20} MiB")
        except Unauthenticated:
            return self._to_entrance(request, landing)
        except AerodromeError as error:
            return self._refused(request, _STATUS.get(error.code, 503), _told(error))

    async def _pass_on(self, request: web.Request, landing: Landing, credential: Credential) -> web.StreamResponse:
        visitor = await self.visitors.find(credential, landing.release_name)
        work = asyncio.create_task(self._forward(request, landing, visitor), name="airflow request")
        changed = asyncio.Event()
        watch = self.callers.watch(visitor.caller.streams, changed.set)
        try:
            while not work.done():
                waiting = asyncio.create_task(changed.wait())
                await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if changed.is_set():
                    changed.clear()
                    await self._require_still(request, landing, credential)
            return work.result()
        except Unavailable:
            self.visitors.forget(credential, landing.release_name)
            raise
        finally:
            self.callers.unwatch(watch)
            work.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await work

    async def _require_still(self, request: web.Request, landing: Landing, credential: Credential) -> None:
        """Cut the connection of who may not go on."""
        try:
            await self.visitors.find(credential, landing.release_name)
        except AerodromeError:
            if request.transport is not None:
                request.transport.abort()
            raise

    async def _forward(self, request: web.Request, landing: Landing, visitor: Visitor) -> web.StreamResponse:
        with AIRFLOW_REQUESTS.track_inprogress():
            return await self.upstream.forward(
                request,
                visitor.door,
                address=self.peers.address(request),
                prefix=landing.prefix,
                outside=self.platform.doors.url_of(landing.release_name),
            )

    async def _enter(self, request: web.Request, landing: Landing) -> web.StreamResponse:
        """Hand a pass in, once, and go on to where it led; no Airflow gets to see one."""
        if request.method != "GET":
            answer = self._refused(request, 405, "This address can only be opened")
            answer.headers["Allow"] = "GET"
            return answer
        token = bare_token(request.query.get("pass", ""))
        outside = self.platform.doors.url_of(landing.release_name)
        try:
            visit = (await self.bus.ask(BeginVisit(pass_token=token), Context.first())).value
        except (Unauthenticated, Invalid):
            return self._to_entrance(request, landing, rest=_path_in(request))
        except AerodromeError as error:
            return self._refused(request, _STATUS.get(error.code, 503), _told(error))
        cookie = set_visit(
            visit.token,
            prefix=landing.prefix,
            max_age_s=max(0, int((visit.expires_at - utc_now()).total_seconds())),
            secure=self._is_secure(landing),
        )
        return web.Response(
            status=303,
            headers={
                "Location": f"{outside}{_path_in(request)}",
                "Set-Cookie": cookie,
                "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
            },
        )

    def _refused(self, request: web.Request, status: int, why: str) -> web.Response:
        return refused(request, status, why, styles_from=self.platform.public_url)

    def _to_entrance(self, request: web.Request, landing: Landing, *, rest: str | None = None) -> web.StreamResponse:
        if request.method != "GET" or not _wants_page(request):
            return self._refused(request, 401, "No valid credential was sent")
        path = request.rel_url.raw_path_qs.removeprefix(landing.prefix) if rest is None else rest
        asked = urlencode({"release": landing.release_name, "path": path[:MOST_PATH]})
        raise web.HTTPFound(f"{self.platform.public_url}{ENTRANCE}?{asked}", headers={"Cache-Control": "no-store"})

    def _is_secure(self, landing: Landing) -> bool:
        return self.platform.doors.url_of(landing.release_name).startswith("https:")

    def _is_own(self, request: web.Request, landing: Landing) -> bool:
        """Say whether what a browser sends with its cookie comes from this Airflow's own pages, or changes nothing."""
        sent = request.headers.get("Origin")
        if sent is None:
            return request.method in _READS or request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        parts = urlsplit(self.platform.doors.url_of(landing.release_name))
        return read_origin(sent) == read_origin(f"{parts.scheme}://{parts.netloc}")


_STATUS: Final = {"not_found": 404, "forbidden": 403, "invalid": 400}


def _told(error: AerodromeError) -> str:
    """Return what a visitor reads; what is not theirs to know is not told."""
    match error.code:
        case "not_found":
            return "There is no such deployment"
        case "forbidden":
            return "You may not see the Airflow of this deployment"
        case "rejected":
            return f"{error.text[:1].upper()}{error.text[1:]}"
        case _:
            return "The Airflow does not answer now; it may be starting"


def _wants_page(request: web.Request) -> bool:
    return request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("Accept", "")


def _path_in(request: web.Request) -> str:
    """Return where in the Airflow a pass leads: a path of its own, never another host."""
    path = request.query.get("path", "/")
    return path if path.startswith("/") and path.isprintable() and path.isascii() else "/"
