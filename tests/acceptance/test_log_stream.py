"""`deploymentLogStream` over both sub-protocols: from a start time on, then live."""

import asyncio
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.acceptance.client import Houston

CREATE = """mutation ($workspace: Uuid!, $label: String!) {
  createDeployment(workspaceUuid: $workspace, type: "airflow", label: $label) { id status }
}"""
STREAM = """subscription ($deployment: String, $since: DateTime) {
  deploymentLogStream(deploymentUuid: $deployment, component: "scheduler", interval: 100, timestamp: $since) {
    id timestamp component message
  }
}"""


async def make_deployment(admin: Houston) -> str:
    """Return the id of a new simulated deployment in a workspace of its own."""
    workspace = (await admin.run('mutation { createWorkspace(label: "logs") { id } }'))["createWorkspace"]["id"]
    made = await admin.run(CREATE, {"workspace": workspace, "label": f"logs-{uuid4().hex[:8]}"})
    deployment: str = made["createDeployment"]["id"]
    return deployment


async def records(socket: aiohttp.ClientWebSocketResponse, *, kind: str, least: int) -> list[dict[str, Any]]:
    """Return at least `least` records that arrive in frames of type `kind`, within 20 s."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        while len(found) < least:
            frame = await socket.receive_json()
            if frame["type"] == kind:
                assert "errors" not in frame["payload"], frame
                found += frame["payload"]["data"]["deploymentLogStream"]
    return found


@pytest.mark.parametrize(
    ("protocol", "start", "data"), [("graphql-ws", "start", "data"), ("graphql-transport-ws", "subscribe", "next")]
)
async def test_a_stream_replays_from_its_start_time_and_goes_on_live(
    admin: Houston, protocol: str, start: str, data: str
) -> None:
    deployment = await make_deployment(admin)
    payload = {"query": STREAM, "variables": {"deployment": deployment, "since": "2026-01-01T00:00:00.123456789Z"}}
    async with admin.session.ws_connect(f"{admin.url}/ws", protocols=[protocol]) as socket:
        assert socket.protocol == protocol
        await socket.send_json({"type": "connection_init", "payload": {"authorization": admin.authorization}})
        await socket.send_json({"type": start, "id": "1", "payload": payload}) if protocol == "graphql-ws" else None
        assert (await socket.receive_json())["type"] == "connection_ack"
        if protocol != "graphql-ws":
            await socket.send_json({"type": start, "id": "1", "payload": payload})
        first = await records(socket, kind=data, least=3)
    async with admin.session.ws_connect(f"{admin.url}/ws", protocols=[protocol]) as socket:
        await socket.send_json({"type": "connection_init", "payload": {"authorization": admin.authorization}})
        assert (await socket.receive_json())["type"] == "connection_ack"
        await socket.send_json({"type": start, "id": "1", "payload": payload})
        again = await records(socket, kind=data, least=len(first) + 2)
    assert again[: len(first)] == first
    assert len({record["id"] for record in again}) == len(again)
    assert {record["component"] for record in again} == {"scheduler"}
    assert [record["timestamp"] for record in again] == sorted(record["timestamp"] for record in again)


async def test_the_command_lines_socket_works_without_an_id(admin: Houston) -> None:
    deployment = await make_deployment(admin)
    async with admin.session.ws_connect(f"{admin.url}/ws", protocols=["graphql-ws"]) as socket:
        await socket.send_json({"type": "connection_init", "payload": {"authorization": admin.authorization}})
        await socket.send_json({"type": "start", "payload": {"query": STREAM, "variables": {"deployment": deployment}}})
        assert (await socket.receive_json())["type"] == "connection_ack"
        async with asyncio.timeout(20):
            while (frame := await socket.receive_json())["type"] != "data":
                pass
        assert frame.get("id") is None
        await socket.close(code=1000, message=b'{"id":"1","type":"stop"}')


async def test_a_bad_token_is_told_and_the_socket_closed(anonymous: Houston) -> None:
    async with anonymous.session.ws_connect(f"{anonymous.url}/ws", protocols=["graphql-ws"]) as socket:
        await socket.send_json({"type": "connection_init", "payload": {"authorization": "0" * 32}})
        frame = await socket.receive_json()
        assert (frame["type"], frame["payload"]["message"]) == ("connection_error", "Prohibited connection!")
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 1011
