"""Follows the lines of one deployment for one viewer: from a moment on, then live, as a list each interval."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.deployments.contract import component_named, logs_filter
from services.gateway.logs.cursor import Cursor
from services.gateway.logs.lines import Line, dropped_line, line_of
from services.gateway.logs.permit import Permit
from services.gateway.logs.reader import Read, Reader
from shared.bus.client import Bus
from shared.errors import NotFound, Unavailable

MOST_LINES: Final = 1_000
"""Lines that fill a frame before its time."""

LISTEN_S: Final = 0.5
"""How long news of the viewer may wait until the stream heeds it."""

PAUSE_S: Final = 0.25
FIRST_FRAME_S: Final = 0.1
"""The first frame does not wait for a whole interval."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one viewer asked for; `component` and `search` may be "". Lines after `since`, not at it."""

    deployment_id: str
    release: str
    component: str
    since: datetime
    search: str
    interval_s: float = 1.0

    def shows(self, message: str, timestamp: datetime) -> bool:
        """Say whether a line is asked for; `search` is looked for without case."""
        return timestamp > self.since and self.search.casefold() in message.casefold()


async def follow(
    bus: Bus, wanted: Wanted, allowed: Callable[[], Awaitable[None]], news: Callable[[], int]
) -> AsyncGenerator[list[Line]]:
    """Yield frames of lines, oldest first, until the deployment is gone; nothing where there are no lines.

    `allowed` is called every 5 s, and when `news` has changed, the count of what was heard of the viewer: NotFound ends
    the stream, Forbidden and Unauthenticated are raised, and while it is Unavailable nothing is shown. Nothing is lost
    when NATS or its client restarts; batches that JetStream no longer has are told as a line of their own.
    """
    source = _source(bus, wanted)
    try:
        async with aclosing(_frames(source, wanted, Permit(allowed, news))) as frames:
            async for frame in frames:
                yield frame
    except NotFound:
        return
    finally:
        await source.close()


class _Nothing:
    """The source of a component that does not exist: it has no lines."""

    async def read(self, *, wait_s: float) -> list[Read]:
        await asyncio.sleep(wait_s)
        return []

    async def close(self) -> None:
        return


def _source(bus: Bus, wanted: Wanted) -> "Reader | _Nothing":
    component = component_named(wanted.component)
    if wanted.component and component is None:
        return _Nothing()
    return Reader(bus, logs_filter(wanted.deployment_id, component), Cursor(wanted.since))


async def _frames(source: Reader | _Nothing, wanted: Wanted, permit: Permit) -> AsyncGenerator[list[Line]]:
    interval_s = min(wanted.interval_s, FIRST_FRAME_S)
    while True:
        lines: list[Line] = []
        ends_at = time.monotonic() + interval_s
        while (left_s := ends_at - time.monotonic()) > 0 and len(lines) < MOST_LINES:
            try:
                await permit.renew()
                for read in await source.read(wait_s=min(left_s, LISTEN_S)):
                    lines += _lines(read, wanted)
            except Unavailable:
                await asyncio.sleep(PAUSE_S)
        interval_s = wanted.interval_s
        if lines:
            yield sorted(lines, key=lambda line: line.timestamp)


def _lines(read: Read, wanted: Wanted) -> list[Line]:
    batch = read.batch
    lines = [dropped_line(batch, read.missing, wanted.release)] if read.missing else []
    shown = (record for record in batch.records if wanted.shows(record.message, record.timestamp))
    return lines + [line_of(record, batch, wanted.release) for record in shown]
