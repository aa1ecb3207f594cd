"""Callers are remembered, and what they lose is lost at once: for requests, other gateways and open sockets."""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from prometheus_client import REGISTRY

from tests.integration.gateway.doors import Door, open_door
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

SELF = "{ self { isAdmin user { id roleBindings { role } } } }"
DELETE = "mutation ($i: Uuid!) { deleteServiceAccount(serviceAccountUuid: $i) { id } }"
CODES = {"graphql-ws": 1011, "graphql-transport-ws": 4403}


def looked(outcome: str) -> float:
    """Return how often a gateway of this process has looked for a caller with this outcome."""
    return REGISTRY.get_sample_value("aerodrome_callers_total", {"outcome": outcome}) or 0.0


async def make_key(aerodrome: Aerodrome) -> tuple[str, str]:
    """Return id and key of a new service account on the system."""
    document = 'mutation { createServiceAccount(label: "ci", entityType: SYSTEM, role: SYSTEM_VIEWER) { id apiKey } }'
    made = await aerodrome.data(document, aerodrome.admin)
    return made["id"], made["apiKey"]


async def is_known(door: Door, token: str) -> bool:
    return "errors" not in await door.run(SELF, token)


async def test_self_of_a_known_caller_asks_nobody(aerodrome: Aerodrome) -> None:
    _, token = await aerodrome.make_user("calm@example.com")
    await aerodrome.data(SELF, token)
    before = looked("cached"), looked("asked")
    async with aerodrome.overheard() as asked:
        for _ in range(20):
            await aerodrome.data(SELF, token)
    assert asked == []
    assert (looked("cached") - before[0], looked("asked") - before[1]) == (20, 0)


async def test_many_first_requests_of_one_token_ask_once(aerodrome: Aerodrome) -> None:
    _, key = await make_key(aerodrome)
    async with aerodrome.overheard() as asked:
        await asyncio.gather(*(aerodrome.data("{ self { isAdmin } }", key) for _ in range(20)))
    assert asked == ["identity.query.authenticate"]


async def test_what_a_caller_gains_or_changes_shows_at_once(aerodrome: Aerodrome) -> None:
    id_, token = await aerodrome.make_user("riser@example.com")
    assert (await aerodrome.data(SELF, token))["user"]["roleBindings"] == []
    bind = "mutation ($u: ID!) { createSystemRoleBinding(userId: $u, role: SYSTEM_ADMIN) { id } }"
    await aerodrome.data(bind, aerodrome.admin, u=id_)
    assert (await aerodrome.data(SELF, token))["isAdmin"] is True


@pytest.mark.parametrize("rounds", [pytest.param(10, id="10"), pytest.param(50, id="50", marks=pytest.mark.full)])
async def test_a_revoked_key_is_refused_here_at_once_and_elsewhere_soon(aerodrome: Aerodrome, rounds: int) -> None:
    times: list[float] = []
    async with open_door(aerodrome.installation.nats) as second:
        for _ in range(rounds):
            id_, key = await make_key(aerodrome)
            assert await is_known(aerodrome.door, key)
            assert await is_known(second, key)
            await aerodrome.data(DELETE, aerodrome.admin, i=id_)
            answered_at = time.perf_counter()
            assert not await is_known(aerodrome.door, key)
            while await is_known(second, key):
                await asyncio.sleep(0)
            times.append(time.perf_counter() - answered_at)
    shown = f"p50 {statistics.median(times) * 1000:.1f} ms, max {max(times) * 1000:.1f} ms"
    print(f"\nrefused on the second gateway after the answer: n {rounds}, {shown}")


@asynccontextmanager
async def socket_of(door: Door, protocol: str, token: str) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
    """Open a socket of a caller who is let in."""
    async with door.socket(protocol) as socket:
        await socket.send_json({"type": "connection_init", "payload": {"authorization": token}})
        assert (await socket.receive_json())["type"] == "connection_ack"
        yield socket


async def closed_within_a_second(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(1):
        while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    return socket.close_code


async def lose(aerodrome: Aerodrome, way: str, person: tuple[str, str], key: tuple[str, str]) -> None:
    """Take something from a person or a machine."""
    documents: dict[str, tuple[str, dict[str, Any]]] = {
        "removed": ("mutation ($u: Uuid) { removeUser(userUuid: $u) { id } }", {"u": person[0]}),
        "banned": ('mutation ($u: Uuid!) { setUserStatus(userUuid: $u, status: "banned") { id } }', {"u": person[0]}),
        "demoted": (
            "mutation ($u: ID!) { createSystemRoleBinding(userId: $u, role: SYSTEM_VIEWER) { id } }",
            {"u": person[0]},
        ),
        "deleted": (DELETE, {"i": key[0]}),
    }
    if way == "logged out":
        await aerodrome.data("mutation { logout }", person[1])
        return
    document, variables = documents[way]
    await aerodrome.data(document, aerodrome.admin, **variables)


@pytest.mark.parametrize("protocol", CODES)
@pytest.mark.parametrize("way", ["removed", "banned", "demoted", "logged out", "deleted"])
async def test_who_loses_a_right_loses_the_open_socket(aerodrome: Aerodrome, protocol: str, way: str) -> None:
    person = await aerodrome.make_user(f"{way.replace(' ', '')}-{protocol}@example.com")
    bind = "mutation ($u: ID!) { createSystemRoleBinding(userId: $u, role: SYSTEM_EDITOR) { id } }"
    await aerodrome.data(bind, aerodrome.admin, u=person[0])
    key = await make_key(aerodrome)
    token = key[1] if way == "deleted" else person[1]
    async with (
        socket_of(aerodrome.door, protocol, token) as socket,
        socket_of(aerodrome.door, protocol, aerodrome.admin) as other,
    ):
        await lose(aerodrome, way, person, key)
        assert await closed_within_a_second(socket) == CODES[protocol]
        await other.send_json({"type": "ping"} if protocol == "graphql-transport-ws" else START)
        assert (await other.receive_json())["type"] in {"pong", "data"}


async def test_who_gains_a_right_or_a_stronger_role_keeps_the_open_socket(aerodrome: Aerodrome) -> None:
    id_, token = await aerodrome.make_user("gainer@example.com")
    async with socket_of(aerodrome.door, "graphql-transport-ws", token) as socket:
        for role in ("SYSTEM_VIEWER", "SYSTEM_EDITOR"):
            bind = "mutation ($u: ID!, $r: Role!) { createSystemRoleBinding(userId: $u, role: $r) { id } }"
            await aerodrome.data(bind, aerodrome.admin, u=id_, r=role)
            await aerodrome.data(SELF, token)  # the news have come, and the guard's look has been answered before
            await socket.send_json({"type": "ping"})
            assert (await socket.receive_json())["type"] == "pong"


START = {"type": "start", "id": "1", "payload": {"query": "{ self { isAdmin } }"}}
