"""A command is carried out once, however often it arrives."""

import asyncio
from uuid import UUID, uuid4

import pytest

from shared.errors import Invalid, WrongExpectedVersion
from shared.store.model import Entry, Expected, Receipt, SourceMark
from tests.integration.store.conftest import OpenStore
from tests.integration.store.things import entry, names


def command(command_id: UUID, *, stream: str = "thing-1", name: str = "x", digest: bytes = b"wish") -> Entry:
    """Return the entry of one attempt at a command; attempts may differ in what they decide."""
    receipt = Receipt(command_id, digest, f'{{"name":"{name}"}}')
    return entry((Expected(stream), [name]), message_id=command_id, receipt=receipt)


async def test_four_repeats_at_once_have_one_effect(first: OpenStore, second: OpenStore) -> None:
    command_id = uuid4()

    ended = await asyncio.gather(
        *(
            store.store.append(command(command_id, stream=f"thing-{n}", name=f"by {n}"))
            for n, store in enumerate([first, second, first, second])
        )
    )

    stored = await first.store.read_all(after=0, limit=10)
    assert len(stored) == 1
    assert {(each.position, each.events[0].event_id) for each in ended} == {(1, stored[0].event_id)}
    receipts = [each.repeated for each in ended if each.repeated]
    assert len(receipts) == 3
    assert {receipt.outcome for receipt in receipts} == {f'{{"name":"{names(stored)[0]}"}}'}


async def test_a_receipt_is_found_with_its_position(first: OpenStore) -> None:
    command_id = uuid4()
    await first.store.append(entry((Expected("before"), ["x", "y"])))
    await first.store.append(command(command_id))

    assert await first.store.find_receipt(command_id) == Receipt(command_id, b"wish", '{"name":"x"}', position=3)
    assert await first.store.find_receipt(uuid4()) is None


async def test_another_payload_under_the_same_id_is_invalid(first: OpenStore) -> None:
    command_id = uuid4()
    await first.store.append(command(command_id))

    with pytest.raises(Invalid, match="another payload"):
        await first.store.append(command(command_id, stream="thing-2", digest=b"other wish"))


async def test_a_rejection_leaves_a_receipt_without_events(first: OpenStore) -> None:
    rejected = Receipt(uuid4(), b"wish", '{"code":"rejected"}')
    await first.store.append(entry(receipt=rejected))

    again = await first.store.append(entry((Expected("thing-1"), ["x"]), receipt=rejected))

    assert again.repeated is not None
    assert again.repeated.outcome == rejected.outcome
    assert again.events == ()
    assert await first.store.read_stream("thing-1") == []


async def test_a_refused_entry_leaves_no_receipt(first: OpenStore) -> None:
    await first.store.append(entry((Expected("thing-1"), ["x"])))
    command_id = uuid4()

    with pytest.raises(WrongExpectedVersion):
        await first.store.append(command(command_id))
    await first.store.append(command(command_id, stream="thing-2"))

    found = await first.store.find_receipt(command_id)
    assert found is not None
    assert found.position == 2


async def test_of_two_consumers_one_takes_an_event(first: OpenStore, second: OpenStore) -> None:
    epoch = uuid4()

    ended = await asyncio.gather(
        *(
            store.store.append(entry((Expected(f"thing-{n}"), ["x"]), source=SourceMark("identity", epoch, 0, 5)))
            for n, store in enumerate([first, second])
        ),
        return_exceptions=True,
    )

    assert sorted(type(each).__name__ for each in ended) == ["Appended", "WrongExpectedVersion"]
    assert len(await first.store.read_all(after=0, limit=10)) == 1
    await first.store.append(entry(source=SourceMark("identity", epoch, 5, 9)))
    rows = await first.pool.fetch("select source, epoch, position from sources")
    assert [tuple(row) for row in rows] == [("identity", epoch, 9)]


async def test_a_source_also_moves_in_a_transaction_of_rows(first: OpenStore) -> None:
    epoch = uuid4()
    moved = [
        await first.pool.fetchval("select move_source('identity', $1, $2, $3)", epoch, seen, position)
        for seen, position in [(3, 4), (0, 2), (0, 3), (2, 7), (2, 8)]
    ]

    assert moved == [False, True, False, True, False]
    assert await first.pool.fetchval("select position from sources") == 7
