"""Whoever changes what is stored, a superuser included, is found out, and the place is named."""

import json
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from shared.store.hashing import Link, run_on
from shared.store.heads import sign_head
from shared.store.model import Recorded
from shared.store.verify import Break, verify
from tests.integration.store.conftest import OpenStore
from tests.integration.store.things import entry, head, new_thing

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def as_superuser(store: OpenStore, *statements: str, trigger: bool = False) -> None:
    """Run statements that no trigger stops."""
    connection = await asyncpg.connect(store.database.admin_dsn)
    try:
        if not trigger:
            await connection.execute("alter table events disable trigger all")
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def stored(first: OpenStore) -> list[Recorded]:
    """Six events: positions 1 to 3 on thing-1, 4 and 5 on thing-2, 6 on thing-1 again."""
    one = await first.store.append(new_thing("thing-1", "a", "b", "c"))
    two = await first.store.append(new_thing("thing-2", "d", "e"))
    three = await first.store.append(entry((head(one.events), ["f"])))
    return [*one.events, *two.events, *three.events]


async def broken(store: OpenStore, folder: Path | None = None) -> Break | None:
    return (await verify(store.pool, folder)).broken


async def test_an_untouched_store_is_whole(first: OpenStore, stored: list[Recorded], private_folder: Path) -> None:
    sign_head(private_folder, await first.store.head(), now=NOON)
    found = await verify(first.pool, private_folder)

    assert found.broken is None
    assert (found.events, found.head.position, found.signed_heads, found.superseded_heads) == (len(stored), 6, 1, 0)


async def test_an_empty_store_is_whole(first: OpenStore) -> None:
    assert await broken(first) is None


@pytest.mark.parametrize(
    "change",
    [
        """data = replace(data, '"b"', '"B"')""",
        "metadata = replace(metadata, 'cjane', 'cjohn')",
        "type_name = 'thing.renamed'",
        "schema_version = 2",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "event_id = gen_random_uuid()",
        "hash = sha256(hash)",
        "stream = 'thing-9'",
    ],
)
@pytest.mark.usefixtures("stored")
async def test_one_changed_byte_names_its_event(first: OpenStore, change: str) -> None:
    await as_superuser(first, f"update events set {change} where position = 2")

    found = await broken(first)

    assert found is not None
    assert (found.position, found.version) == (2, 2)


async def test_a_changed_event_with_a_fitting_hash_breaks_the_next_link(
    first: OpenStore, stored: list[Recorded]
) -> None:
    forged = _forged(stored[1], previous=stored[0].hash)
    await as_superuser(
        first, f"update events set data = '{forged.data}', hash = '\\x{forged.hash().hex()}' where position = 2"
    )

    found = await broken(first)

    assert found == Break(3, "thing-1", 3, "the event is not what its hash was made of")


async def test_a_forged_end_of_a_stream_does_not_fit_the_head(first: OpenStore, stored: list[Recorded]) -> None:
    forged = _forged(stored[5], previous=stored[2].hash)
    await as_superuser(
        first, f"update events set data = '{forged.data}', hash = '\\x{forged.hash().hex()}' where position = 6"
    )

    found = await broken(first)

    assert found == Break(6, "", 0, "the events do not add up to the head of the store")


@pytest.mark.usefixtures("stored")
async def test_a_missing_event_is_named(first: OpenStore) -> None:
    await as_superuser(first, "delete from events where position = 4")

    assert await broken(first) == Break(4, "", 0, "the event at this position is missing")


@pytest.mark.usefixtures("stored")
async def test_a_missing_end_is_named(first: OpenStore) -> None:
    await as_superuser(first, "delete from events where position = 6")

    assert await broken(first) == Break(5, "", 0, "the events do not add up to the head of the store")


async def test_an_event_behind_the_head_is_named(first: OpenStore, stored: list[Recorded]) -> None:
    await as_superuser(
        first,
        """insert into events select 7, 'thing-3', 1, gen_random_uuid(), type_name, schema_version, data, metadata,
        hash, recorded_at from events where position = 1""",
        trigger=True,
    )

    found = await broken(first)

    assert found is not None
    assert found.position == len(stored) + 1


async def test_a_history_rewritten_throughout_does_not_fit_the_signed_head(
    first: OpenStore, stored: list[Recorded], private_folder: Path
) -> None:
    sign_head(private_folder, await first.store.head(), now=NOON)
    forged = _forged(stored[5], previous=stored[2].hash)
    running = b""
    for each in stored[:5]:
        running = run_on(running, each.hash)
    running = run_on(running, forged.hash())
    await as_superuser(
        first,
        f"update events set data = '{forged.data}', hash = '\\x{forged.hash().hex()}' where position = 6",
        f"update store_head set hash = '\\x{running.hex()}'",
    )

    assert await broken(first) is None
    found = await broken(first, private_folder)
    assert found is not None
    assert (found.position, "signed" in found.what) == (6, True)


async def test_a_cut_off_end_does_not_fit_the_signed_head(
    first: OpenStore, stored: list[Recorded], private_folder: Path
) -> None:
    sign_head(private_folder, await first.store.head(), now=NOON)
    running = b""
    for each in stored[:5]:
        running = run_on(running, each.hash)
    await as_superuser(
        first,
        "delete from events where position = 6",
        f"update store_head set position = 5, count = 5, hash = '\\x{running.hex()}'",
    )

    assert await broken(first) is None
    found = await broken(first, private_folder)
    assert found is not None
    assert (found.position, "missing" in found.what) == (6, True)


@pytest.mark.usefixtures("stored")
async def test_a_forged_signed_head_is_found(first: OpenStore, private_folder: Path) -> None:
    sign_head(private_folder, await first.store.head(), now=NOON)
    file = private_folder / "heads.jsonl"
    line = json.loads(file.read_text())
    file.write_text(json.dumps(line | {"hash": "00" * 32}) + "\n")

    found = await broken(first, private_folder)

    assert found is not None
    assert "signature" in found.what


@pytest.mark.usefixtures("stored")
async def test_a_restored_store_leaves_later_heads_behind(first: OpenStore, private_folder: Path) -> None:
    """A restore to an earlier point is no break once the operator has begun a new epoch."""
    six = await first.store.head()
    sign_head(private_folder, six, now=NOON)
    seven = (await first.store.append(new_thing("thing-7"))).position
    sign_head(private_folder, await first.store.head(), now=NOON)
    await as_superuser(
        first,
        "delete from events where position = 7",
        f"update store_head set position = 6, count = 6, hash = '\\x{six.hash.hex()}'",
        "select start_epoch()",
        "alter table events enable always trigger events_are_append_only",
    )
    await first.store.append(new_thing("thing-8"))
    sign_head(private_folder, await first.store.head(), now=NOON)

    found = await verify(first.pool, private_folder)

    assert found.broken is None
    assert (found.head.position, found.signed_heads, found.superseded_heads) == (seven, 2, 1)
    assert found.head.epoch != six.epoch


def _forged(recorded: Recorded, *, previous: bytes) -> Link:
    return Link(
        previous=previous,
        stream=recorded.stream,
        version=recorded.version,
        event_id=recorded.event_id,
        type_name=recorded.type_name,
        schema_version=recorded.schema_version,
        data='{"name":"forged"}',
        metadata=recorded.metadata_text,
        recorded_at=recorded.recorded_at,
    )
