"""Wakes the followers of a service in all replicas when one of them has committed."""

import asyncio
import logging
from collections.abc import Callable

from nats.aio.msg import Msg

from shared.followers.failures import describe, passes
from shared.followers.wire import Wire

log = logging.getLogger(__name__)


class Nudge:
    """Tells the other replicas, and hears from them, on `nudge.<service>`; what is lost is made up for by polling."""

    def __init__(self, service: str, wire: Wire, wake: Callable[[int], None]) -> None:
        self._subject = f"nudge.{service}"
        self._wire = wire
        self._wake = wake
        self._told = 0
        self._newest = 0
        self._sending: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen."""
        await self._wire.subscribe(self._subject, self._receive)

    def tell(self, position: int) -> None:
        """Tell the others that there are events up to `position`; several calls may become one message."""
        self._newest = max(self._newest, position)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def stop(self) -> None:
        """Let the last message go."""
        if self._sending is not None:
            await asyncio.wait([self._sending], timeout=1)  # s

    async def _send(self) -> None:
        while self._told < self._newest:
            self._told = self._newest
            try:
                await self._wire.publish(self._subject, str(self._told).encode())
            except Exception as error:
                if not passes(error):
                    raise
                log.debug("nudge not sent", extra={"error": describe(error)})

    async def _receive(self, message: Msg) -> None:
        if message.data.isdigit():
            self._wake(int(message.data))
