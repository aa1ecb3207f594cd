"""The files in which an Airflow keeps what its tasks say, followed where its components don't repeat it.

They are found by asking folders for their times: twice a second where something happened lately, in turns elsewhere.
A file is open only while it is read. Whoever writes a DAG may put there what they like: no link is followed, and
nothing but plain files of the Airflow's own account is read.
"""

import asyncio
import os
import re
import stat
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.deployments.logs.parsing import TaskIds, task_ids
from shared.runtime.background import end_tasks

OnTask = Callable[[TaskIds], Callable[[bytes], None]]
"""Gives what takes the log of a task as it comes."""

LOOK_S: Final = 0.5
WARM_S: Final = 120.0
"""For so long after its last change a file or folder is looked at each time."""

TURN: Final = 500
"""So many others are looked at each time."""

MOST_KNOWN: Final = 100_000
_STOP_S: Final = 2.0
_READ_BYTES: Final = 256 * 1024
_MOST_READS: Final = 64
_SETTLED_NS: Final = 100_000_000
"""A folder that changed later than that may change again within the same time stamp."""

_FOLDERS: Final = ("dag_id=", "run_id=", "task_id=", "map_index=")
_ATTEMPT: Final = re.compile(r"attempt=(\d{1,9})\.log")
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(slots=True)
class _File:
    read: int = 0
    ended: bool = True
    take: Callable[[bytes], None] | None = None


@dataclass(slots=True)
class TaskLogs:
    """Follows the files below `folder` that belong to `uid`, from `start` on."""

    folder: Path
    uid: int
    on_task: OnTask
    _folders: dict[str, int] = field(default_factory=lambda: {"": 0})
    _files: dict[str, _File] = field(default_factory=dict[str, _File])
    _dags: set[str] = field(default_factory=set[str])
    _warm: dict[str, float] = field(default_factory=dict[str, float])
    _turns: deque[str] = field(default_factory=deque[str])
    _first: bool = True
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow; what is there by now has been told before."""
        self._task = asyncio.create_task(self._run(), name=f"task logs of {self.folder}")

    async def stop(self) -> None:
        """Tell what was written last and follow no more."""
        if self._task is None:
            return
        self._stopping.set()
        _, busy = await asyncio.wait([self._task], timeout=_STOP_S)
        await end_tasks([self._task])
        self._task = None
        if not busy:  # else a thread of ours may still look
            await self.look()

    async def look(self) -> None:
        """Find and tell what is new; the first time, only remember it."""
        for name in self._cooled():
            self._finish(name)
        for name in await asyncio.to_thread(self._grown):
            for _ in range(_MOST_READS):
                written = await asyncio.to_thread(self._read, name)
                if not written:
                    break
                self._tell(name, written)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._stopping.wait()

    def _cooled(self) -> list[str]:
        now = time.monotonic()
        names = [name for name, until in self._warm.items() if until <= now]
        for name in names:
            del self._warm[name]
        return names

    def _grown(self) -> list[str]:
        """Return the files that have grown."""
        turn = {self._turns.popleft() for _ in range(min(TURN, len(self._turns)))}
        self._turns.extend(name for name in turn if name in self._folders or name in self._files)
        queue, grown = sorted({"", *self._dags, *self._warm, *turn}), list[str]()
        while queue:
            name = queue.pop()
            if name in self._folders:
                queue += self._scan(name)
            elif name in self._files and self._has_grown(name):
                grown.append(name)
        self._first = False
        return grown

    def _scan(self, name: str) -> list[str]:
        """Return what is new in a folder."""
        depth = _depth(name)
        try:
            about = os.lstat(self.folder / name)
            if not stat.S_ISDIR(about.st_mode):
                return self._forget(name)
            if about.st_mtime_ns == self._folders[name]:
                return []
            children = os.listdir(self.folder / name)  # noqa: PTH208 -- many times as fast
        except OSError:
            return self._forget(name)
        settled = time.time_ns() - about.st_mtime_ns > _SETTLED_NS
        self._folders[name] = about.st_mtime_ns if settled else 0
        self._keep_warm(name)
        return [path for child in children if (path := self._add(name, child, depth))]

    def _add(self, folder: str, child: str, depth: int) -> str | None:
        path = f"{folder}/{child}" if folder else child
        if path in self._folders or path in self._files or len(self._turns) >= MOST_KNOWN:
            return None
        if depth < len(_FOLDERS) and child.startswith(_FOLDERS[depth]):
            self._folders[path] = 0
            if depth == 0:
                self._dags.add(path)
        elif depth >= len(_FOLDERS) - 1 and _ATTEMPT.fullmatch(child):
            self._files[path] = _File()
        else:
            return None
        self._turns.append(path)
        return path

    def _has_grown(self, name: str) -> bool:
        known = self._files[name]
        try:
            size = os.lstat(self.folder / name).st_size
        except OSError:
            self._forget(name)
            return False
        if self._first or size == known.read:
            known.read = size
            return False
        known.read = 0 if size < known.read else known.read
        self._keep_warm(name)
        return True

    def _finish(self, name: str) -> None:
        known = self._files.get(name)
        if known and known.take:
            if not known.ended:
                known.take(b"\n")
            known.take, known.ended = None, True

    def _keep_warm(self, name: str) -> None:
        """Look at a thing, and at the folders that it is in, each time for a while."""
        while name and not self._first:
            self._warm[name] = time.monotonic() + WARM_S
            name = name.rpartition("/")[0]

    def _forget(self, name: str) -> list[str]:
        if name:
            self._folders.pop(name, None)
            self._files.pop(name, None)
            self._dags.discard(name)
        return []

    def _read(self, name: str) -> bytes:
        known = self._files.get(name)
        if known is None:
            return b""
        try:
            descriptor = _opened(self.folder, name)
        except OSError:
            return b""
        try:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1 or about.st_uid != self.uid:
                return b""
            return os.pread(descriptor, _READ_BYTES, known.read)
        finally:
            os.close(descriptor)

    def _tell(self, name: str, written: bytes) -> None:
        known = self._files[name]
        known.read += len(written)
        known.ended = written.endswith(b"\n")
        if known.take is None:
            known.take = self.on_task(_task_of(name))
        known.take(written)


def _depth(name: str) -> int:
    return name.count("/") + 1 if name else 0


def _task_of(name: str) -> TaskIds:
    told = dict(part.split("=", 1) for part in name.removesuffix(".log").split("/"))
    return task_ids({**told, "try_number": told["attempt"]})


def _opened(folder: Path, name: str) -> int:
    """Open a file below a folder, without passing through a link anywhere below it."""
    within = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    *between, last = name.split("/")
    for part in between:
        try:
            next_ = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=within)
        finally:
            os.close(within)
        within = next_
    try:
        return os.open(last, _READ, dir_fd=within)
    finally:
        os.close(within)
