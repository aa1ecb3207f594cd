"""`kill -9` of each process during a stream of commands: what was acknowledged is there, once."""

import asyncio
import shutil
import time

import pytest

from tests.acceptance.client import Houston
from tests.acceptance.stack import Stack
from tests.faults.commands import Commands, commands_of, invites
from tests.faults.load import Load
from tests.faults.processes import kill, process_of, until_replaced

AGAIN_S = 5.0
KILLS = [1, pytest.param(10, marks=[pytest.mark.full, pytest.mark.timeout(600)])]


async def assert_nothing_lost(load: Load, commands: Commands) -> None:
    """Every acknowledged name is there once; the others at most once. Reading may lag for the projections' 2 s."""
    async with asyncio.timeout(15):
        while set(load.acknowledged) - set(present := await commands.present()):
            await asyncio.sleep(0.05)
    assert max(present.values()) == 1, [name for name, times in present.items() if times > 1]
    false_refusals = {name for name, code in load.refused.items() if code != "SERVICE_UNAVAILABLE"}
    assert not false_refusals, load.refused


@pytest.mark.parametrize("kills", KILLS)
@pytest.mark.parametrize("service", ["identity", "invites", "deployments", "gateway"])
async def test_a_killed_service_loses_nothing_acknowledged(
    stack: Stack, admin: Houston, service: str, kills: int
) -> None:
    commands = await commands_of(service, admin)
    async with Load(commands.ask) as load:
        for _ in range(kills):
            await load.more(20)
            old = process_of(stack, "run", service)
            moment = time.monotonic()
            kill(old)
            await until_replaced(stack, old, "run", service)
            await load.more(20)
            print(f"{service}: first success {load.gap_after(moment):.2f} s after the kill")
    await assert_nothing_lost(load, commands)


@pytest.mark.parametrize("kills", KILLS)
@pytest.mark.parametrize("server", ["postgres", "nats-server"])
async def test_a_killed_server_loses_nothing_acknowledged(
    stack: Stack, admin: Houston, server: str, kills: int
) -> None:
    commands = invites(admin)
    async with Load(commands.ask) as load:
        for _ in range(kills):
            await load.more(20)
            old = process_of(stack, server)
            kill(old)
            await until_replaced(stack, old, server)
            moment = time.monotonic()
            await load.more(20)
            gap = load.gap_after(moment)
            print(f"{server}: first success {gap:.2f} s after it was back")
            assert gap < AGAIN_S
    await assert_nothing_lost(load, commands)


async def test_deleted_jetstream_data_costs_no_effect(stack: Stack, admin: Houston) -> None:
    commands = invites(admin)
    async with Load(commands.ask) as load:
        await load.more(20)
        old = process_of(stack, "nats-server")
        kill(old)
        for folder in (stack.data / "nats").glob("**/jetstream"):
            shutil.rmtree(folder, ignore_errors=True)
        await until_replaced(stack, old, "nats-server")
        moment = time.monotonic()
        await load.more(40)
        print(f"jetstream deleted: first success {load.gap_after(moment):.2f} s after it was back")
    await assert_nothing_lost(load, commands)
