"""Sockets with no service behind them: the manners of both sub-protocols."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from services.gateway.sockets import session
from services.gateway.sockets.early import MOST_EARLY
from tests.integration.gateway.doors import Door

LEGACY, TRANSPORT = "graphql-ws", "graphql-transport-ws"


async def closed(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Return the code that the gateway closes the socket with, reading on until it does."""
    async with asyncio.timeout(10):
        while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    return socket.close_code


@pytest.mark.parametrize("path", ["/ws", "/v1"])
@pytest.mark.parametrize("protocol", [LEGACY, TRANSPORT])
async def test_the_chosen_protocol_is_echoed(alone: Door, path: str, protocol: str) -> None:
    async with alone.socket(protocol, path=path) as socket:
        assert socket.protocol == protocol


async def test_a_socket_without_a_known_protocol_is_closed(alone: Door) -> None:
    async with alone.socket("something-else") as socket:
        assert await closed(socket) == 4406


async def test_another_pages_socket_is_refused(alone: Door) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with alone.socket(TRANSPORT, origin="https://evil.example.com"):
            pass
    assert refused.value.status == 403


async def test_a_plain_get_of_the_socket_is_400(alone: Door) -> None:
    async with alone.session.get(f"{alone.url}/ws") as response:
        assert (response.status, "errors" in await response.json()) == (400, True)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", 4400),
        ("[]", 4400),
        ("{}", 4400),
        ('{"type": 5}', 4400),
        ('{"type": "connection_init", "payload": []}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}', 4401),
        ('{"type": "nothing"}', 4401),
        ('{"type": "connection_init"}', 4403),
        ('{"type": "connection_init", "payload": {"authorization": "\\u0000"}}', 4400),
    ],
)
async def test_the_present_protocol_has_a_code_for_every_mistake(alone: Door, frame: str, code: int) -> None:
    async with alone.socket(TRANSPORT) as socket:
        await socket.send_str(frame)
        assert await closed(socket) == code


async def test_a_frame_must_be_text(alone: Door) -> None:
    async with alone.socket(TRANSPORT) as socket:
        await socket.send_bytes(b"{}")
        assert await closed(socket) == 4400


async def test_a_frame_over_a_mebibyte_is_refused(alone: Door) -> None:
    async with alone.socket(TRANSPORT) as socket:
        await socket.send_str(json.dumps({"type": "ping", "payload": {"x": "y" * 2**20}}))
        assert await closed(socket) == 1009


async def test_a_ping_is_answered_before_the_beginning(alone: Door) -> None:
    async with alone.socket(TRANSPORT) as socket:
        await socket.send_json({"type": "ping"})
        assert await socket.receive_json() == {"type": "pong"}


@pytest.mark.parametrize("chatty", [False, True], ids=["silent", "pinging"])
async def test_a_client_that_never_begins_is_closed(alone: Door, monkeypatch: pytest.MonkeyPatch, chatty: bool) -> None:
    monkeypatch.setattr(session, "INIT_S", 0.2)
    async with alone.socket(TRANSPORT) as socket:
        if chatty:
            await socket.send_json({"type": "ping"})
        assert await closed(socket) == 4408


async def test_a_client_of_the_old_protocol_that_never_begins_is_told_so(
    alone: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "INIT_S", 0.2)
    async with alone.socket(LEGACY) as socket:
        assert (await socket.receive_json())["type"] == "connection_error"
        assert await closed(socket) == 1011


@pytest.mark.parametrize("payload", [None, {}, {"authorization": ""}, {"authorization": None}])
async def test_the_old_protocol_says_why_before_it_closes(alone: Door, payload: Any) -> None:
    async with alone.socket(LEGACY) as socket:
        await socket.send_json({"type": "connection_init", "payload": payload})
        await socket.send_json({"type": "start", "payload": {"query": "{ __typename }"}})
        frame = await socket.receive_json()
        assert frame == {"type": "connection_error", "payload": {"message": "Prohibited connection!"}}
        assert await closed(socket) == 1011


async def test_a_start_before_the_beginning_is_prohibited_with_it(alone: Door) -> None:
    async with alone.socket(LEGACY) as socket:
        await socket.send_json({"type": "start", "payload": {"query": "{ __typename }"}})
        await socket.send_json({"type": "connection_init"})
        assert (await socket.receive_json())["type"] == "connection_error"
        assert await closed(socket) == 1011


async def test_little_is_kept_before_the_beginning(alone: Door) -> None:
    async with alone.socket(LEGACY) as socket:
        for _ in range(2):
            await socket.send_json({"type": "start", "payload": {"query": "{ __typename }" + " " * (MOST_EARLY // 2)}})
        assert (await socket.receive_json())["type"] == "connection_error"
        assert await closed(socket) == 1011


async def test_a_socket_is_told_to_come_back_when_identity_is_away(alone: Door) -> None:
    async with alone.socket(TRANSPORT) as socket:
        await socket.send_json({"type": "connection_init", "payload": {"authorization": "0" * 32}})
        assert await closed(socket) == 4503


async def test_a_gateway_that_leaves_says_so(alone: Door) -> None:
    async with alone.socket(TRANSPORT) as socket:
        leaving = asyncio.create_task(alone.process.stop())
        assert await closed(socket) == 1001
        await leaving
