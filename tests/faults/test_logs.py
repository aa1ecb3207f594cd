"""Viewers of log lines miss none and see none twice, whatever is killed, cut off, or lost with JetStream's data."""

import asyncio
import random
import secrets
import shutil
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from services.deployments.contract import Component
from shared.servers.process import free_port
from tests.acceptance.client import Houston
from tests.acceptance.stack import Stack
from tests.faults.line_proof import faults_in, losses_in
from tests.faults.processes import kill, process_of, start, stop, until_back, until_replaced
from tests.faults.proxy import Proxy
from tests.faults.talkers import CREATE, Talker, silent_deployment, talking
from tests.faults.viewers import SocketViewer, Viewer, every_kind, watching, wish

AGAIN_S = 5.0
CAUGHT_UP_S = 30.0
PAST = datetime(2020, 1, 1, tzinfo=UTC)
ROUNDS = [1, pytest.param(20, marks=[pytest.mark.full, pytest.mark.timeout(600)])]


@dataclass
class Trial:
    """Viewers of every kind, behind a proxy, of a deployment whose components talk all the time."""

    stack: Stack
    admin: Houston
    deployment: str
    talker: Talker
    proxy: Proxy
    viewers: dict[str, Viewer] = field(default_factory=dict[str, Viewer])
    first: dict[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])

    def arrive(self, since: datetime, first: Mapping[str, int], named: str) -> Sequence[Viewer]:
        """Return viewers of every kind, who are to see all from these lines on."""
        url, token = f"http://127.0.0.1:{self.proxy.port}", self.admin.authorization
        asked = wish(url=url, token=token, deployment=self.deployment, since=since)
        viewers = every_kind(asked, named)
        self.viewers |= {viewer.name: viewer for viewer in viewers}
        self.first |= {viewer.name: first for viewer in viewers}
        return viewers

    async def kill_nats(self) -> None:
        """Kill NATS, which the supervisor starts again."""
        old = process_of(self.stack, "nats")
        kill(old)
        await until_replaced(self.stack, old, "nats")
        await until_back(self.stack, "nats")

    async def kill_gateway(self) -> None:
        """Kill the gateway, which the supervisor starts again."""
        old = process_of(self.stack, "gateway")
        kill(old)
        await until_replaced(self.stack, old, "gateway")

    async def cut_off(self) -> None:
        """Cut the connections of all viewers."""
        await self.proxy.cut()

    async def go_on(self, lines: int) -> None:
        """Wait until every viewer has been shown so many more."""
        await asyncio.gather(*(viewer.more(lines) for viewer in self.viewers.values()))

    async def judge(self) -> list[str]:
        """Return what is wrong with what the viewers were shown, once they have all of it or do not get on."""
        end = time.monotonic() + CAUGHT_UP_S
        while (faults := self._faults()) and time.monotonic() < end:
            await asyncio.sleep(0.1)
        for viewer in self.viewers.values():
            print(f"{viewer.name}: {len(viewer.lines)} lines, cut off {viewer.cut_off} times", losses_in(viewer.shown))
        return faults

    def _faults(self) -> list[str]:
        return [
            f"{name}: {fault}"
            for name, viewer in self.viewers.items()
            for fault in faults_in(viewer.shown, self.talker.expected(self.first[name]))
        ]


@asynccontextmanager
async def trial(stack: Stack, admin: Houston) -> AsyncGenerator[Trial]:
    """Give a trial while the block runs."""
    deployment = await silent_deployment(admin)
    proxy = Proxy(free_port(), urlsplit(stack.url).port or 0)
    await proxy.open()
    try:
        async with talking(stack, deployment) as talker:
            yield Trial(stack, admin, deployment, talker, proxy)
    finally:
        await proxy.close()


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_no_viewer_misses_a_line_or_sees_one_twice(stack: Stack, admin: Houston, rounds: int) -> None:
    seed = secrets.randbelow(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    async with trial(stack, admin) as made:
        beginning = made.talker.now()
        made.talker.say(20)
        middle = made.talker.now()
        async with watching(made.arrive(*beginning, "from the beginning: ")), AsyncExitStack() as late:
            async with made.talker.going_on():
                await made.go_on(60)
                await hurt(made, chance)
                await late.enter_async_context(watching(made.arrive(*middle, "late, from the middle: ")))
                await made.go_on(60)
                for _ in range(rounds - 1):
                    await hurt(made, chance)
            assert await made.judge() == []


async def hurt(made: Trial, chance: random.Random) -> None:
    """Do each kind of harm once, in any order; every viewer goes on after each."""
    faults = (made.kill_nats, made.kill_gateway, made.cut_off)
    for fault in chance.sample(faults, len(faults)):
        await fault()
        back = time.monotonic()
        await made.go_on(30)
        print(f"{fault.__name__}: every viewer goes on within {time.monotonic() - back:.2f} s")


@asynccontextmanager
async def live(admin: Houston, deployment: str) -> AsyncGenerator[SocketViewer]:
    """Watch all of a deployment from its beginning while the block runs, over a socket that must not end."""
    asked = wish(url=admin.url, token=admin.authorization, deployment=deployment, since=PAST)
    viewer = SocketViewer("live", asked, components=tuple(map(str, Component)))
    async with watching([viewer]):
        yield viewer
        assert viewer.cut_off == 0, "the socket ended"


async def test_log_lines_go_on_after_nats_was_killed_and_after_its_data_were_lost(stack: Stack, admin: Houston) -> None:
    workspace = (await admin.run('mutation { createWorkspace(label: "logs") { id } }'))["createWorkspace"]["id"]
    deployment = (await admin.run(CREATE, {"workspace": workspace}))["createDeployment"]["id"]
    async with live(admin, deployment) as early:
        await early.more(5)
        old = process_of(stack, "nats")
        kill(old)
        await until_replaced(stack, old, "nats")
        await until_back(stack, "nats")
        await assert_goes_on(early, "nats killed")
        async with live(admin, deployment) as late:
            await until_shown(late, set(early.ids))
            await until_shown(early, set(late.ids))

        await stop(stack, "nats")
        shutil.rmtree(stack.data / "nats" / "jetstream")
        await start(stack, "nats")
        await until_back(stack, "nats")
        await assert_goes_on(early, "jetstream's data lost")
    assert len(set(early.ids)) == len(early.ids)


async def until_shown(to: Viewer, ids: set[str]) -> None:
    """Wait until a viewer has been shown all these lines."""
    async with asyncio.timeout(10):
        while not ids <= set(to.ids):
            await asyncio.sleep(0.02)


async def assert_goes_on(viewer: Viewer, what: str) -> None:
    """New lines come within 5 s of now."""
    back = time.monotonic()
    await viewer.more(5)
    after = min(at for at in viewer.arrived if at > back) - back
    print(f"{what}: the next line {after:.2f} s after it was back")
    assert after < AGAIN_S
