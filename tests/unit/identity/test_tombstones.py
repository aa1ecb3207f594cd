"""The list of destroyed keys only ever grows, also when several write to it."""

import asyncio
from pathlib import Path

from services.identity.secrets.tombstones import Tombstones


async def test_what_is_written_down_is_listed_by_another_process(tmp_path: Path) -> None:
    one, other = Tombstones(tmp_path / "list"), Tombstones(tmp_path / "list")
    assert await one.listed() == []
    await asyncio.gather(*(each.add(f"c{n}") for n in range(20) for each in (one, other)))
    assert sorted(set(await other.listed())) == sorted(f"c{n}" for n in range(20))
    assert (tmp_path / "list").stat().st_mode & 0o777 == 0o600


async def test_without_a_file_nothing_is_kept() -> None:
    await Tombstones(None).add("c1")
    assert await Tombstones(None).listed() == []
