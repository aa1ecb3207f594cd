"""Fixtures of the gateway's tests: a gateway alone, and one in front of all services."""

from collections.abc import AsyncGenerator

import pytest

from tests.integration.gateway.doors import Door, open_door
from tests.servers import NatsForTests


@pytest.fixture
async def alone(nats_server: NatsForTests) -> AsyncGenerator[Door]:
    """A gateway with NATS and no service behind it."""
    async with open_door(nats_server, allowed_origins="https://console.example.com") as door:
        yield door
