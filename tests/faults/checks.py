"""What must hold after a fault: nothing acknowledged is lost, nothing happened twice, nobody was told a falsehood."""

import asyncio
from collections.abc import Awaitable, Callable

from services.nats_users import SERVICES
from shared.followers.status import Status
from tests.faults.backstage import Backstage
from tests.faults.commands import AT, Commands
from tests.faults.load import Load

SEEN_S = 20.0
MAILED_S = 60.0


async def until(reached: Callable[[], Awaitable[bool]], what: str, *, timeout_s: float = SEEN_S) -> None:
    """Wait for a condition that nothing announces; fail with `what` after `timeout_s`."""
    try:
        async with asyncio.timeout(timeout_s):
            while not await reached():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within {timeout_s:g} s: {what}") from None


async def assert_nothing_lost(load: Load, commands: Commands) -> None:
    """Every acknowledged name is there once and no name twice; refusals say only that the service was not available.

    Then what was not acknowledged is asked for again under its key: now it is there, once too.
    """
    false_refusals = {name: code for name, code in load.refused.items() if code != "SERVICE_UNAVAILABLE"}
    assert not false_refusals, false_refusals
    await _assert_each_once(load, commands)
    again = await load.ask_again()
    print(f"acknowledged {len(load.acknowledged) - again}, asked again {again} (refused {len(load.refused)})")
    await _assert_each_once(load, commands)
    assert set(load.own(await commands.present())) == set(load.acknowledged)


async def _assert_each_once(load: Load, commands: Commands) -> None:
    async def there() -> bool:
        return not set(load.acknowledged) - set(await commands.present())

    await until(there, "everything acknowledged is there")
    present = load.own(await commands.present())
    assert max(present.values()) == 1, {name: times for name, times in present.items() if times > 1}
    assert len(set(load.acknowledged.values())) == len(load.acknowledged), "two names were answered with one id"


async def assert_invited_once(backstage: Backstage, load: Load) -> None:
    """Each invited person has one invitation in identity, one record in invites under the acknowledged id."""
    invited = await backstage.streams_with("identity", "user.invited")
    recorded = await backstage.streams_with("invites", "invite.created")
    assert set(invited.values()) == set(recorded.values()) == {1}
    assert len(invited) == len(recorded) == len(load.acknowledged)
    assert {stream.partition("-")[2] for stream in recorded} == set(load.acknowledged.values())


async def assert_mailed_once(backstage: Backstage, load: Load, *, repeats: int = 0) -> None:
    """Each acknowledged invite comes to one mail, under a Message-ID of its own; at most `repeats` came again."""
    addresses = {f"{name}{AT}" for name in load.acknowledged}

    async def all_mailed() -> bool:
        return set(load.own(backstage.mails())) >= addresses

    await until(all_mailed, "each invited address has its mail", timeout_s=MAILED_S)
    mails = load.own(backstage.mails())
    assert set(mails) == addresses
    for address, ids in mails.items():
        assert len(set(ids)) == 1, f"{address}: {ids}"
    assert len({ids[0] for ids in mails.values()}) == len(mails), "two invites share a Message-ID"
    again = sum(len(ids) - 1 for ids in mails.values())
    print(f"mails {len(mails)}, of which came again {again}")
    assert again <= repeats, {address: len(ids) for address, ids in mails.items() if len(ids) > 1}


async def assert_stores_intact(backstage: Backstage) -> None:
    """Of every service: chains are whole, no position is missing, nothing is parked or dead, all is followed."""
    for service in SERVICES:
        found = await backstage.verification(service)
        assert found.broken is None, f"{service}: {found.broken}"
        positions = await backstage.positions(service)
        assert positions == list(range(1, len(positions) + 1)), service
        await _caught_up(backstage, service)


async def assert_stream_whole(backstage: Backstage, service: str) -> None:
    """The service's JetStream stream holds every event of its store, once and in order."""

    async def whole() -> bool:
        return await backstage.published(service) == await backstage.positions(service)

    await until(whole, f"the stream of {service} holds every event once")


async def assert_rows_are_a_rebuilds(backstage: Backstage, service: str) -> None:
    """Every projection of the service shows the same rows after it was filled anew from the events."""
    async with asyncio.timeout(SEEN_S):
        while True:
            before = await _caught_up(backstage, service)
            running = await backstage.digests(service, rebuilt=False)
            if running == await backstage.digests(service, rebuilt=True):
                return
            assert await _caught_up(backstage, service) != before, f"a projection of {service} differs from a rebuild"


async def _caught_up(backstage: Backstage, service: str) -> Status:
    async def caught_up() -> bool:
        status = await backstage.status(service)
        assert (status.parked, status.dead_letters) == ((), ()), status
        return all(each.lag == 0 for each in status.followers if each.kind != "consumer")

    await until(caught_up, f"the followers of {service} have caught up")
    return await backstage.status(service)
