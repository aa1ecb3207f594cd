"""Follows the lines of one deployment for a subscription: those of the past first, then live together with others."""

import time
from asyncio import sleep
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from services.gateway.events import SharedEvents
from services.gateway.logs.cursor import Cursor
from services.gateway.logs.groups import FULL_BYTES, FULL_LINES, Burst, Viewer, burst_of
from services.gateway.logs.permit import Permit
from services.gateway.logs.reader import Read, Reader, reading
from services.gateway.logs.tail import LISTEN_S, PAUSE_S, Tail, Tails
from services.gateway.logs.wanted import Wanted
from services.gateway.metrics import LOG_VIEWERS
from shared.bus.client import Bus
from shared.errors import NotFound, Unavailable

GATHER_S: Final = 0.1
"""How long lines of the past are gathered for one frame."""


async def follow(bus: Bus, tails: Tails, wanted: Wanted, permit: Permit) -> AsyncGenerator[SharedEvents]:
    """Yield events of lines, oldest first, until the deployment is gone; nothing where there are no lines.

    NotFound ends the stream, what else the permit is refused with is raised, and while nobody can say whether lines may
    be shown none is. Nothing is lost or repeated when NATS or its client restarts; batches that JetStream no longer
    has, and lines that a viewer was too slow for, are told as a line of their own.
    """
    try:
        with LOG_VIEWERS.track_inprogress():
            async with (
                tails.tail(bus, wanted.deployment_id) as tail,
                aclosing(_bursts(bus, tail, wanted, permit)) as bursts,
            ):
                async for burst in bursts:
                    events = SharedEvents(burst.events, permit)
                    while events.left:
                        await permit.opened()
                        yield events
    except NotFound:
        return


async def _bursts(bus: Bus, tail: Tail, wanted: Wanted, permit: Permit) -> AsyncGenerator[Burst]:
    viewer = Viewer(wanted, permit)
    if tail.reaches(wanted.since) or not wanted.exists:
        with viewer.joined(tail):
            async with aclosing(viewer.bursts()) as bursts:
                async for burst in bursts:
                    yield burst
        return
    async with reading(bus, wanted, Cursor(wanted.since)) as reader:
        async with aclosing(_past(reader, tail, wanted, permit)) as bursts:
            async for burst in bursts:
                yield burst
        # Nothing may be waited for in between: the tail keeps what comes behind the reader but for a while.
        with viewer.joined(tail, reader):
            await reader.close()
            async with aclosing(viewer.bursts()) as bursts:
                async for burst in bursts:
                    yield burst


async def _past(reader: Reader, tail: Tail, wanted: Wanted, permit: Permit) -> AsyncGenerator[Burst]:
    """Yield what comes before the part that the tail keeps; a slow viewer's waits in JetStream."""
    while not tail.continues(reader):
        reads: list[Read] = []
        ends_at = time.monotonic() + GATHER_S
        while not _full(reads) and not tail.continues(reader) and (left_s := ends_at - time.monotonic()) > 0:
            try:
                reads += await reader.read(wait_s=min(left_s, LISTEN_S))
            except Unavailable:
                await sleep(PAUSE_S)
        await permit.opened()
        burst = burst_of(reads, wanted)
        if burst is not None:
            yield burst


def _full(reads: Sequence[Read]) -> bool:
    return (
        sum(len(read.batch.records) for read in reads) >= FULL_LINES or sum(read.size for read in reads) >= FULL_BYTES
    )
