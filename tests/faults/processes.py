"""Finds and kills the processes of one running product, each by its id and never another's."""

import asyncio
import signal

import psutil

from tests.acceptance.stack import Stack


def process_of(stack: Stack, *words: str) -> psutil.Process:
    """Return the process below `aerodrome up` whose command line holds all of `words`; the deepest such."""
    found = [
        child
        for child in psutil.Process(stack.process.pid).children(recursive=True)
        if all(any(word in part for part in child.cmdline()) for word in words)
    ]
    assert found, f"no process with {words}"
    return found[-1]


def kill(process: psutil.Process) -> None:
    """Send SIGKILL: the process can save nothing."""
    process.send_signal(signal.SIGKILL)


async def until_replaced(stack: Stack, old: psutil.Process, *words: str, timeout_s: float = 15) -> psutil.Process:
    """Return the process that the supervisor started in the place of `old`."""
    async with asyncio.timeout(timeout_s):
        while True:
            try:
                now = process_of(stack, *words)
            except (AssertionError, psutil.NoSuchProcess):
                now = old
            if now.pid != old.pid:
                return now
            await asyncio.sleep(0.02)
