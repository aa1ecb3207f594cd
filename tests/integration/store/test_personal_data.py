"""Personal data is never stored in the clear and can be forgotten."""

import asyncpg
import pytest

from shared.store.events import EventStore
from shared.store.model import Appended, Entry, Expected, NewEvent
from shared.store.personal import FORGOTTEN, PersonalKeys
from shared.store.verify import verify
from tests.integration.store.conftest import OpenStore
from tests.integration.store.things import PERSONAL_TYPES, PersonMet, head, metadata

JANE = PersonMet(
    person_id="cjane", met_by="cjohn", email="jane@example.com", nickname="Janie", address="203.0.113.7"
)  # fmt: skip


async def meet(store: EventStore, event: PersonMet, *, expected: Expected | None = None) -> Appended:
    seen = expected or Expected(f"user-{event.person_id}")
    return await store.append(Entry((seen,), (NewEvent(seen.stream, event),), metadata()))


async def read(store: OpenStore) -> list[object]:
    return [each.event for each in await store.store.read_all(after=0, limit=100)]


async def test_personal_data_is_read_as_it_was_written(first: OpenStore, second: OpenStore) -> None:
    appended = await meet(first.store, JANE)

    assert [each.event for each in appended.events] == [JANE]
    assert await read(second) == [JANE]
    assert [each.event for each in await second.store.read_stream("user-cjane")] == [JANE]


async def test_personal_data_never_stands_in_a_table(first: OpenStore) -> None:
    await meet(first.store, JANE)

    superuser = await asyncpg.connect(first.database.admin_dsn)
    try:
        tables = await superuser.fetch("select tablename from pg_tables where schemaname = 'public'")
        everything = str([await superuser.fetch(f'select * from "{table[0]}"') for table in tables])
    finally:
        await superuser.close()

    assert "cjane" in everything
    for secret in ("jane@example.com", "Janie", "203.0.113.7"):
        assert secret not in everything


async def test_a_destroyed_key_forgets_one_person_everywhere_at_once(first: OpenStore, second: OpenStore) -> None:
    joe = PersonMet(person_id="cjoe", met_by="cjane", email="joe@example.com", address="198.51.100.1")
    await meet(first.store, JANE)
    await meet(first.store, joe)
    assert await read(second) == [JANE, joe]

    await first.keys.destroy("cjane")

    forgotten = [
        JANE.model_copy(update={"email": FORGOTTEN, "nickname": FORGOTTEN}),
        joe.model_copy(update={"address": FORGOTTEN}),
    ]
    assert await read(first) == forgotten
    assert await read(second) == forgotten
    assert (await verify(first.pool)).broken is None


async def test_a_destroyed_key_is_never_made_again(first: OpenStore) -> None:
    met = await meet(first.store, JANE)
    await first.keys.destroy("cjane")
    await first.keys.destroy("cjane")

    again = await meet(first.store, JANE, expected=head(met.events))

    data = await first.pool.fetchval("select data from events where position = $1", again.position)
    assert "$personal" in data  # what is under the other person's key
    assert '"email":{"forgotten":true}' in data
    assert [event.email for event in await read(first) if isinstance(event, PersonMet)] == [FORGOTTEN, FORGOTTEN]


async def test_a_key_destroyed_before_the_first_event_forgets_it(first: OpenStore) -> None:
    await first.keys.destroy("cjane")
    await meet(first.store, JANE)

    assert [event.email for event in await read(first) if isinstance(event, PersonMet)] == [FORGOTTEN]


async def test_what_is_absent_or_forgotten_already_is_kept_so(first: OpenStore) -> None:
    event = PersonMet(person_id="cjane", met_by="cjohn", email=FORGOTTEN, nickname=None, address="")
    await meet(first.store, event)

    assert await read(first) == [event]


async def test_a_sealed_value_fits_only_its_event(first: OpenStore) -> None:
    """A superuser who copies a sealed e-mail into another event of the person gets an event that can't be read."""
    from shared.store.model import Undecodable

    met = await meet(first.store, JANE)
    await meet(first.store, JANE.model_copy(update={"email": "new@example.com"}), expected=head(met.events))
    superuser = await asyncpg.connect(first.database.admin_dsn)
    try:
        await superuser.execute("alter table events disable trigger all")
        await superuser.execute("update events set data = (select data from events where position = 1)")
    finally:
        await superuser.close()

    assert len(await first.store.read_all(after=0, limit=1)) == 1
    with pytest.raises(Undecodable):
        await first.store.read_all(after=1, limit=1)


async def test_another_master_key_opens_nothing(first: OpenStore) -> None:
    await meet(first.store, JANE)
    other = EventStore(first.pool, PERSONAL_TYPES, PersonalKeys(first.pool, bytes(32)))

    with pytest.raises(ValueError, match="master key"):
        await other.read_all(after=0, limit=1)


async def test_many_people_in_one_entry(first: OpenStore) -> None:
    people = [JANE.model_copy(update={"person_id": f"c{n}", "email": f"{n}@example.com"}) for n in range(20)]
    await first.store.append(
        Entry((Expected("meeting-1"),), tuple(NewEvent("meeting-1", each) for each in people), metadata())
    )

    assert await read(first) == people
