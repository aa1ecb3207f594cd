"""Fixtures of the deployments service: it runs in this process on real Postgres and real NATS."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest

from shared.service import ServiceProcess
from tests.conftest import NewDatabase
from tests.integration.deployments.service import Gateway, gateway_of, running, settings_of
from tests.servers import Database, NatsForTests


@dataclass(frozen=True)
class Ground:
    """The servers of one test."""

    database: Database
    nats: NatsForTests


@pytest.fixture
async def ground(database: NewDatabase, nats_server: NatsForTests) -> Ground:
    """A database and a NATS of this test."""
    return Ground(await database("deployments"), nats_server)


@pytest.fixture
async def service(ground: Ground) -> AsyncGenerator[ServiceProcess]:
    """The running service."""
    async with running(settings_of(ground.database, ground.nats)) as process:
        yield process


@pytest.fixture
async def gateway(ground: Ground) -> AsyncGenerator[Gateway]:
    """Who asks."""
    async with gateway_of(ground.nats) as gateway:
        yield gateway
