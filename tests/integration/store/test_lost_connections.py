"""Postgres is lost in the middle of an append: no event is lost or doubled, and no answer is false."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import pytest

from shared.errors import OutcomeUnknown, Unavailable
from shared.store.connections import HeldConnection
from shared.store.model import Appended, Claim, Entry, Expected, Receipt
from shared.store.verify import verify
from tests.integration.store.conftest import OpenStore, opened
from tests.integration.store.locks import appends_held_up, waiting_appends
from tests.integration.store.proxy import Proxy
from tests.integration.store.things import entry, head, names, new_thing
from tests.servers import Database, PostgresForTests


@dataclass(frozen=True)
class Remote:
    """A store behind a proxy, and one with a straight line to look from."""

    store: OpenStore
    proxy: Proxy
    eye: OpenStore


@pytest.fixture
async def remote(kernel: Database, first: OpenStore) -> AsyncIterator[Remote]:
    async with Proxy(kernel.app_dsn).running() as proxy, opened(kernel, dsn=proxy.dsn) as store:
        await store.store.append(new_thing("before"))  # the appender holds its connection now
        yield Remote(store, proxy, first)


def command(stream: str) -> Entry:
    id_ = uuid4()
    return entry((Expected(stream), ["x"]), message_id=id_, receipt=Receipt(id_, b"wish", '{"made":true}'))


async def test_a_session_that_is_ended_while_it_waits_is_replaced(first: OpenStore, kernel: Database) -> None:
    superuser = await asyncpg.connect(kernel.admin_dsn)
    try:
        async with appends_held_up(kernel) as holder:
            appends = [asyncio.create_task(first.store.append(new_thing(f"t-{n}"), timeout_s=60)) for n in range(5)]
            for _ in range(3):
                (pid,) = await waiting_appends(holder)
                await superuser.execute("select pg_terminate_backend($1, 5000)", pid)
    finally:
        await superuser.close()

    assert sorted(each.position for each in await asyncio.gather(*appends)) == [1, 2, 3, 4, 5]
    assert len(await first.store.read_all(after=0, limit=100)) == 5


@pytest.mark.parametrize("drop", [False, True])
async def test_a_held_connection_that_has_died_is_replaced(first: OpenStore, kernel: Database, *, drop: bool) -> None:
    held = HeldConnection(first.pool)
    connection = await held.get(timeout_s=5)
    superuser = await asyncpg.connect(kernel.admin_dsn)
    await superuser.execute("select pg_terminate_backend($1, 5000)", connection.get_server_pid())
    await superuser.close()
    with contextlib.suppress(asyncpg.InterfaceError):  # what asyncpg says once its pool has taken it back
        while not connection.is_closed():
            await asyncio.sleep(0.005)

    if drop:
        await held.drop()
    again = await held.get(timeout_s=5)

    assert again is not connection
    assert await again.fetchval("select 1") == 1
    await held.give_back()


async def test_a_commit_whose_answer_was_lost_is_recognised(remote: Remote) -> None:
    wanted = [command(f"thing-{n}") for n in range(3)]
    remote.proxy.lose_answers = True
    appends = [asyncio.create_task(remote.store.store.append(each)) for each in wanted]
    await remote.proxy.lost.wait()
    remote.proxy.lose_answers = False

    ended = await asyncio.gather(*appends)

    stored = await remote.eye.store.read_all(after=1, limit=100)
    assert [each.stream for each in stored] == ["thing-0", "thing-1", "thing-2"]
    assert [event for each in ended for event in each.events] == stored
    assert [each.repeated.outcome for each in ended if each.repeated] == ['{"made":true}'] * 3


async def test_an_outcome_that_can_not_be_told_is_no_answer(remote: Remote) -> None:
    wanted = command("thing-1")
    remote.proxy.lose_answers = True
    append = asyncio.create_task(remote.store.store.append(wanted, timeout_s=0.5))
    await remote.proxy.lost.wait()
    remote.proxy.refuse = True

    with pytest.raises(OutcomeUnknown):
        await append

    remote.proxy.refuse = remote.proxy.lose_answers = False
    again = await remote.store.store.append(wanted)
    assert again.repeated is not None
    assert again.position == 2
    assert len(await remote.eye.store.read_stream("thing-1")) == 1


async def test_nothing_is_stored_of_what_was_never_sent(remote: Remote) -> None:
    await remote.store.store.close()
    await remote.store.pool.expire_connections()
    remote.proxy.refuse = True

    with pytest.raises(Unavailable):
        await remote.store.store.append(command("thing-1"), timeout_s=0.3)

    assert await remote.eye.store.read_stream("thing-1") == []


async def test_a_claim_that_was_won_and_lost_again_is_not_denied(remote: Remote) -> None:
    """The claim went to another by the time of the second attempt; that the first one had it must not be denied."""
    red = Claim("label", "red", "mine")
    wanted = entry((Expected("mine"), ["x"]), take=[red])
    remote.proxy.lose_answers = True
    append = asyncio.create_task(remote.store.store.append(wanted, timeout_s=20))
    await remote.proxy.lost.wait()  # committed, in truth
    mine = await remote.eye.store.read_stream("mine")
    await remote.eye.store.append(entry((head(mine), ["y"]), release=[red]))
    await remote.eye.store.append(entry((Expected("other"), ["x"]), take=[Claim("label", "red", "other")]))
    remote.proxy.lose_answers = False

    ended = await append

    assert names(ended.events) == ["x"]


async def test_a_claim_is_not_denied_while_the_first_attempt_may_still_win(remote: Remote, kernel: Database) -> None:
    """The first attempt waits for the lock on a lost connection; "taken" could turn out false when it gets there."""
    red = Claim("label", "red", "mine")
    async with appends_held_up(kernel) as holder:
        wanted = entry((Expected("mine"), ["x"]), take=[red])
        append = asyncio.create_task(remote.store.store.append(wanted, timeout_s=30))
        await waiting_appends(holder)
        await holder.execute("insert into claims values ('label', 'red', 'other')")
        remote.proxy.cut()

    with pytest.raises(OutcomeUnknown):
        await append


async def test_a_killed_postgres_loses_nothing_that_was_answered(private_postgres: PostgresForTests) -> None:
    database = await private_postgres.new_database("kernel")
    answered: set[str] = set()
    stop = asyncio.Event()

    async def write(store: OpenStore, writer: int) -> None:
        n = 0
        while not stop.is_set():
            name = f"{writer}-{n}"
            try:
                await store.store.append(new_thing(f"thing-{name}", name), timeout_s=20)
            except OutcomeUnknown:
                continue
            answered.add(name)
            n += 1

    async with opened(database) as store:
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for writer in range(8):
                group.create_task(write(store, writer))
            for crash in range(3):
                enough = len(answered) + 200
                while len(answered) < enough:
                    await asyncio.sleep(0.01)
                if crash == 1:
                    private_postgres.restart()
                else:
                    private_postgres.kill()
                    private_postgres.restart()
            stop.set()
        stored = names(await store.store.read_all(after=0, limit=1_000_000))
        assert len(stored) == len(set(stored))
        assert answered <= set(stored)
        assert len(stored) - len(answered) <= 8
        assert (await verify(store.pool)).broken is None


async def test_reads_outlast_a_restart(private_postgres: PostgresForTests) -> None:
    database = await private_postgres.new_database("kernel")
    async with opened(database) as store:
        ended = await store.store.append(new_thing("thing-1"))
        private_postgres.restart()

        assert isinstance(ended, Appended)
        assert len(await store.store.read_stream("thing-1")) == 1
