"""What people and other replicas get to know: status, gauges, nudges."""

from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from shared.errors import NotFound
from shared.followers.followers import Followed, Followers
from shared.followers.status import FollowerKind
from tests.integration.bus import bus_of, until
from tests.integration.followers.conftest import PROJECTIONS, QUICK, NewReplica, Replica
from tests.integration.followers.counters import TOO_MUCH, Applied, TellRaises, counters, open_counter
from tests.servers import Database, NatsForTests

EVERYTHING = Followed(projections=(counters(), Applied()), policies=(TellRaises(),))


async def test_status_shows_where_everybody_stands(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel, EVERYTHING, start=False)
    await open_counter(mine.store, "a", 1, TOO_MUCH)

    before = {each.name: each for each in (await mine.followers.status()).followers}
    assert {name: (each.kind, each.lag) for name, each in before.items()} == {
        "counters": (FollowerKind.PROJECTION, 3),
        "applied": (FollowerKind.PROJECTION, 3),
        "tell-raises": (FollowerKind.POLICY, 3),
        "publisher": (FollowerKind.PUBLISHER, 3),
    }

    await mine.followers.start()
    await until(lambda: has_jobs(mine, 2))
    await mine.caught_up()
    after = {each.name: each for each in (await mine.followers.status()).followers}
    assert (after["counters"].position, after["counters"].lag, after["counters"].parked) == (3, 0, 1)
    assert after["applied"].parked == 0


async def test_gauges_show_what_needs_a_person(kernel: Database, replica: NewReplica) -> None:
    first: Replica = await replica(kernel, EVERYTHING, start=False)
    await open_counter(first.store, "a", 1, TOO_MUCH)
    await first.followers.start()
    await until(lambda: has_jobs(first, 2))
    await first.caught_up()
    await first.followers.stop()

    await replica(kernel, EVERYTHING, service="gauges")

    await until(lambda: gauge("aerodrome_follower_position", follower="counters") == 3)
    assert gauge("aerodrome_parked_streams", follower="counters") == 1
    assert gauge("aerodrome_follower_lag_events", follower="counters") == 0
    assert gauge("aerodrome_outbox_jobs", kind="tell") == 2
    assert gauge("aerodrome_dead_letters", kind="tell") == 0


async def test_a_commit_wakes_the_followers_of_other_replicas(
    kernel: Database, replica: NewReplica, nats_server: NatsForTests
) -> None:
    patient = replace(QUICK, poll=timedelta(minutes=5))
    async with bus_of(nats_server, "identity") as first_bus, bus_of(nats_server, "identity") as second_bus:
        first: Replica = await replica(kernel, bus=first_bus, settings=patient, start=False)
        second: Replica = await replica(kernel, bus=second_bus, settings=patient)
        for n in range(3):
            last = await open_counter(first.store, f"c{n}")
            assert await second.followers.wait_for(position=last.position, timeout_s=5)
        await second.followers.stop()


async def test_a_wait_for_a_source_that_is_not_consumed_is_a_mistake(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)

    with pytest.raises(NotFound, match="deployments"):
        await mine.followers.wait_for_source("deployments", 1)


async def test_names_are_unique(kernel: Database, replica: NewReplica) -> None:
    class SameName(TellRaises):
        name = "applied"

    mine: Replica = await replica(kernel, start=False)

    with pytest.raises(TypeError, match="applied"):
        Followers(
            "identity",
            store=mine.store,
            pool=mine.pool,
            bus=None,
            followed=Followed(projections=PROJECTIONS.projections, policies=(SameName(),)),
        )


async def has_jobs(mine: Replica, count: int) -> bool:
    found: bool = await mine.pool.fetchval("select count(*) = $1 from outbox", count)
    return found


def gauge(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"service": "gauges", **labels})
