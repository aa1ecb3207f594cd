"""Archives of DAG files, tar.gz or zip: nothing in them may reach beyond their own folder, nor fill the disk."""

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast

from services.deployments.contract import Rule
from shared.errors import Invalid, Unavailable

MOST_FILES: Final = 10_000
MOST_UNPACKED: Final = 512 * 1024 * 1024
MOST_NAME: Final = 1_000
MOST_PART: Final = 255
"""Bytes of a whole name and of each part of it: an archive that was taken can be unpacked into any folder of ours."""

_TOP: Final = "dags"
_BROKEN: Final = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)
_COPY: Final = 256 * 1024
_MOST_HEADER: Final = 64 * 1024
_MOST_DIRECTORY: Final = 4 * 1024 * 1024
"""Bytes of what a zip says of its entries, and so of the memory that reading it takes, times ten."""

_PIECEWISE: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Other methods unpack what was read at once, however much it becomes."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A regular file or a folder of an archive; `open` gives the bytes of a file."""

    name: str
    folder: bool
    size: int
    open: Callable[[], IO[bytes] | None]


@dataclass(slots=True)
class _Rationed:
    """A stream of which no more is read than is allowed: an archive says itself how long its headers are."""

    stream: IO[bytes]
    left: int = 0

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size if 0 <= size <= self.left else self.left + 1)
        self.left -= len(data)
        if self.left < 0:
            raise _wrong("has headers that are too long")
        return data

    def seek(self, place: int, whence: int = 0) -> int:
        return self.stream.seek(place, whence)

    def tell(self) -> int:
        return self.stream.tell()

    def seekable(self) -> bool:
        return True


@dataclass(slots=True)
class _Seen:
    """The files and folders of an archive so far, those too that only stand in names of others."""

    files: set[PurePosixPath] = field(default_factory=set[PurePosixPath])
    folders: set[PurePosixPath] = field(default_factory=lambda: {PurePosixPath()})

    def add(self, path: PurePosixPath, *, folder: bool) -> None:
        """Note one more; raise Invalid where the disk would not hold it beside the others."""
        name = str(path)[:100]
        if not folder and path in self.files:
            raise _wrong(f"holds {name} twice")
        if not folder:
            self.files.add(path)
        above = path if folder else path.parent
        while above not in self.folders:
            self.folders.add(above)
            above = above.parent
            if len(self.folders) > MOST_FILES:
                raise _wrong(f"holds more than {MOST_FILES} folders")


def count_files(archive: Path) -> int:
    """Return how many files an archive holds.

    Raises Invalid for what is neither a tar.gz nor a zip, for links, devices and names that lead out of the folder, for
    more than 10,000 entries, and for more than 512 MiB unpacked.
    """
    files = 0
    with _entries(archive) as entries:
        for entry in entries:
            files += not entry.folder
            if not entry.folder:
                _read_through(entry, None)
    return files


def unpack(archive: Path, into: Path, *, unwanted: Callable[[], bool] = lambda: False) -> None:
    """Unpack an archive into a folder that is not there yet; a leading `dags/` is left out. Raises as `count_files`.

    Raises Unavailable within a moment once it is `unwanted`.
    """
    into.mkdir(mode=0o755, parents=True)
    with _entries(archive) as entries:
        for entry in entries:
            place = into.joinpath(*_below_top(entry.name).parts)
            if entry.folder:
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as written:
                _read_through(entry, written, unwanted)


@contextmanager
def _entries(archive: Path) -> Generator[Generator[_Entry]]:
    try:
        with archive.open("rb") as file:
            if zipfile.is_zipfile(file):
                rationed = _Rationed(file, _MOST_DIRECTORY)
                with zipfile.ZipFile(rationed) as opened:
                    yield _checked(_of_zip(opened, rationed))
            else:
                file.seek(0)
                with gzip.open(file) as unpacked:
                    rationed = _Rationed(cast("IO[bytes]", unpacked), _MOST_HEADER)
                    with tarfile.open(fileobj=cast("IO[bytes]", rationed), mode="r:") as opened_tar:
                        yield _checked(_of_tar(opened_tar, rationed))
    except _BROKEN as error:
        raise _wrong("is no tar.gz or zip that can be read") from error


def _of_tar(archive: tarfile.TarFile, rationed: _Rationed) -> Generator[_Entry]:
    while (member := archive.next()) is not None:
        if not (member.isreg() or member.isdir()) or member.issparse():
            raise _wrong(f"holds {member.name[:100]}, which is neither a file nor a folder")
        rationed.left = max(member.size, 0)
        yield _Entry(member.name, member.isdir(), member.size, partial(archive.extractfile, member))
        rationed.left = _MOST_HEADER


def _of_zip(archive: zipfile.ZipFile, rationed: _Rationed) -> Generator[_Entry]:
    if len(archive.infolist()) > MOST_FILES:
        raise _wrong(f"holds more than {MOST_FILES} entries")
    for member in archive.infolist():
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise _wrong(f"holds {member.filename[:100]}, which is neither a file nor a folder")
        if member.flag_bits & 1:
            raise _wrong("is encrypted")
        if member.compress_type not in _PIECEWISE:
            raise _wrong(f"holds {member.filename[:100]}, which is packed other than deflate")
        rationed.left = member.compress_size + _MOST_HEADER
        yield _Entry(member.filename, member.is_dir(), member.file_size, partial(archive.open, member))


def _checked(entries: Generator[_Entry]) -> Generator[_Entry]:
    seen = _Seen()
    size = 0
    for number, entry in enumerate(entries, 1):
        if number > MOST_FILES:
            raise _wrong(f"holds more than {MOST_FILES} entries")
        size += entry.size
        if entry.size < 0:
            raise _wrong(f"holds {entry.name[:100]} of a negative size")
        if size > MOST_UNPACKED:
            raise _wrong(f"is over {MOST_UNPACKED // 2**20} MiB when it is unpacked")
        path = _safe(entry.name)
        seen.add(path, folder=entry.folder or not path.parts)
        if path.parts:
            yield entry
    if both := seen.files & seen.folders:
        raise _wrong(f"holds {str(min(both))[:100]}, which is both a file and a folder")


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    wrong = (
        path.is_absolute()
        or ".." in path.parts
        or "\\" in name
        or "\0" in name
        or len(_bytes(name)) > MOST_NAME
        or any(len(_bytes(part)) > MOST_PART for part in path.parts)
        or not name.isprintable()
    )
    if wrong:
        raise _wrong(f"holds a name that leads out of its folder or can't be one: {name[:100]!r}")
    return _below_top(name)


def _bytes(name: str) -> bytes:
    return name.encode(errors="surrogateescape")


def _below_top(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    return PurePosixPath(*path.parts[1:]) if path.parts[:1] == (_TOP,) else path


def _read_through(entry: _Entry, into: IO[bytes] | None, unwanted: Callable[[], bool] = lambda: False) -> None:
    """Read a file to its end, which must be where the archive says, and write it where that is wanted."""
    source = entry.open()
    if source is None:
        raise _wrong("is no tar.gz or zip that can be read")
    left = entry.size
    with source:
        while not unwanted() and (chunk := source.read(_COPY)):
            left -= len(chunk)
            if left < 0:
                raise _wrong("holds a file that is longer than it says")
            if into is not None:
                into.write(chunk)
    if unwanted():
        raise Unavailable("the bundle is no longer wanted")
    if left:
        raise _wrong("holds a file that is shorter than it says")


def _wrong(text: str) -> Invalid:
    return Invalid(f"the bundle {text}", rule=Rule.INVALID_BUNDLE)
