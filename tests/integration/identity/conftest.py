"""Fixtures of the identity tests."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from services.cli.folder import DataFolder
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


@pytest.fixture
def reached(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """What commands of the CLI take to reach this identity: its settings in the environment, and so no folder."""
    settings = identity.settings()
    assert settings.master_key
    for name, value in {
        "NATS_URL": settings.nats_url,
        "NATS_USER": settings.nats_user,
        "NATS_PASSWORD": settings.nats_password.get_secret_value(),
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "MASTER_KEY": settings.master_key.get_secret_value(),
    }.items():
        monkeypatch.setenv(f"AERODROME_{name}", value)
    return DataFolder(Path(identity.database.name))
