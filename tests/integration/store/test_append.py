"""One entry at a time: what is stored, and what is refused."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest

from shared.errors import Invalid, WrongExpectedVersion
from shared.store.model import Appended, Expected, NewEvent, Undecodable
from tests.integration.store.conftest import OpenStore, opened
from tests.integration.store.things import entry, head, metadata, names, new_thing
from tests.servers import Database


async def test_an_event_is_read_as_it_was_written(first: OpenStore) -> None:
    wanted = new_thing("thing-1", "a", "b")

    appended = await first.store.append(wanted)

    assert appended.position == 2
    assert names(appended.events) == ["a", "b"]
    assert await first.store.read_stream("thing-1") == list(appended.events)
    assert await first.store.read_all(after=0, limit=10) == list(appended.events)
    assert [each.version for each in appended.events] == [1, 2]
    assert appended.events[0].metadata == wanted.metadata


async def test_a_stream_goes_on_from_its_head(first: OpenStore) -> None:
    before = await first.store.append(new_thing("thing-1", "a"))

    await first.store.append(entry((head(before.events), ["b"])))

    found = await first.store.read_stream("thing-1")
    assert [(each.version, each.position) for each in found] == [(1, 1), (2, 2)]
    assert await first.store.read_stream("thing-1", after=1) == found[1:]


async def test_a_version_that_was_not_seen_is_refused(first: OpenStore) -> None:
    before = await first.store.append(new_thing("thing-1", "a"))
    await first.store.append(entry((head(before.events), ["b"])))

    for stale in (Expected("thing-1"), head(before.events), Expected("thing-1", 3, b"?")):
        with pytest.raises(WrongExpectedVersion):
            await first.store.append(entry((stale, ["c"])))

    assert names(await first.store.read_stream("thing-1")) == ["a", "b"]


async def test_a_head_with_another_hash_is_refused(first: OpenStore) -> None:
    await first.store.append(new_thing("thing-1", "a"))

    with pytest.raises(WrongExpectedVersion):
        await first.store.append(entry((Expected("thing-1", 1, b"another history"), ["b"])))


async def test_two_streams_move_together_or_not_at_all(first: OpenStore) -> None:
    one = await first.store.append(new_thing("thing-1", "a"))

    with pytest.raises(WrongExpectedVersion):
        await first.store.append(entry((head(one.events), ["b"]), (Expected("thing-2", 1, b"?"), ["b"])))
    both = await first.store.append(entry((head(one.events), ["c"]), (Expected("thing-2"), ["c", "d"])))

    assert names(await first.store.read_stream("thing-1")) == ["a", "c"]
    assert names(await first.store.read_stream("thing-2")) == ["c", "d"]
    assert [each.position for each in both.events] == [2, 3, 4]


async def test_a_stream_that_was_only_read_must_not_have_moved(first: OpenStore) -> None:
    seen = await first.store.append(new_thing("organization-1"))
    await first.store.append(entry((head(seen.events), []), (Expected("thing-1"), ["a"])))
    await first.store.append(entry((head(seen.events), ["moved"])))

    with pytest.raises(WrongExpectedVersion):
        await first.store.append(entry((head(seen.events), []), (Expected("thing-2"), ["a"])))

    assert await first.store.read_stream("thing-2") == []


async def test_positions_have_no_gaps_after_refusals(first: OpenStore) -> None:
    for n in range(5):
        await first.store.append(new_thing(f"thing-{n}"))
        with pytest.raises(WrongExpectedVersion):
            await first.store.append(new_thing(f"thing-{n}"))

    assert [each.position for each in await first.store.read_all(after=0, limit=100)] == [1, 2, 3, 4, 5]
    store_head = await first.store.head()
    assert (store_head.position, store_head.count) == (5, 5)


async def test_an_entry_without_events_has_the_position_of_the_store(first: OpenStore) -> None:
    await first.store.append(new_thing("thing-1"))

    assert await first.store.append(entry()) == Appended(1, ())


async def test_the_same_message_is_stored_once(first: OpenStore, second: OpenStore) -> None:
    wanted = new_thing("thing-1", "a", "b")
    before = await first.store.append(wanted)
    await first.store.append(entry((head(before.events), ["c"])))

    again = await second.store.append(wanted)

    assert again == before
    assert names(await first.store.read_stream("thing-1")) == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["\x00", "a\x00b", "\ud800"])
async def test_text_that_postgres_can_not_hold_is_refused(first: OpenStore, name: str) -> None:
    with pytest.raises(Invalid):
        await first.store.append(new_thing("thing-1", name))
    with pytest.raises(Invalid):
        await first.store.append(new_thing(f"thing-{name}"))

    assert await first.store.read_all(after=0, limit=1) == []


async def test_a_text_that_only_looks_like_an_escape_is_kept(first: OpenStore) -> None:
    await first.store.append(new_thing("thing-1", "\\u0000", "\\ud800", "é 🛫"))

    assert names(await first.store.read_stream("thing-1")) == ["\\u0000", "\\ud800", "é 🛫"]


async def test_an_entry_names_each_stream_that_it_writes_once(first: OpenStore) -> None:
    wanted = new_thing("thing-1")
    twice = entry((Expected("thing-1"), ["a"]), (Expected("thing-1"), ["b"]))
    unnamed = type(wanted)(expected=(), events=wanted.events, metadata=metadata())

    for wrong in (twice, unnamed):
        with pytest.raises(ValueError, match="expected"):
            await first.store.append(wrong)


async def test_followers_in_the_process_hear_of_each_commit(first: OpenStore) -> None:
    heard: list[int] = []
    first.store.on_commit(heard.append)

    for n in range(3):
        await first.store.append(new_thing(f"thing-{n}"))
    await first.store.close()

    assert heard == [1, 2, 3]


async def test_a_change_is_told_before_the_append_returns_and_a_beginning_is_not(first: OpenStore) -> None:
    told: list[tuple[list[str], int]] = []

    async def tell(changes: Sequence[NewEvent], position: int) -> None:
        await asyncio.sleep(0)
        told.append(([new.stream for new in changes], position))

    first.store.on_change(tell)
    begun = await first.store.append(new_thing("thing-1"))
    assert told == []

    await first.store.append(entry((head(begun.events), ["a"]), (Expected("thing-2"), ["b"])))
    assert told == [(["thing-1"], 3)]


async def test_a_change_is_told_although_its_writer_gave_up(first: OpenStore) -> None:
    told = asyncio.Event()

    async def tell(_changes: Sequence[NewEvent], _position: int) -> None:
        told.set()

    first.store.on_change(tell)
    begun = await first.store.append(new_thing("thing-1"))
    writer = asyncio.create_task(first.store.append(entry((head(begun.events), ["a"]))))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    writer.cancel()

    async with asyncio.timeout(5):
        await told.wait()
    assert writer.cancelled()


async def test_an_event_that_can_not_be_read_names_its_place(first: OpenStore, kernel: Database) -> None:
    from shared.store.events import EventTypes

    await first.store.append(new_thing("thing-1"))

    async with opened(kernel, types=EventTypes([])) as other:
        with pytest.raises(Undecodable) as caught:
            await other.store.read_all(after=0, limit=10)

    assert (caught.value.position, caught.value.stream, caught.value.type_name) == (1, "thing-1", "thing.named")


async def test_old_receipts_are_purged(first: OpenStore, kernel: Database) -> None:
    import asyncpg

    from shared.store.model import Receipt

    for age_days in (6, 8):
        command = uuid4()
        await first.store.append(entry(receipt=Receipt(command, b"digest", f'"{age_days}"')))
        owner = await asyncpg.connect(kernel.owner_dsn)
        await owner.execute(
            "update receipts set made_at = now() - make_interval(days => $1) where command_id = $2", age_days, command
        )
        await owner.close()

    assert await first.store.purge_receipts() == 1

    assert [row[0] for row in await first.pool.fetch("select outcome from receipts")] == ['"6"']
