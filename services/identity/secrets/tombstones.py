"""The list of destroyed keys that is kept outside the database: a dump that is restored must not remember them."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path


class Tombstones:
    """A file with one id a line, only ever added to; replicas on one machine share it. None: no list is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    async def add(self, id_: str) -> None:
        """Write an id down for good; raise OSError where that can't be done."""
        if self._path is not None:
            await asyncio.to_thread(_append, self._path, f"{id_}\n")

    async def listed(self) -> Sequence[str]:
        """Return every id that was written down; an id may stand there more than once."""
        if self._path is None:
            return []
        return await asyncio.to_thread(_read, self._path)


def _append(path: Path, line: str) -> None:
    new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a new file's name last, as fsync of the file alone does not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> Sequence[str]:
    if not path.exists():
        return []
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
