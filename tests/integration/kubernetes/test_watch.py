"""Pods and their lines are known through everything that a connection to an API server goes through."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from services.deployments.contract import DeploymentId
from services.deployments.kubernetes.cluster import Cluster
from services.deployments.kubernetes.logs import LogFollower
from services.deployments.kubernetes.pods import PodWatch
from services.deployments.runner.versions import Part
from tests.cluster.api import FakeCluster
from tests.cluster.driver import INSTALLATION, Heard
from tests.cluster.pods import Fate
from tests.integration.deployments.service import until

ID = DeploymentId("cdeployment00000000000001")
PODS = "/api/v1/namespaces/aerodrome-a/pods"


def pod(component: str = "scheduler", *, installation: str = INSTALLATION) -> dict[str, Any]:
    ours = {"aerodrome/installation": installation, "aerodrome/deployment": ID}
    return {"metadata": {"labels": {"tier": "airflow", "component": component, **ours}}}


@pytest.fixture
async def watch(cluster: FakeCluster) -> AsyncGenerator[PodWatch]:
    """A watch on the cluster."""
    api = Cluster({"KUBECONFIG": str(cluster.kubeconfig)})
    made = PodWatch(api, INSTALLATION, first_pause_s=0.01)
    yield made
    await made.stop()
    await api.close()


def names(watch: PodWatch) -> set[str]:
    return {each.metadata.name for each in watch.of(ID)}


async def knows(watch: PodWatch, wanted: set[str]) -> None:
    async with asyncio.timeout(20):
        seen = -1
        while names(watch) != wanted:
            seen = await watch.after(seen)


async def watches(cluster: FakeCluster, number: int = 1) -> None:
    async def so_many() -> bool:
        return cluster.watched == number

    await until(so_many)


async def test_what_is_there_is_listed_page_by_page(cluster: FakeCluster, watch: PodWatch) -> None:
    cluster.page = 2
    for number in range(5):
        await cluster.put(f"{PODS}/p{number}", pod())
    await cluster.put(f"{PODS}/theirs", pod(installation="another"))
    await watch.ready()
    assert names(watch) == {"p0", "p1", "p2", "p3", "p4"}


async def test_what_comes_changes_and_goes_is_seen(cluster: FakeCluster, watch: PodWatch) -> None:
    await watch.ready()
    await cluster.put(f"{PODS}/p", pod())
    await knows(watch, {"p"})
    await cluster.turn("scheduler", Fate.CRASHES)
    seen = -1
    while watch.of(ID)[0].is_ready:
        seen = await watch.after(seen)
    await cluster.remove(f"{PODS}/p")
    await knows(watch, set())


async def test_after_a_break_it_goes_on_where_it_was(cluster: FakeCluster, watch: PodWatch) -> None:
    await cluster.put(f"{PODS}/p", pod())
    await watch.ready()
    await watches(cluster)
    await cluster.break_off()
    await cluster.put(f"{PODS}/q", pod())
    await knows(watch, {"p", "q"})
    lists = [path for _, path, _ in cluster.asked if path == "/api/v1/pods"]
    assert len(lists) <= 4  # one list, then watches alone
    assert watch.trouble() == ""


async def test_what_happened_in_a_time_that_is_forgotten_is_listed(cluster: FakeCluster, watch: PodWatch) -> None:
    await cluster.put(f"{PODS}/p", pod())
    await watch.ready()
    await watches(cluster)
    cluster.refused[("GET", "/api/v1/pods")] = 503
    await cluster.break_off()
    await cluster.remove(f"{PODS}/p")
    await cluster.put(f"{PODS}/q", pod())
    cluster.forget()
    cluster.refused.clear()
    await knows(watch, {"q"})


async def test_an_expired_version_within_a_watch_is_listed_anew(cluster: FakeCluster, watch: PodWatch) -> None:
    await watch.ready()
    await watches(cluster)
    await cluster.put(f"{PODS}/p", pod())
    await knows(watch, {"p"})
    await cluster.expire()
    await cluster.put(f"{PODS}/q", pod())
    await knows(watch, {"p", "q"})


async def test_it_begins_while_the_cluster_is_away(cluster: FakeCluster, watch: PodWatch) -> None:
    cluster.refused[("GET", "/api/v1/pods")] = 503
    begun = asyncio.create_task(watch.ready())
    await until(lambda: _was_asked(cluster, 2))
    assert not begun.done()
    cluster.refused.clear()
    await begun


async def _was_asked(cluster: FakeCluster, times: int) -> bool:
    return len(cluster.asked) >= times


@pytest.fixture
async def heard(watch: PodWatch) -> AsyncGenerator[Heard]:
    """What a follower hears."""
    made = Heard()
    follower = LogFollower(cluster=watch.cluster, watch=watch, lines=made.of, first_pause_s=0.01)
    await watch.ready()
    follower.start()
    yield made
    await follower.stop()


async def hears(heard: Heard, *wanted: str) -> None:
    async def so() -> bool:
        return [line for _, _, line in heard.lines] == list(wanted)

    await until(so)


async def test_lines_come_once_through_breaks_and_restarts(cluster: FakeCluster, heard: Heard) -> None:
    await cluster.put(f"{PODS}/p", pod())
    await cluster.say("p", "one", second=1)
    await cluster.say("p", "two", second=1)
    await hears(heard, "one", "two")
    await cluster.logs["p"].end()
    await until(lambda: _follows(cluster, "p"))
    await cluster.say("p", "three", second=2)
    await hears(heard, "one", "two", "three")
    await cluster.turn("scheduler", Fate.CRASHES)
    await cluster.turn("scheduler", Fate.READY)
    await cluster.say("p", "four", second=3)
    await hears(heard, "one", "two", "three", "four")
    assert {(id_, part) for id_, part, _ in heard.lines} == {(ID, Part.SCHEDULER)}


async def _follows(cluster: FakeCluster, name: str) -> bool:
    return cluster.logs[name].followers == 1


async def test_a_pod_that_is_gone_is_followed_no_more(cluster: FakeCluster, heard: Heard) -> None:
    await cluster.put(f"{PODS}/p", pod("worker"))
    await cluster.put(f"{PODS}/other", pod("redis"))
    await cluster.say("p", "one", second=1)
    await cluster.say("other", "not of airflow", second=1)
    await hears(heard, "one")
    await cluster.remove(f"{PODS}/p")
    await until(lambda: _follows_nothing(cluster))


async def _follows_nothing(cluster: FakeCluster) -> bool:
    return all(each.followers == 0 for each in cluster.logs.values())
