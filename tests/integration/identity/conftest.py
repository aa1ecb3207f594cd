"""Fixtures of the identity tests."""

from collections.abc import AsyncGenerator

import pytest

from tests.conftest import NewDatabase
from tests.integration.identity.service import Identity, identity_on
from tests.servers import NatsForTests


@pytest.fixture
async def stopped(database: NewDatabase, nats_server: NatsForTests) -> AsyncGenerator[Identity]:
    """Identity that has not been started yet."""
    async with identity_on(nats_server, await database("identity")) as made:
        yield made


@pytest.fixture
async def identity(stopped: Identity) -> Identity:
    """One replica of identity on an empty database."""
    await stopped.start()
    return stopped
