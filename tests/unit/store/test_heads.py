"""The file of signed heads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from shared.store.heads import read_heads, sign_head
from shared.store.model import Head

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEAD = Head(UUID(int=1), 10, 10, b"h" * 32)
LATER = replace(HEAD, position=20, count=20, hash=b"i" * 32)


def test_signed_heads_are_read_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "heads"
    assert list(read_heads(folder)) == []

    assert sign_head(folder, HEAD, now=NOON)
    assert sign_head(folder, LATER, now=NOON + timedelta(hours=1))

    assert [(each.head, each.signed_at.hour, each.genuine) for each in read_heads(folder)] == [
        (HEAD, 12, True),
        (LATER, 13, True),
    ]


def test_a_head_that_has_not_moved_is_not_signed_again(tmp_path: Path) -> None:
    assert sign_head(tmp_path, HEAD, now=NOON)
    assert not sign_head(tmp_path, HEAD, now=NOON + timedelta(hours=1))

    assert len(read_heads(tmp_path)) == 1


@pytest.mark.parametrize("change", [('"position": 10', '"position": 11'), ("12:00", "12:01"), ("6868", "6869")])
def test_a_changed_line_is_not_genuine(tmp_path: Path, change: tuple[str, str]) -> None:
    sign_head(tmp_path, HEAD, now=NOON)
    file = tmp_path / "heads.jsonl"
    file.write_text(file.read_text().replace(*change))

    assert [each.genuine for each in read_heads(tmp_path)] == [False]


def test_a_half_written_line_is_left_out(tmp_path: Path) -> None:
    sign_head(tmp_path, HEAD, now=NOON)
    with (tmp_path / "heads.jsonl").open("a") as file:
        file.write('{"epoch": "0000')

    assert len(read_heads(tmp_path)) == 1
    assert sign_head(tmp_path, LATER, now=NOON)
    assert [each.head for each in read_heads(tmp_path)] == [HEAD, LATER]


def test_a_line_that_is_no_head_is_an_error(tmp_path: Path) -> None:
    sign_head(tmp_path, HEAD, now=NOON)
    (tmp_path / "heads.jsonl").write_text("{}\n")

    with pytest.raises(ValueError, match="not a signed head"):
        read_heads(tmp_path)


def test_only_the_owner_reads_the_key(tmp_path: Path) -> None:
    sign_head(tmp_path, HEAD, now=NOON)

    assert (tmp_path / "signing.key").stat().st_mode & 0o077 == 0
