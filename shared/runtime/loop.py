"""Runs a process's coroutine until it is told to leave."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


class Process(Protocol):
    """Something that is started, serves until it is told to leave, and then leaves in order."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` on the fastest event loop there is and return when it has ended."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


async def serve(process: Process) -> None:
    """Start `process`, wait for SIGTERM or SIGINT, which may come while it starts, and stop it."""
    told = stop_signal()
    starting = asyncio.ensure_future(process.start())
    leaving = asyncio.ensure_future(told.wait())
    try:
        await asyncio.wait({starting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            _settle()
            await leaving
    finally:
        for task in (starting, leaving):
            task.cancel()
        await asyncio.gather(starting, leaving, return_exceptions=True)
        await process.stop()


def _settle() -> None:
    """Keep the collector from walking what stays for good: modules, models and schemas took it 30 to 100 ms a time."""
    gc.collect()
    gc.freeze()


def stop_signal() -> asyncio.Event:
    """Return an event that is set by SIGTERM and SIGINT."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    return told


def _loop_factory() -> LoopFactory | None:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 (not to be had everywhere)

    return uvloop.new_event_loop
