"""Operations on sockets with every service behind them: both sub-protocols, live lines, and clean ends."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import WSMsgType

from services.deployments.contract import Component
from services.gateway.logs.groups import FAREWELL
from services.gateway.sockets import seats
from services.gateway.sockets.guard import FAREWELLS, Loss
from services.gateway.sockets.seats import TOO_MANY_OPERATIONS, TOO_MANY_SOCKETS
from services.gateway.sockets.session import MOST_OPERATIONS
from tests.integration.bus import until
from tests.integration.gateway.components import START, writing
from tests.integration.gateway.doors import open_door
from tests.integration.gateway.talks import DATA, LEGACY, STOP, TRANSPORT, Talk, talking
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")
BOTH = pytest.mark.parametrize("protocol", [LEGACY, TRANSPORT])
STREAM = """subscription ($d: String, $since: DateTime, $c: String) {
  deploymentLogStream(deploymentUuid: $d, interval: 100, timestamp: $since, component: $c) {
    id uuid timestamp release component level message
  }
}"""
ONE_BY_ONE = """subscription log($d: Uuid!, $c: String, $since: DateTime, $s: String) {
  log(deploymentUuid: $d, component: $c, timestamp: $since, search: $s) {
    id uuid timestamp release component level message
  }
}"""
LONG_AGO = "2000-01-01T00:00:00.123456789Z"


async def make_deployment(aerodrome: Aerodrome) -> str:
    """Return the id of a new simulated deployment in a workspace of its own."""
    document = "mutation ($w: Uuid!, $l: String!) { createDeployment(workspaceUuid: $w, label: $l) { id } }"
    workspace = await aerodrome.make_workspace()
    made = await aerodrome.data(document, aerodrome.admin, w=workspace, l=f"logs-{uuid4().hex[:8]}")
    id_: str = made["id"]
    return id_


def operations() -> list[str]:
    """Return the tasks of operations that are still there."""
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "socket operation"]


@BOTH
async def test_lines_come_from_a_start_time_and_go_on_live(aerodrome: Aerodrome, protocol: str) -> None:
    deployment = await make_deployment(aerodrome)
    async with talking(aerodrome, protocol) as talk:
        await talk.start("1", STREAM, d=deployment, since=LONG_AGO, c="scheduler")
        first = await talk.lines("1", 3)
    async with talking(aerodrome, protocol) as talk:
        await talk.start("1", STREAM, d=deployment, since=LONG_AGO, c="scheduler")
        again = await talk.lines("1", len(first) + 2)
    assert again[: len(first)] == first
    assert len({line["id"] for line in again}) == len(again)
    assert {line["component"] for line in again} == {"scheduler"}
    assert all(line["uuid"] == line["id"] and line["release"] for line in again)
    assert [line["timestamp"] for line in again] == sorted(line["timestamp"] for line in again)


@BOTH
async def test_lines_come_one_a_frame_none_lost_and_none_twice(aerodrome: Aerodrome, protocol: str) -> None:
    deployment = await make_deployment(aerodrome)
    async with talking(aerodrome, protocol) as talk, writing(aerodrome.installation.nats) as writer:
        await talk.start("1", ONE_BY_ONE, d=deployment, since=LONG_AGO, c="Workers", s="TASK")
        for number in range(3):  # records of one moment, in several batches
            texts = [f"task {number}-{index}" for index in range(5)]
            await writer.write(*texts, "else", component=Component.WORKER, at=START, deployment=deployment)
        lines = await talk.each_line("1", 15)
    assert len({line["id"] for line in lines}) == 15
    assert {line["message"] for line in lines} == {f"task {n}-{i}" for n in range(3) for i in range(5)}
    assert {(line["component"], bool(line["release"])) for line in lines} == {("worker", True)}


async def test_lines_one_by_one_are_those_of_the_lists(aerodrome: Aerodrome) -> None:
    deployment = await make_deployment(aerodrome)
    async with talking(aerodrome, LEGACY) as talk:
        await talk.start("lists", STREAM, d=deployment, since=LONG_AGO)
        lists = await talk.lines("lists", 5)
    async with talking(aerodrome, LEGACY) as talk:
        await talk.start("each", ONE_BY_ONE, d=deployment, since=LONG_AGO)
        assert await talk.each_line("each", len(lists)) == lists


async def test_lines_one_by_one_go_on_from_now_by_default(aerodrome: Aerodrome) -> None:
    deployment = await make_deployment(aerodrome)
    async with talking(aerodrome, TRANSPORT) as talk, writing(aerodrome.installation.nats) as writer:
        await writer.write("of the past", component=Component.TRIGGERER, at=START, deployment=deployment)
        await talk.start("1", ONE_BY_ONE, d=deployment, c="triggerer", s="of ")
        seeing = asyncio.create_task(talk.each_line("1", 1))

        async def seen() -> bool:
            await writer.write("of now", component=Component.TRIGGERER, deployment=deployment)
            return seeing.done()

        await until(seen)
        assert [line["message"] for line in await seeing] == ["of now"]


async def test_the_command_lines_start_has_no_id_and_does_not_wait(aerodrome: Aerodrome) -> None:
    deployment = await make_deployment(aerodrome)
    async with aerodrome.door.socket(LEGACY) as socket:
        talk = Talk(socket, LEGACY)
        await talk.send("connection_init", payload={"authorization": f"Bearer {aerodrome.admin}"})
        await talk.start(None, STREAM, d=deployment, since=LONG_AGO)
        assert await talk.frame() == {"type": "connection_ack"}
        frame = await talk.frame()
        assert frame["type"] == "data"
        assert "id" not in frame
        await socket.close(code=1000, message=b'{"id":"1","type":"stop"}')
    await until(lambda: operations() == [])


async def test_a_start_before_the_beginning_waits_for_it_in_the_old_protocol(aerodrome: Aerodrome) -> None:
    async with aerodrome.door.socket(LEGACY) as socket:
        talk = Talk(socket, LEGACY)
        for key in ("a", "b"):
            await talk.start(key, "{ self { isAdmin } }")
        await talk.send("connection_init", payload={"authorization": aerodrome.admin})
        assert await talk.frame() == {"type": "connection_ack"}
        frames = [await talk.frame() for _ in range(4)]
    assert sorted(frame["id"] for frame in frames if frame["type"] == "data") == ["a", "b"]


@BOTH
async def test_a_stop_ends_one_operation_and_leaves_the_others(aerodrome: Aerodrome, protocol: str) -> None:
    deployment = await make_deployment(aerodrome)
    async with talking(aerodrome, protocol) as talk:
        await talk.start("a", STREAM, d=deployment, since=LONG_AGO)
        await talk.lines("a", 1)
        await talk.send(STOP[protocol], "a")
        await talk.start("b", "{ self { isAdmin } }")
        frames = [frame async for frame in until_complete(talk, "b")]
    assert {"type": DATA[protocol], "id": "b", "payload": {"data": {"self": {"isAdmin": True}}}} in frames
    await until(lambda: operations() == [])


async def until_complete(talk: Talk, key: str) -> AsyncGenerator[dict[str, Any]]:
    """Yield the frames up to the one that completes an operation."""
    while True:
        frame = await talk.frame()
        yield frame
        if (frame["type"], frame.get("id")) == ("complete", key):
            return


@BOTH
async def test_a_document_that_is_not_valid_is_an_error_frame(aerodrome: Aerodrome, protocol: str) -> None:
    async with talking(aerodrome, protocol) as talk:
        await talk.start("1", "subscription { nothing { id } }")
        frame = await talk.frame()
    assert (frame["type"], frame["id"]) == ("error", "1")
    errors = [frame["payload"]] if protocol == LEGACY else frame["payload"]
    assert "Cannot query field" in errors[0]["message"]


@BOTH
@pytest.mark.parametrize(("document", "field"), [(STREAM, "deploymentLogStream"), (ONE_BY_ONE, "log")])
async def test_anothers_lines_are_not_found(aerodrome: Aerodrome, protocol: str, document: str, field: str) -> None:
    deployment = await make_deployment(aerodrome)
    _, stranger = await aerodrome.make_user(f"stranger-{uuid4().hex[:8]}@example.com")
    async with talking(aerodrome, protocol, stranger) as talk:
        await talk.start("1", document, d=deployment, since=LONG_AGO)
        frames = [frame async for frame in until_complete(talk, "1")]
    assert [frame["type"] for frame in frames] == [DATA[protocol], "complete"]
    (error,) = frames[0]["payload"]["errors"]
    assert error["extensions"]["code"] == "RESOURCE_NOT_FOUND"
    assert error["path"] == [field]


async def test_a_missing_deployment_is_named(aerodrome: Aerodrome) -> None:
    async with talking(aerodrome, TRANSPORT) as talk:
        await talk.start("1", "subscription { deploymentLogStream { id } }")
        frame = await talk.frame()
    assert frame["payload"]["errors"][0]["message"] == "A required argument was not sent: deploymentUuid"


@pytest.mark.parametrize("document", [STREAM, ONE_BY_ONE])
async def test_deleting_the_deployment_completes_its_stream(aerodrome: Aerodrome, document: str) -> None:
    deployment = await make_deployment(aerodrome)
    async with talking(aerodrome, TRANSPORT) as talk:
        await talk.start("1", document, d=deployment, since=LONG_AGO)
        await talk.frame()
        drop = "mutation ($d: Uuid) { deleteDeployment(deploymentUuid: $d) { id } }"
        await aerodrome.data(drop, aerodrome.admin, d=deployment)
        frames = [frame async for frame in until_complete(talk, "1")]
    assert all("errors" not in frame.get("payload", {}) for frame in frames)


@pytest.mark.parametrize("document", [STREAM, ONE_BY_ONE])
async def test_a_key_that_is_deleted_ends_its_streams(aerodrome: Aerodrome, document: str) -> None:
    deployment = await make_deployment(aerodrome)
    create = 'mutation { createServiceAccount(label: "ci", entityType: SYSTEM) { id apiKey } }'
    made = await aerodrome.data(create, aerodrome.admin)
    async with talking(aerodrome, TRANSPORT, made["apiKey"]) as talk:
        await talk.start("1", document, d=deployment, since=LONG_AGO)
        await talk.frame()
        delete = "mutation ($i: Uuid!) { deleteServiceAccount(serviceAccountUuid: $i) { id } }"
        await aerodrome.data(delete, aerodrome.admin, i=made["id"])
        frames = [frame async for frame in until_closed(talk)]
    assert talk.socket.close_code == 4403
    ((shown,),) = (frames[-1]["payload"]["data"].values(),)
    last: dict[str, Any] = shown if document == ONE_BY_ONE else shown[0]
    assert last["message"] == f"{FAREWELL}{FAREWELLS[Loss.RIGHT]}"
    assert last["level"] == "WARNING"
    await until(lambda: operations() == [])


async def until_closed(talk: Talk) -> AsyncGenerator[dict[str, Any]]:
    """Yield the frames up to the socket's end."""
    async with asyncio.timeout(20):
        while (message := await talk.socket.receive()).type is WSMsgType.TEXT:
            yield message.json()


@BOTH
async def test_somebody_has_at_most_half_of_all_sockets_and_is_told_so(
    aerodrome: Aerodrome, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    monkeypatch.setattr(seats, "MOST_SOCKETS", 2)
    async with open_door(aerodrome.installation.nats) as door, door.socket(protocol) as first:
        await Talk(first, protocol).send("connection_init", payload={"authorization": aerodrome.admin})
        assert await first.receive_json() == {"type": "connection_ack"}
        async with door.socket(protocol) as second:
            await Talk(second, protocol).send("connection_init", payload={"authorization": aerodrome.admin})
            if protocol == LEGACY:
                frame = await second.receive_json()
                assert frame == {"type": "connection_error", "payload": {"message": TOO_MANY_SOCKETS}}
            closing = await second.receive()
        assert (closing.data, closing.extra) == (1011 if protocol == LEGACY else 4503, TOO_MANY_SOCKETS)


async def test_somebody_has_at_most_half_of_all_operations_and_is_told_so(
    aerodrome: Aerodrome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "MOST_OPERATIONS", 2)
    deployment = await make_deployment(aerodrome)
    async with open_door(aerodrome.installation.nats) as door, door.socket(TRANSPORT) as socket:
        talk = Talk(socket, TRANSPORT)
        await talk.send("connection_init", payload={"authorization": aerodrome.admin})
        assert await talk.frame() == {"type": "connection_ack"}
        await talk.start("1", STREAM, d=deployment, since="2999-01-01T00:00:00Z")
        await talk.start("2", STREAM, d=deployment, since="2999-01-01T00:00:00Z")
        frame = await talk.frame()
        assert (frame["type"], frame["id"], frame["payload"][0]["message"]) == ("error", "2", TOO_MANY_OPERATIONS)
        await talk.send("complete", "1")

        async def admitted() -> bool:
            await talk.start("3", "{ __typename }")
            return bool((await talk.frame())["type"] == "next")

        await until(admitted)


async def test_an_id_that_is_taken_closes_the_present_protocol(aerodrome: Aerodrome) -> None:
    deployment = await make_deployment(aerodrome)
    async with talking(aerodrome, TRANSPORT) as talk:
        await talk.start("1", STREAM, d=deployment)
        await talk.start("1", STREAM, d=deployment)
        assert await talk.closed() == 4409
    await until(lambda: operations() == [])


async def test_an_id_that_is_taken_replaces_in_the_old_protocol(aerodrome: Aerodrome) -> None:
    deployment = await make_deployment(aerodrome)
    async with talking(aerodrome, LEGACY) as talk:
        await talk.start("1", STREAM, d=deployment, since="2999-01-01T00:00:00Z")
        await talk.start("1", "{ self { isAdmin } }")
        frames = [await talk.frame() for _ in range(3)]
    assert [frame["type"] for frame in frames] == ["complete", "data", "complete"]


async def test_a_second_beginning_closes_the_socket(aerodrome: Aerodrome) -> None:
    async with talking(aerodrome, TRANSPORT) as talk:
        await talk.send("connection_init", payload={"authorization": aerodrome.admin})
        assert await talk.closed() == 4429


async def test_a_socket_has_a_bounded_number_of_operations(aerodrome: Aerodrome) -> None:
    deployment = await make_deployment(aerodrome)
    async with talking(aerodrome, TRANSPORT) as talk:
        for number in range(MOST_OPERATIONS + 1):
            await talk.start(str(number), STREAM, d=deployment, since="2999-01-01T00:00:00Z")
        frame = await talk.frame()
        assert (frame["type"], frame["id"]) == ("error", str(MOST_OPERATIONS))
        assert len(operations()) == MOST_OPERATIONS
    await until(lambda: operations() == [])


async def test_the_old_protocols_farewell_ends_the_socket(aerodrome: Aerodrome) -> None:
    async with talking(aerodrome, LEGACY) as talk:
        await talk.send("connection_terminate")
        assert await talk.closed() == 1000
