"""Where sockets come in: /ws, and the upgrade on /v1."""

import asyncio
from typing import Final

from aiohttp import web

from services.gateway.execution import Engine
from services.gateway.origins import Origins
from services.gateway.requests import MOST_BODY
from services.gateway.sockets.dialects import DIALECTS, Close
from services.gateway.sockets.session import Session
from shared.bus.client import Bus

MOST_SOCKETS: Final = 2_000
HEARTBEAT_S: Final = 30.0
"""A client that answers no ping within half of this is taken for gone."""

CLOSE_S: Final = 2.0
"""How long a closing socket waits for the client's own close."""


class SocketDoor:
    """The sockets of this process."""

    def __init__(self, engine: Engine, bus: Bus, origins: Origins) -> None:
        self._engine = engine
        self._bus = bus
        self._origins = origins
        self._sessions: set[Session] = set()

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket from its handshake to its end."""
        if not wants_socket(request):
            raise web.HTTPBadRequest(text="A WebSocket is expected here")
        if not self._origins.allows(request):
            raise web.HTTPForbidden(text="This origin is not allowed")
        if len(self._sessions) >= MOST_SOCKETS:
            raise web.HTTPServiceUnavailable(text="Too many sockets are open", headers={"Retry-After": "5"})
        socket = web.WebSocketResponse(
            protocols=tuple(DIALECTS), heartbeat=HEARTBEAT_S, max_msg_size=MOST_BODY, compress=False, timeout=CLOSE_S
        )
        await socket.prepare(request)
        dialect = DIALECTS.get(socket.ws_protocol or "")
        if dialect is None:
            await socket.close(code=Close.NO_SUBPROTOCOL, message=b"Subprotocol not acceptable")
            return socket
        session = Session(socket, dialect, self._engine, self._bus, abort=lambda: _abort(request))
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)
        return socket

    async def leave(self) -> None:
        """End every socket because the process ends."""
        await asyncio.gather(*(session.leave() for session in self._sessions))


def wants_socket(request: web.Request) -> bool:
    """Say whether a request asks to become a WebSocket."""
    return request.headers.get("Upgrade", "").lower().strip() == "websocket"


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
