"""Server-sent events on one response. Source: the HTML standard, section 9.2."""

import asyncio
from collections.abc import Mapping
from dataclasses import fields
from time import monotonic
from typing import ClassVar, Final

from aiohttp import web

from services.gateway.answers import encode
from services.gateway.logs.cursor import Cursor
from services.gateway.logs.flow import Step
from services.gateway.logs.lines import Line

RETRY_MS: Final = 2_000
"""When a client whose stream broke comes back."""

HEARTBEAT_S: Final = 15.0
"""After so much silence a comment tells that the stream is alive, to proxies too."""

SEND_S: Final = 15.0
"""How long an event may wait for a viewer that does not read; it may come back and go on."""


class Events:
    """What is sent to one viewer, each line with its cursor as id."""

    HEADERS: ClassVar[Mapping[str, str]] = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}

    def __init__(self, request: web.Request, response: web.StreamResponse) -> None:
        self._request = request
        self._response = response
        self._told: Cursor | None = None
        self._sent_at = monotonic()

    @property
    def gone(self) -> bool:
        """Say whether the viewer has left."""
        return self._request.transport is None or self._request.transport.is_closing()

    async def begin(self, cursor: Cursor) -> None:
        """Tell when to come back, and where to go on for one who has seen no line by then."""
        await self._send(f"retry: {RETRY_MS}\n{self._place(cursor)}\n")

    async def show(self, step: Step) -> None:
        """Send lines; in silence a comment now and then, with the cursor behind what was read but not asked for."""
        if step.lines:
            await self._send("".join(f"{self._place(cursor)}data: {_json(line)}\n\n" for line, cursor in step.lines))
        elif monotonic() - self._sent_at >= HEARTBEAT_S:
            await self._send(f": still here\n{self._place(step.cursor)}\n")

    async def end(self, reason: str, message: str) -> None:
        """Send the last event."""
        await self._send(f"event: end\ndata: {encode({'reason': reason, 'message': message})}\n\n")

    def _place(self, cursor: Cursor) -> str:
        if cursor == self._told:
            return ""
        self._told = cursor
        return f"id: {cursor.text()}\n"

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_S):
                await self._response.write(text.encode())
        except TimeoutError:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise ConnectionResetError("the viewer does not read") from None
        self._sent_at = monotonic()


def _camel_case(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(map(str.capitalize, tail))


_NAMES: Final = {field.name: _camel_case(field.name) for field in fields(Line)}


def _json(line: Line) -> str:
    return encode({shown: getattr(line, name) for name, shown in _NAMES.items()})
