"""Two processes each of identity and invites share the work; one of the four is killed at random, again and again."""

import asyncio
import json
import random
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from tests.acceptance.client import Houston
from tests.acceptance.stack import Stack
from tests.faults.backstage import Backstage
from tests.faults.checks import (
    assert_invited_once,
    assert_mailed_once,
    assert_nothing_lost,
    assert_rows_are_a_rebuilds,
    assert_stores_intact,
    assert_stream_whole,
)
from tests.faults.commands import Commands, invites, workspaces
from tests.faults.load import Load
from tests.faults.processes import kill, process_of, until_replaced
from tests.faults.replicas import Replica, replica

SERVICES = ("identity", "invites")
KILLS = [2, pytest.param(20, marks=[pytest.mark.full, pytest.mark.timeout(900)])]
MAILS_AT_ONCE = 4  # what a killed process has under way; each may leave again


@dataclass
class Pairs:
    """Two processes of each service: one below `aerodrome up`, one of the test's own."""

    stack: Stack
    exits: AsyncExitStack
    own: dict[str, Replica] = field(default_factory=dict[str, Replica])

    async def start(self, service: str) -> None:
        """Start a process beside the one below `up`, with the same settings, and wait until it takes work."""
        text = (self.stack.data / "run" / f"{service}.environment.json").read_text(encoding="utf-8")
        log = self.stack.data / "logs" / f"{service}-2.log"
        self.own[service] = await self.exits.enter_async_context(replica(service, json.loads(text), log=log))
        await self.own[service].until_missing()

    async def kill(self, service: str, *, own: bool) -> None:
        """Kill one of the two and wait until there is another in its place."""
        if own:
            await self.own[service].kill()
            await self.start(service)
            return
        old = process_of(self.stack, service)
        kill(old)
        await until_replaced(self.stack, old, service)


@pytest.fixture
async def pairs(stack: Stack) -> AsyncIterator[Pairs]:
    """Give a product in which identity and invites run twice."""
    async with AsyncExitStack() as exits:
        pairs = Pairs(stack, exits)
        await asyncio.gather(*(pairs.start(service) for service in SERVICES))
        yield pairs


def both(admin: Houston) -> tuple[Commands, Commands]:
    """Return commands of both services; both loads use the same names, for different things."""
    return workspaces(admin), invites(admin)


@pytest.mark.parametrize("kills", KILLS)
async def test_replicas_that_are_killed_lose_nothing_and_do_nothing_twice(
    backstage: Backstage, admin: Houston, pairs: Pairs, kills: int
) -> None:
    seed = secrets.randbelow(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    made, invited = both(admin)
    async with Load(made.ask, writers=2) as workspace_load, Load(invited.ask, writers=3) as load:
        for service in [*chance.sample(SERVICES, 2), *chance.choices(SERVICES, k=kills - 2)]:
            await load.more(15)
            own = chance.random() < 0.5
            moment, failures = time.monotonic(), load.failures + workspace_load.failures
            await pairs.kill(service, own=own)
            await asyncio.gather(load.more(15), workspace_load.more(5))
            failed = load.failures + workspace_load.failures - failures
            pause = load.longest_pause(moment)
            print(f"{service}, {'own' if own else 'of up'}: at most {pause:.2f} s without a success, {failed} failed")
    await assert_nothing_lost(workspace_load, made)
    await assert_nothing_lost(load, invited)
    await assert_invited_once(backstage, load)
    await assert_mailed_once(backstage, load, repeats=kills * MAILS_AT_ONCE)
    await assert_stores_intact(backstage)
    await assert_stream_whole(backstage, "identity")
    for each in SERVICES:
        await assert_rows_are_a_rebuilds(backstage, each)
