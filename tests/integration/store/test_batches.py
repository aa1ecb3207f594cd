"""Entries that meet in one batch: each all or nothing, none harmed by another."""

import asyncio
from collections import defaultdict
from random import Random
from uuid import uuid4

import pytest

from shared.errors import Invalid, OutcomeUnknown, Unavailable, WrongExpectedVersion
from shared.store import appender
from shared.store.model import Appended, Claim, ClaimTaken, Entry, Expected
from shared.store.verify import verify
from tests.integration.store.conftest import OpenStore
from tests.integration.store.locks import appends_held_up, waiting_appends
from tests.integration.store.things import entry, head, names, new_thing

Ended = Appended | BaseException


async def as_one_batch(store: OpenStore, *entries: Entry) -> list[Ended]:
    """Append entries so that all of them arrive while an earlier one waits for the lock."""
    async with appends_held_up(store.database) as holder:
        before = asyncio.create_task(store.store.append(new_thing(f"before-{uuid4()}")))
        await waiting_appends(holder)
        appends = [asyncio.create_task(store.store.append(each)) for each in entries]
        await asyncio.sleep(0)  # all have handed their entry over
    await before
    return await asyncio.gather(*appends, return_exceptions=True)


async def transactions(store: OpenStore, *positions: int) -> set[int]:
    """Return the transactions that wrote the events at these positions."""
    rows = await store.pool.fetch("select distinct xmin::text::bigint from events where position = any($1)", positions)
    return {row[0] for row in rows}


async def test_what_arrives_meanwhile_is_committed_together(first: OpenStore) -> None:
    ended = await as_one_batch(first, *(new_thing(f"thing-{n}") for n in range(20)))

    positions = [each.position for each in ended if isinstance(each, Appended)]
    assert positions == list(range(2, 22))
    assert len(await transactions(first, *positions)) == 1


async def test_conflicts_over_two_streams_leave_their_neighbours_unharmed(first: OpenStore) -> None:
    moved = (await first.store.append(new_thing("moved", "a"))).events
    await first.store.append(entry((head(moved), ["b"])))

    ended = await as_one_batch(
        first,
        entry((Expected("left-1"), ["x"]), (Expected("right-1"), ["x", "y"])),
        entry((Expected("left-2"), ["x"]), (head(moved), ["torn?"])),  # its second stream has moved
        entry((head(moved), ["torn?"]), (Expected("right-3"), ["x"])),  # its first one has
        entry((Expected("left-4"), ["x"]), (Expected("right-4"), ["x"])),
    )

    assert [type(each) for each in ended] == [Appended, WrongExpectedVersion, WrongExpectedVersion, Appended]
    for stream, expected in {
        "left-1": ["x"], "right-1": ["x", "y"], "left-2": [], "moved": ["a", "b"], "right-3": [], "left-4": ["x"],
        "right-4": ["x"],
    }.items():  # fmt: skip
        assert names(await first.store.read_stream(stream)) == expected
    stored = await first.store.read_all(after=0, limit=100)
    assert [each.position for each in stored] == list(range(1, 9))
    for each in ended:
        if isinstance(each, Appended):
            assert list(each.events) == stored[each.position - len(each.events) : each.position]
    assert (await verify(first.pool)).broken is None


async def test_of_writers_of_one_stream_one_wins_and_the_rest_decide_afresh(first: OpenStore) -> None:
    ended = await as_one_batch(first, *(new_thing("thing-1", f"by {n}") for n in range(5)))

    assert sorted(type(each).__name__ for each in ended) == ["Appended"] + 4 * ["WrongExpectedVersion"]
    assert len(await first.store.read_stream("thing-1")) == 1


async def test_readers_of_one_stream_share_a_batch(first: OpenStore) -> None:
    hub = head((await first.store.append(new_thing("hub"))).events)

    ended = await as_one_batch(first, *(entry((hub, []), (Expected(f"thing-{n}"), ["x"])) for n in range(5)))

    positions = [each.position for each in ended if isinstance(each, Appended)]
    assert len(positions) == 5
    assert len(await transactions(first, *positions)) == 1


async def test_who_reads_what_another_writes_sees_it_first_or_is_refused(first: OpenStore) -> None:
    one = head((await first.store.append(new_thing("one"))).events)
    two = head((await first.store.append(new_thing("two"))).events)

    ended = await as_one_batch(first, entry((one, []), (two, ["x"])), entry((one, ["x"]), (two, [])))

    assert [type(each) for each in ended] == [Appended, WrongExpectedVersion]


async def test_an_entry_that_fails_the_batch_fails_alone(first: OpenStore) -> None:
    too_long_for_an_index = "thing-" + "".join(chr(Random(n).randrange(0x4E00, 0x9FFF)) for n in range(3000))

    ended = await as_one_batch(
        first, new_thing("thing-1"), new_thing(too_long_for_an_index), new_thing("thing-2"), new_thing("thing-\x00")
    )

    assert [type(each) for each in ended] == [Appended, Invalid, Appended, Invalid]
    assert [each.stream for each in await first.store.read_all(after=1, limit=10)] == ["thing-1", "thing-2"]


async def test_one_claim_in_one_batch_has_one_holder(first: OpenStore) -> None:
    ended = await as_one_batch(
        first,
        *(entry((Expected(f"t-{n}"), ["x"]), take=[Claim("label", "red", f"t-{n}")]) for n in range(4)),
    )

    assert [type(each) for each in ended] == [Appended, ClaimTaken, ClaimTaken, ClaimTaken]


async def test_a_full_queue_answers_at_once(first: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appender, "MOST_WAITING", 3)

    ended = await as_one_batch(first, *(new_thing(f"thing-{n}") for n in range(5)))

    assert [type(each) for each in ended] == [Appended, Appended, Appended, Unavailable, Unavailable]


async def test_who_waits_past_the_deadline_is_told_what_is_known(first: OpenStore) -> None:
    async with appends_held_up(first.database) as holder:
        sent = asyncio.create_task(first.store.append(new_thing("sent"), timeout_s=0.3))
        await waiting_appends(holder)
        with pytest.raises(Unavailable):
            await first.store.append(new_thing("waiting"), timeout_s=0.2)
        with pytest.raises(OutcomeUnknown):
            await sent
    after = await first.store.append(new_thing("after"))

    assert await first.store.read_stream("waiting") == []
    assert after.events[0].stream == "after"


async def test_a_cancelled_append_spoils_no_other(first: OpenStore) -> None:
    async with appends_held_up(first.database) as holder:
        sent = asyncio.create_task(first.store.append(new_thing("sent")))
        await waiting_appends(holder)
        waiting = [asyncio.create_task(first.store.append(new_thing(f"thing-{n}"))) for n in range(2)]
        await asyncio.sleep(0)
        sent.cancel()
        waiting[0].cancel()
        await asyncio.wait([sent, waiting[0]])

    assert (await waiting[1]).events[0].stream == "thing-1"
    assert await first.store.read_stream("thing-0") == []


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_commits_fits_an_order(first: OpenStore, second: OpenStore, seed: int) -> None:
    """Random entries over a few streams: the committed ones, in the order of their positions, all saw the present."""
    random = Random(seed)
    streams = [f"thing-{n}" for n in range(4)]
    known: dict[str, Expected] = {stream: Expected(stream) for stream in streams}
    committed: list[tuple[Entry, Appended]] = []
    for _ in range(12):
        tried = [_random_entry(random, known, streams) for _ in range(16)]
        ended = await asyncio.gather(
            *(random.choice([first, second]).store.append(each) for each in tried), return_exceptions=True
        )
        for each, end in zip(tried, ended, strict=True):
            if isinstance(end, Appended):
                committed.append((each, end))
            else:
                assert isinstance(end, WrongExpectedVersion)
        for stream in streams:
            found = await first.store.read_stream(stream)
            known[stream] = head(found) if found else Expected(stream)

    now: dict[str, int] = defaultdict(int)
    for each, end in sorted(committed, key=lambda pair: pair[1].position):
        assert {expected.stream: now[expected.stream] for expected in each.expected} == {
            expected.stream: expected.version for expected in each.expected
        }
        for event in end.events:
            now[event.stream] += 1
            assert event.version == now[event.stream]
    stored = await first.store.read_all(after=0, limit=10_000)
    assert stored == [event for _, end in sorted(committed, key=lambda pair: pair[1].position) for event in end.events]
    assert (await verify(first.pool)).broken is None


def _random_entry(random: Random, known: dict[str, Expected], streams: list[str]) -> Entry:
    chosen = random.sample(streams, random.randint(1, 3))
    counts = [random.randint(0, 2) for _ in chosen]
    counts[0] = max(1, counts[0])  # entries without an event have no place in the order
    return entry(*((known[stream], ["x"] * count) for stream, count in zip(chosen, counts, strict=True)))
