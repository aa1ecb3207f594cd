"""Where sockets come in: /ws, and the upgrade on /v1."""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from aiohttp import web

from services.gateway.callers import Callers
from services.gateway.context import Asking
from services.gateway.execution import Engine
from services.gateway.origins import Origins
from services.gateway.peers import Peers
from services.gateway.requests import MOST_BODY
from services.gateway.sockets.dialects import DIALECTS, Close
from services.gateway.sockets.seats import MOST_SOCKETS, Seats
from services.gateway.sockets.session import Session
from shared.bus.client import Bus

MOST_NEWCOMERS: Final = 200
MOST_NEWCOMERS_OF_PEER: Final = 50
"""Sockets whose clients have not told who they are: in all, and of one address."""

HEARTBEAT_S: Final = 30.0
"""A client that answers no ping within half of this is taken for gone."""

LATER: Final = {"Retry-After": "5"}
CLOSE_S: Final = 2.0
"""How long a closing socket waits for the client's own close."""


@dataclass(eq=False, slots=True)
class _Place:
    """What a socket takes from its handshake to its end."""

    peer: str
    session: Session | None = None

    @property
    def is_newcomers(self) -> bool:
        """Say whether nobody is known to sit here."""
        return self.session is None or not self.session.begun


class SocketDoor:
    """The sockets of this process; `asking` is what all requests have in common."""

    def __init__(
        self,
        engine: Engine,
        bus: Bus,
        callers: Callers,
        origins: Origins,
        peers: Peers,
        asking: Asking,
    ) -> None:
        self._engine = engine
        self._bus = bus
        self._callers = callers
        self._origins = origins
        self._peers = peers
        self._asking = asking
        self._seats = Seats()
        self._places: set[_Place] = set()

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket from its handshake to its end."""
        if not wants_socket(request):
            raise web.HTTPBadRequest(text="A WebSocket is expected here")
        if not self._origins.allows(request):
            raise web.HTTPForbidden(text="This origin is not allowed")
        place = self._admit(self._peers.address(request))
        self._places.add(place)
        try:
            return await self._serve(request, place)
        finally:
            self._places.discard(place)

    def _admit(self, peer: str) -> _Place:
        newcomers = [place.peer for place in self._places if place.is_newcomers]
        if len(self._places) >= MOST_SOCKETS or len(newcomers) >= MOST_NEWCOMERS:
            raise web.HTTPServiceUnavailable(text="Too many sockets are open", headers=LATER)
        if newcomers.count(peer) >= MOST_NEWCOMERS_OF_PEER:
            raise web.HTTPTooManyRequests(text="Too many sockets of this address wait to begin", headers=LATER)
        return _Place(peer)

    async def _serve(self, request: web.Request, place: _Place) -> web.StreamResponse:
        socket = web.WebSocketResponse(
            protocols=tuple(DIALECTS), heartbeat=HEARTBEAT_S, max_msg_size=MOST_BODY, compress=False, timeout=CLOSE_S
        )
        await socket.prepare(request)
        dialect = DIALECTS.get(socket.ws_protocol or "")
        if dialect is None:
            await socket.close(code=Close.NO_SUBPROTOCOL, message=b"Subprotocol not acceptable")
            return socket
        asking = replace(self._asking, origin=self._peers.origin(request))
        place.session = Session(
            socket,
            dialect,
            self._engine,
            self._bus,
            self._callers,
            asking=asking,
            seats=self._seats,
            abort=lambda: _abort(request),
        )
        await place.session.run()
        return socket

    async def leave(self) -> None:
        """End every socket because the process ends."""
        await asyncio.gather(*(place.session.leave() for place in self._places if place.session))


def wants_socket(request: web.Request) -> bool:
    """Say whether a request asks to become a WebSocket."""
    return request.headers.get("Upgrade", "").lower().strip() == "websocket"


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
