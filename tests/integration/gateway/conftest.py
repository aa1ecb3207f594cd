"""Fixtures of the gateway's tests: a gateway alone, and one in front of all services."""

import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from shared.bus.client import Bus
from tests.integration.bus import bus_of
from tests.integration.gateway.components import Writer, writing
from tests.integration.gateway.doors import Door, open_door
from tests.integration.gateway.whole import Aerodrome, whole
from tests.integration.invites.post_office import open_post_office
from tests.servers import NatsForTests, PostgresForTests, start_nats


@pytest.fixture
async def alone(nats_server: NatsForTests) -> AsyncGenerator[Door]:
    """A gateway with NATS and no service behind it."""
    async with open_door(nats_server, allowed_origins="https://console.example.com") as door:
        yield door


@pytest.fixture
async def bus(nats_server: NatsForTests) -> AsyncGenerator[Bus]:
    """A gateway's connection to NATS."""
    async with bus_of(nats_server, "gateway") as connected:
        yield connected


@pytest.fixture
async def writer(nats_server: NatsForTests) -> AsyncGenerator[Writer]:
    """A component that writes lines, and the stream for them."""
    async with writing(nats_server) as made:
        await made.make_stream()
        yield made


@pytest.fixture(scope="module")
def module_folder(session_folder: Path) -> Path:
    """A folder of one module's tests."""
    folder = Path(tempfile.mkdtemp(dir=session_folder))
    folder.chmod(0o711)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def aerodrome(postgres_server: PostgresForTests, module_folder: Path) -> AsyncGenerator[Aerodrome]:
    """Every service behind a gateway, with an administrator; the tests of a module share it."""
    nats = start_nats(module_folder / "nats")
    try:
        async with (
            open_post_office(module_folder / "mail") as office,
            whole(postgres_server.new_database, nats, office) as running,
        ):
            yield running
    finally:
        nats.child.stop()
