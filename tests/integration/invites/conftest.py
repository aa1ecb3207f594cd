"""Fixtures of the invites tests: a mail server, and identity and invites on real Postgres and NATS."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.conftest import NewDatabase
from tests.integration.invites.installation import Installation, installation
from tests.integration.invites.post_office import PostOffice, open_post_office
from tests.servers import NatsForTests


@pytest.fixture
async def office(private_folder: Path) -> AsyncGenerator[PostOffice]:
    """A mail server that takes everything, until it is told otherwise."""
    async with open_post_office(private_folder / "mail") as opened:
        yield opened


@pytest.fixture
async def aerodrome(
    database: NewDatabase, nats_server: NatsForTests, office: PostOffice
) -> AsyncGenerator[Installation]:
    """Identity and invites, with an administrator."""
    async with installation(database, nats_server, smtp_port=office.port) as made:
        yield made
