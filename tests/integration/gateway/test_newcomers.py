"""Sockets whose clients do not tell who they are have few places; those who do leave theirs."""

from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from services.gateway.sockets import door as sockets
from tests.integration.gateway.doors import Door
from tests.integration.gateway.whole import Aerodrome

TRANSPORT = "graphql-transport-ws"
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def refused(door: Door) -> int:
    """Return the status that a further socket is refused with."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as told:
        await door.socket(TRANSPORT)
    return told.value.status


async def begin(socket: Any, token: str) -> None:
    """Tell a socket who its client is."""
    await socket.send_json({"type": "connection_init", "payload": {"authorization": token}})
    assert (await socket.receive_json())["type"] == "connection_ack"


@pytest.mark.parametrize(("limit", "status"), [("MOST_NEWCOMERS", 503), ("MOST_NEWCOMERS_OF_PEER", 429)])
async def test_newcomers_have_few_places(
    aerodrome: Aerodrome, monkeypatch: pytest.MonkeyPatch, limit: str, status: int
) -> None:
    monkeypatch.setattr(sockets, limit, 2)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(aerodrome.door.socket(TRANSPORT))
        await stack.enter_async_context(aerodrome.door.socket(TRANSPORT))
        assert await refused(aerodrome.door) == status
        await begin(first, aerodrome.admin)
        await begin(await stack.enter_async_context(aerodrome.door.socket(TRANSPORT)), aerodrome.admin)
        await stack.enter_async_context(aerodrome.door.socket(TRANSPORT))
        assert await refused(aerodrome.door) == status


async def test_one_address_can_not_take_every_place(aerodrome: Aerodrome) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(sockets.MOST_NEWCOMERS_OF_PEER):
            await stack.enter_async_context(aerodrome.door.socket(TRANSPORT))
        assert await refused(aerodrome.door) == 429
        assert "errors" not in await aerodrome.door.run("{ __typename }")
