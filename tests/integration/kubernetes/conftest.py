"""A cluster of one test and a driver on it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from services.deployments.kubernetes.driver import KubernetesDriver
from tests.cluster.api import FakeCluster, running_cluster
from tests.cluster.driver import Heard, driver_on
from tests.servers import PostgresForTests


@pytest.fixture
async def cluster(private_folder: Path) -> AsyncGenerator[FakeCluster]:
    """An empty cluster."""
    async with running_cluster(private_folder) as made:
        yield made


@pytest.fixture
def heard() -> Heard:
    """What is heard of components."""
    return Heard()


@pytest.fixture
async def driver(
    cluster: FakeCluster, postgres_server: PostgresForTests, heard: Heard
) -> AsyncGenerator[KubernetesDriver]:
    """A driver whose deployments end with the test."""
    made = driver_on(cluster, postgres_server.server.dsn(), heard=heard)
    try:
        yield made
    finally:
        cluster.refused.clear()
        cluster.stuck = False
        for id_ in await made.list_managed():
            await made.delete(id_)
        await made.stop()
