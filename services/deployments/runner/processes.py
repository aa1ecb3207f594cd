"""Programs under the shim: how they are started, and steps that run to their end."""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.deployments.drivers.protocol import StepFailed
from shared.servers.accounts import Account

MARK: Final = "AERODROME_AIRFLOW"
"""The variable that marks every process of an Airflow: `<folder of the runner>:<deployment id>`."""

KILL_NOW: Final = signal.SIGUSR1
"""Has the shim kill its whole tree at once, as the end of who started it does."""

_SHIM: Final = Path(__file__).with_name("shim.py")
_LINE_BYTES: Final = 64 * 1024
_READ_BYTES: Final = 256 * 1024
_LAST_LINES: Final = 20
_LINE_TOLD: Final = 500
_END_S: Final = 15.0  # the shim gives up after 10 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program with its whole environment, under an account or our own.

    `secrets` are blotted out of what is told of its output.
    """

    program: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    secrets: Collection[str] = field(default=(), repr=False)
    account: Account | None = None


async def start_shimmed(command: Command, *, grace_s: float) -> asyncio.subprocess.Process:
    """Start a program under the shim, its output in one pipe; SIGTERM to the process ends the whole tree.

    To be called in the main thread: the tree ends with the thread that started it. Raises StepFailed if it can't start.
    """
    account = f"{command.account.uid}:{command.account.gid}" if command.account else ""
    shim = [sys.executable, "-I", "-S", str(_SHIM), str(os.getpid()), str(grace_s), str(command.folder), account, "--"]
    try:
        process = await asyncio.create_subprocess_exec(
            *shim,
            *command.program,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={name: value for name, value in command.environment.items() if name == MARK},
            start_new_session=True,
            limit=_LINE_BYTES,
        )
    except OSError as error:
        raise StepFailed(command.program[0], f"can't be started: {error.strerror}", ()) from error
    assert process.stdin is not None
    process.stdin.write(told_environment(command.environment))
    process.stdin.close()
    return process


def told_environment(environment: Mapping[str, str]) -> bytes:
    """Return an environment as the shim reads it."""
    return b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in environment.items()) + b"\0"


async def run_step(step: str, command: Command, *, timeout_s: float) -> str:
    """Run a program to its end and return the last lines that it wrote; raises StepFailed unless it exits with 0."""
    process = await start_shimmed(command, grace_s=0)
    last: deque[str] = deque(maxlen=_LAST_LINES)
    try:
        async with asyncio.timeout(timeout_s):
            async for line in lines_of(process):
                last.append(_told(line, command.secrets))
            status = await process.wait()
    except TimeoutError:
        raise StepFailed(step, f"took more than {timeout_s:g} s", list(last)) from None
    finally:
        await end(process)
    if status != 0:
        raise StepFailed(step, f"ended with {status}", list(last))
    return "\n".join(last)


async def end(process: asyncio.subprocess.Process, *, within_s: float = _END_S) -> None:
    """Have the shim end its tree; kill the shim itself when that takes longer than `within_s`."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def lines_of(process: asyncio.subprocess.Process) -> AsyncGenerator[bytes, None]:
    """Yield what it writes by lines, without their ends, until all of its tree have closed the pipe.

    Shape: at most 64 KiB each; a longer line comes in pieces.
    """
    assert process.stdout is not None
    while True:
        try:
            line = await process.stdout.readuntil()
        except asyncio.IncompleteReadError as error:
            if error.partial:
                yield error.partial
            return
        except asyncio.LimitOverrunError as error:
            line = await process.stdout.readexactly(max(error.consumed, 1))
        yield line.removesuffix(b"\n")


async def output_of(process: asyncio.subprocess.Process) -> AsyncGenerator[bytes, None]:
    """Yield what it writes as it comes, until all of its tree have closed the pipe; a last line gets its end."""
    assert process.stdout is not None
    ended = True
    while written := await process.stdout.read(_READ_BYTES):
        ended = written.endswith(b"\n")
        yield written
    if not ended:
        yield b"\n"


def _told(line: bytes, secrets: Collection[str]) -> str:
    text = line.decode(errors="replace")
    for secret in secrets:
        text = text.replace(secret, "***")
    return text[:_LINE_TOLD]
