"""Lines as server-sent events: gone on with by Last-Event-ID, refused and ended with a reason, bounded."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from prometheus_client import REGISTRY

from services.cli.sse import Event, Place, read_events
from services.deployments.contract import Component
from services.gateway.logs import door as doors
from services.gateway.logs import events as sent
from shared.ids import new_id
from tests.integration.bus import until
from tests.integration.gateway.components import START, writing
from tests.integration.gateway.doors import Door, open_door
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")
LONG_AGO = "2000-01-01T00:00:00Z"
DELETE = "mutation ($d: Uuid) { deleteDeployment(deploymentUuid: $d) { id } }"


async def created(aerodrome: Aerodrome) -> tuple[str, str]:
    """Return id and release name of a new simulated deployment."""
    document = "mutation ($w: Uuid!, $l: String!) { createDeployment(workspaceUuid: $w, label: $l) { id releaseName } }"
    made = await aerodrome.data(document, aerodrome.admin, w=await aerodrome.make_workspace(), l=new_id())
    return made["id"], made["releaseName"]


@asynccontextmanager
async def opened(
    aerodrome: Aerodrome,
    deployment: str,
    *,
    token: str = "",
    at: Door | None = None,
    headers: dict[str, str] | None = None,
    **parameters: str,
) -> AsyncGenerator[aiohttp.ClientResponse]:
    """Give the answer to a request for lines, by default the administrator's."""
    door = at or aerodrome.door
    told = {"Authorization": token or aerodrome.admin, **(headers or {})}
    address = f"{door.url}/v1/deployments/{deployment}/logs"
    async with door.session.get(address, params=parameters, headers=told) as response:
        yield response


@asynccontextmanager
async def viewing(
    aerodrome: Aerodrome, deployment: str, place: Place | None = None, **options: Any
) -> AsyncGenerator[AsyncGenerator[Event]]:
    """Give the events of a stream, gone on with at `place`."""
    told = place or Place()
    headers = {"Last-Event-ID": told.last_id} if told.last_id else {}
    async with opened(aerodrome, deployment, headers=headers, **options) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        async with aclosing(read_events(response.content.iter_any(), told)) as events:
            yield events


async def some(events: AsyncGenerator[Event], count: int) -> list[dict[str, Any]]:
    """Return the next lines."""
    async with asyncio.timeout(20):
        return [json.loads((await anext(events)).data) for _ in range(count)]


async def end(events: AsyncGenerator[Event]) -> dict[str, str]:
    """Return what the last event says, and see that it is the last."""
    async with asyncio.timeout(20):
        found = [event async for event in events]
    assert [event.kind for event in found if event.kind != "message"] == ["end"]
    told: dict[str, str] = json.loads(found[-1].data)
    return told


def streams() -> float | None:
    """Return how many streams are told to be open."""
    return REGISTRY.get_sample_value("aerodrome_gateway_log_streams")


async def test_whoever_comes_back_has_no_gap_and_no_repeat(aerodrome: Aerodrome) -> None:
    deployment, release = await created(aerodrome)
    place, seen = Place(), list[dict[str, Any]]()
    for count in (1, 1, 2, 3, 1):
        async with viewing(aerodrome, deployment, place, since=LONG_AGO) as events:
            seen += await some(events, count)
    assert place.retry_s == 2
    async with viewing(aerodrome, release, since="1h", follow="false") as events:
        assert await some(events, len(seen)) == seen
        assert (await end(events))["reason"] == "complete"
    said = {"id", "timestamp", "release", "component", "level", "message", "logger"}
    assert seen[0].keys() == said | {"dagId", "taskId", "runId", "tryNumber", "mapIndex"}
    assert {line["release"] for line in seen} == {release}


async def test_whoever_left_before_the_first_line_misses_none(aerodrome: Aerodrome) -> None:
    deployment, _ = await created(aerodrome)
    place = Place()
    asked: dict[str, Any] = {"component": "worker", "search": "of mine"}
    async with opened(aerodrome, deployment, **asked) as response, asyncio.timeout(20):
        block = (await response.content.readuntil(b"\n\n")).decode()
    place.last_id = block.splitlines()[-2].removeprefix("id: ")
    async with writing(aerodrome.installation.nats) as writer:
        await writer.write("of mine: one", "two", component=Component.WORKER, deployment=deployment)
        async with viewing(aerodrome, deployment, place, **asked) as events:
            assert [line["message"] for line in await some(events, 1)] == ["of mine: one"]


async def test_what_is_wrong_is_refused_before_the_stream_and_never_with_401_or_403(aerodrome: Aerodrome) -> None:
    deployment, release = await created(aerodrome)
    _, stranger = await aerodrome.make_user(f"{new_id()}@example.com")
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"token": "nonsense"}, 400, "FORBIDDEN"),
        ({"token": stranger}, 404, "RESOURCE_NOT_FOUND"),
        ({"component": "flower"}, 400, "BAD_USER_INPUT"),
        ({"since": "yesterday"}, 400, "BAD_USER_INPUT"),
        ({"follow": "maybe"}, 400, "BAD_USER_INPUT"),
        ({"headers": {"Last-Event-ID": "7"}}, 400, "BAD_USER_INPUT"),
    ]
    for options, status, code in cases:
        for name in (deployment, release):
            async with opened(aerodrome, name, **options) as response:
                error = (await response.json())["errors"][0]
                assert (response.status, error["extensions"]["code"]) == (status, code), options
    async with opened(aerodrome, new_id()) as response:
        assert response.status == 404


async def test_a_cookie_is_no_credential_here(aerodrome: Aerodrome) -> None:
    deployment, _ = await created(aerodrome)
    cookies = {"Cookie": f"astronomer_127_0_0_1_auth={aerodrome.admin}", "Origin": aerodrome.door.url}
    address = f"{aerodrome.door.url}/v1/deployments/{deployment}/logs"
    async with aerodrome.door.session.get(address, headers=cookies) as response:
        assert (response.status, (await response.json())["errors"][0]["extensions"]["code"]) == (400, "FORBIDDEN")


async def test_a_key_that_is_deleted_ends_its_streams_and_says_so(aerodrome: Aerodrome) -> None:
    deployment, _ = await created(aerodrome)
    create = 'mutation { createServiceAccount(label: "ci", entityType: SYSTEM) { id apiKey } }'
    made = await aerodrome.data(create, aerodrome.admin)
    async with viewing(aerodrome, deployment, token=made["apiKey"], since=LONG_AGO) as events:
        await some(events, 1)
        delete = "mutation ($i: Uuid!) { deleteServiceAccount(serviceAccountUuid: $i) { id } }"
        await aerodrome.data(delete, aerodrome.admin, i=made["id"])
        assert (await end(events))["reason"] == "unauthenticated"


async def test_a_role_that_is_taken_away_ends_its_streams_and_says_so(aerodrome: Aerodrome) -> None:
    deployment, _ = await created(aerodrome)
    user, token = await aerodrome.make_user(f"{new_id()}@example.com")
    give = "mutation ($u: ID!) { createSystemRoleBinding(userId: $u, role: SYSTEM_VIEWER) { id } }"
    await aerodrome.data(give, aerodrome.admin, u=user)
    async with viewing(aerodrome, deployment, token=token, since=LONG_AGO) as events:
        await some(events, 1)
        take = "mutation ($u: ID!) { deleteSystemRoleBinding(userId: $u) { id } }"
        await aerodrome.data(take, aerodrome.admin, u=user)
        assert (await end(events))["reason"] == "not_found"


async def test_deleting_the_deployment_ends_its_streams_and_says_so(aerodrome: Aerodrome) -> None:
    deployment, _ = await created(aerodrome)
    async with viewing(aerodrome, deployment, since=LONG_AGO) as events:
        await some(events, 1)
        await aerodrome.data(DELETE, aerodrome.admin, d=deployment)
        assert (await end(events))["reason"] == "not_found"


async def test_a_silent_stream_tells_that_it_lives_and_how_far_it_has_come(
    aerodrome: Aerodrome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent, "HEARTBEAT_S", 0.3)
    deployment, _ = await created(aerodrome)
    async with opened(aerodrome, deployment, since=LONG_AGO, search="never said") as response, asyncio.timeout(20):
        assert await response.content.readuntil(b"\n\n") == b"retry: 2000\nid: 0-0-0-946684800000000\n\n"
        beat = await response.content.readuntil(b"\n\n")
        while b"id: " not in beat:
            beat = await response.content.readuntil(b"\n\n")
    assert beat.startswith(b": still here\nid: 1")


async def test_a_source_has_as_many_streams_as_are_free(aerodrome: Aerodrome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MOST_STREAMS", 2)
    deployment, _ = await created(aerodrome)
    async with open_door(aerodrome.installation.nats) as door:
        async with viewing(aerodrome, deployment, at=door, since=LONG_AGO) as events:
            await some(events, 1)
            async with opened(aerodrome, deployment, at=door) as refused:
                assert (refused.status, "Retry-After" in refused.headers) == (503, True)
        await until(lambda: streams() == 0)
        async with viewing(aerodrome, deployment, at=door, since=LONG_AGO) as events:
            await some(events, 1)


async def test_who_does_not_read_is_let_go_and_may_come_back(
    aerodrome: Aerodrome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent, "SEND_S", 0.3)
    deployment, _ = await created(aerodrome)
    path = f"/v1/deployments/{deployment}/logs?since=2000-01-01T00:00:00Z&component=worker"
    where = urlsplit(aerodrome.door.url)
    sleeper = socket.socket()
    sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with sleeper:
        sleeper.connect((where.hostname, where.port))
        sleeper.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {aerodrome.admin}\r\n\r\n".encode())
        await until(lambda: streams() == 1)
        async with writing(aerodrome.installation.nats) as writer:
            for _ in range(200):
                await writer.write(*["x" * 12_000] * 5, component=Component.WORKER, at=START, deployment=deployment)
        await until(lambda: streams() == 0)


async def test_only_pages_that_may_can_read_a_stream(aerodrome: Aerodrome) -> None:
    deployment, _ = await created(aerodrome)
    for origin, allowed in ((aerodrome.door.url, aerodrome.door.url), ("https://evil.example.com", None)):
        async with opened(aerodrome, deployment, headers={"Origin": origin}, follow="false") as response:
            assert response.headers.get("Access-Control-Allow-Origin") == allowed
            assert response.headers["Vary"] == "Origin"
