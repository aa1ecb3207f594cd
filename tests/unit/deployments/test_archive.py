"""An archive of DAG files is read with suspicion: nothing leads out of its folder, links, or fills the disk."""

import gzip
import io
import os
import stat
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from services.deployments.bundles import archive
from services.deployments.bundles.archive import count_files, unpack
from shared.errors import Invalid

Entries = dict[str, bytes]


def tar_of(path: Path, entries: Entries, *, change: Callable[[tarfile.TarInfo], None] | None = None) -> Path:
    with tarfile.open(path, "w:gz") as made:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if change:
                change(info)
            made.addfile(info, io.BytesIO(data))
    return path


def zip_of(path: Path, entries: Entries) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries.items():
            made.writestr(name, data)
    return path


@pytest.mark.parametrize("make", [tar_of, zip_of])
@pytest.mark.parametrize("top", ["", "dags/", "./dags/"])
def test_files_are_unpacked_without_the_folder_that_the_command_line_adds(
    tmp_path: Path, make: Callable[..., Path], top: str
) -> None:
    packed = make(tmp_path / "packed", {f"{top}a.py": b"a = 1", f"{top}sub/b.py": b"b = 2"})
    assert count_files(packed) == 2
    unpack(packed, tmp_path / "dags")
    found = {str(path.relative_to(tmp_path / "dags")): path.read_bytes() for path in (tmp_path / "dags").rglob("*.py")}
    assert found == {"a.py": b"a = 1", "sub/b.py": b"b = 2"}


@pytest.mark.parametrize("make", [tar_of, zip_of])
@pytest.mark.parametrize(
    "name", ["../a.py", "/etc/a.py", "dags/../../a.py", "a\\..\\b.py", "a\nb.py", "x" * 300, "a/" * 600 + "b"]
)
def test_names_that_lead_out_are_refused(tmp_path: Path, make: Callable[..., Path], name: str) -> None:
    packed = make(tmp_path / "packed", {"ok.py": b"", name: b"x"})
    for attempt in (lambda: count_files(packed), lambda: unpack(packed, tmp_path / "dags")):
        with pytest.raises(Invalid, match="bundle"):
            attempt()
    assert not (tmp_path / "a.py").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname, info.size = kind, "/etc/passwd", 0

    with pytest.raises(Invalid, match="neither a file nor a folder"):
        count_files(tar_of(tmp_path / "packed", {"a.py": b""}, change=change))


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("a.py")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "packed", "w") as made:
        made.writestr(info, "/etc/passwd")
    with pytest.raises(Invalid, match="neither a file nor a folder"):
        count_files(tmp_path / "packed")


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_what_is_too_much_is_refused(
    tmp_path: Path, make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 3)
    with pytest.raises(Invalid, match="more than 3 entries"):
        count_files(make(tmp_path / "many", {f"{n}.py": b"" for n in range(4)}))
    monkeypatch.setattr(archive, "MOST_UNPACKED", 2**20)
    with pytest.raises(Invalid, match="over 1 MiB"):
        count_files(make(tmp_path / "big", {"a.py": bytes(2**20), "b.py": b"x"}))


def test_a_file_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "packed", "w:gz") as made:
        for data in (b"one", b"two"):
            info = tarfile.TarInfo("a.py")
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    with pytest.raises(Invalid, match="twice"):
        count_files(tmp_path / "packed")


@pytest.mark.parametrize("data", [b"", b"text", os.urandom(2000), b"PK\x03\x04" + bytes(100), b"\x1f\x8b" + bytes(50)])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "packed").write_bytes(data)
    with pytest.raises(Invalid, match=r"no tar\.gz or zip"):
        count_files(tmp_path / "packed")


def test_an_archive_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    whole = tar_of(tmp_path / "whole", {"a.py": os.urandom(50_000)}).read_bytes()
    (tmp_path / "packed").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Invalid, match="bundle"):
        count_files(tmp_path / "packed")


def header_of(name: str, kind: bytes, size: int) -> bytes:
    """Return one header of a tar."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def pax_of(**records: str) -> bytes:
    """Return the header that says more of the entry after it."""
    said = b"".join(f"{len(key) + len(value) + 5} {key}={value}\n".encode() for key, value in records.items())
    return header_of("more", tarfile.XHDTYPE, len(said)) + said.ljust(512, b"\0")


def refused(packed: Path, told: str) -> None:
    """Assert that an archive is refused with little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(Invalid, match=told):
            count_files(packed)
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_header_that_fills_the_memory_is_refused(tmp_path: Path, kind: bytes) -> None:
    size = 64 * 2**20
    with gzip.open(tmp_path / "packed", "wb", compresslevel=1) as made:
        made.write(header_of("a", kind, size))
        made.write(bytes(size))
        made.write(header_of("a.py", tarfile.REGTYPE, 0) + bytes(1024))
    refused(tmp_path / "packed", "headers that are too long")


def test_a_header_without_an_end_is_refused(tmp_path: Path) -> None:
    goes_on = bytearray(header_of("a", tarfile.GNUTYPE_SPARSE, 0))
    goes_on[482] = 1
    goes_on[148:156] = b" " * 8
    goes_on[148:156] = f"{sum(goes_on):06o}\0 ".encode()
    more = (b"00000000001\0" * 42).ljust(504, b"\0") + b"\1" + bytes(7)
    with gzip.open(tmp_path / "packed", "wb", compresslevel=1) as made:
        made.write(bytes(goes_on))
        made.write(more * (64 * 2**11))
    refused(tmp_path / "packed", "headers that are too long")


def test_a_folder_of_a_negative_size_makes_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_UNPACKED", 2**20)
    with gzip.open(tmp_path / "packed", "wb") as made:
        made.write(pax_of(size="-99999999") + header_of("folder", tarfile.DIRTYPE, 0))
        made.write(header_of("a.py", tarfile.REGTYPE, 2**21) + bytes(2**21) + bytes(1024))
    refused(tmp_path / "packed", "bundle")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_that_can_only_be_unpacked_whole_is_refused(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "packed", "w", method) as made:
        made.writestr("a.py", bytes(32 * 2**20))
    refused(tmp_path / "packed", "other than deflate")


def test_a_zip_of_far_too_many_entries_is_refused_unread(tmp_path: Path) -> None:
    one = zip_of(tmp_path / "one", {"x" * 100: b""}).read_bytes()
    start, end = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    directory = one[start:end] * 100_000
    ending = bytearray(one[end:])
    ending[12:16] = len(directory).to_bytes(4, "little")
    (tmp_path / "packed").write_bytes(one[:start] + directory + ending)
    refused(tmp_path / "packed", "headers that are too long")


@pytest.mark.parametrize("make", [tar_of, zip_of])
@pytest.mark.parametrize("names", [("a", "a/b.py"), ("a/b.py", "a"), ("a", "a/"), ("dags/a/b.py", "a")])
def test_a_name_of_both_a_file_and_a_folder_is_refused(
    tmp_path: Path, make: Callable[..., Path], names: tuple[str, ...]
) -> None:
    def change(info: tarfile.TarInfo) -> None:
        info.type = tarfile.DIRTYPE if info.name.endswith("/") else tarfile.REGTYPE

    options = {"change": change} if make is tar_of else {}
    packed = make(tmp_path / "packed", dict.fromkeys(names, b""), **options)
    with pytest.raises(Invalid, match="both a file and a folder"):
        count_files(packed)


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_folders_count_though_no_entry_names_them(
    tmp_path: Path, make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 30)
    packed = make(tmp_path / "packed", {f"{top}/{'x/' * 15}a.py": b"" for top in "abc"})
    with pytest.raises(Invalid, match="more than 30 folders"):
        count_files(packed)


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_what_is_counted_can_be_unpacked(tmp_path: Path, make: Callable[..., Path]) -> None:
    deep = "/".join("\N{SNAKE}" * 60 for _ in range(4))
    assert count_files(make(tmp_path / "packed", {f"{deep}/a.py": b""})) == 1
    unpack(tmp_path / "packed", tmp_path / "dags")
    longer = "/".join("\N{SNAKE}" * 60 for _ in range(15))
    with pytest.raises(Invalid, match="a name that leads out of its folder or can't be one"):
        count_files(make(tmp_path / "packed", {f"{longer}/a.py": b""}))
