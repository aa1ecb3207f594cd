"""Follows the lines of one deployment in the order of their stream, each with a cursor to go on from."""

import time
from asyncio import sleep
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.deployments.contract import component_named, logs_filter
from services.gateway.logs.cursor import Cursor
from services.gateway.logs.lines import Line, dropped_line, line_of
from services.gateway.logs.permit import Permit
from services.gateway.logs.reader import Read, Reader
from services.gateway.logs.tail import Wanted
from shared.bus.client import Bus
from shared.errors import Unavailable

LISTEN_S: Final = 0.5
"""How long the source is listened to before the viewer and its news are looked after."""

PAUSE_S: Final = 0.25

GIVE_UP_S: Final = 10.0
"""How long one who wants no more than what is there waits for NATS."""


@dataclass(frozen=True, slots=True)
class Step:
    """Lines of one batch, each with the cursor behind it; `cursor` is behind all that was read so far."""

    lines: Sequence[tuple[Line, Cursor]]
    cursor: Cursor


async def flow(bus: Bus, wanted: Wanted, start: Cursor, permit: Permit, *, live: bool) -> AsyncGenerator[Step]:
    """Yield what comes behind `start`, an empty step each 0.5 s where nothing does; without `live` what is there.

    What is at hand but not yet shown waits in JetStream, so a slow viewer takes no more memory than a quick one.
    Raises what `permit` raises, but shows nothing while that is Unavailable; without `live` Unavailable after 10 s
    without NATS.
    """
    source = Reader(bus, logs_filter(wanted.deployment_id, component_named(wanted.component)), start)
    cursor, heard_at = start, time.monotonic()
    try:
        while True:
            reads = await _read(source)
            for read in reads:
                await _allowed(permit)
                step = _step(read, wanted, start)
                cursor = step.cursor
                yield step
            if not live and source.caught_up:
                return
            if reads:
                heard_at = time.monotonic()
            elif not live and time.monotonic() - heard_at > GIVE_UP_S:
                raise Unavailable("the logs can't be read")
            await _allowed(permit)
            yield Step((), cursor)
    finally:
        await source.close()


async def _read(source: Reader) -> Sequence[Read]:
    try:
        return await source.read(wait_s=LISTEN_S)
    except Unavailable:
        await sleep(PAUSE_S)
        return ()


async def _allowed(permit: Permit) -> None:
    while True:
        try:
            return await permit.renew()
        except Unavailable:
            await sleep(PAUSE_S)


def _step(read: Read, wanted: Wanted, start: Cursor) -> Step:
    batch = read.batch
    before = replace(start, stream=read.stream, sequence=read.sequence, seen=0)
    seen = start.seen if (read.stream, read.sequence) == (start.stream, start.sequence) else 0
    lines: list[tuple[Line, Cursor]] = []
    if read.missing or read.torn:
        lines.append((dropped_line(batch, read.missing, wanted.release), before))
    for place, record in enumerate(batch.records[seen:], start=seen + 1):
        if wanted.shows(record.message, record.timestamp):
            lines.append((line_of(record, batch, wanted.release), replace(before, seen=place)))
    return Step(lines, replace(before, seen=max(seen, len(batch.records))))
