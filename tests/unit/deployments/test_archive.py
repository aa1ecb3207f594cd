"""An archive of DAG files is read with suspicion: nothing leads out of its folder, links, or fills the disk."""

import io
import os
import stat
import tarfile
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
