"""A client that does not read: it is cut off, and nothing of it stays."""

import asyncio
import socket

import aiohttp
import pytest
from graphql import get_introspection_query

from services.gateway.metrics import SOCKETS
from services.gateway.sockets import session
from tests.integration.bus import until
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")
OPERATIONS = 25  # their answers are twice what Linux keeps for a socket, 4 MiB


def open_sockets() -> float:
    """Return how many sockets the gateway counts."""
    return next(sample.value for metric in SOCKETS.collect() for sample in metric.samples)


def narrow_socket(_address: object) -> socket.socket:
    """Return a socket that takes little before it is read."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.setblocking(False)
    return made


def large_document() -> str:
    """Return a document with an answer of more than 300 kB."""
    selection = get_introspection_query().split("__schema", 1)[1].rsplit("fragment FullType", 1)
    schema, fragments = selection[0].rsplit("}", 1)[0], "fragment FullType" + selection[1]
    return "query { " + " ".join(f"s{n}: __schema {schema}" for n in range(3)) + " } " + fragments


async def test_a_client_that_does_not_read_is_cut_off(aerodrome: Aerodrome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SEND_S", 0.5)
    document = large_document()
    assert len(str(await aerodrome.door.run(document))) > 300_000
    before = open_sockets()
    connector = aiohttp.TCPConnector(socket_factory=narrow_socket)
    async with (
        aiohttp.ClientSession(connector=connector) as client,
        client.ws_connect(f"{aerodrome.door.url}/ws", protocols=["graphql-transport-ws"]) as talk,
    ):
        await talk.send_json({"type": "connection_init", "payload": {"authorization": aerodrome.admin}})
        assert (await talk.receive_json())["type"] == "connection_ack"
        for number in range(OPERATIONS):
            await talk.send_json({"type": "subscribe", "id": str(number), "payload": {"query": document}})
        await until(lambda: open_sockets() == before, timeout_s=30)
    assert [task for task in asyncio.all_tasks() if task.get_name() == "socket operation"] == []
