"""Postgres and NATS killed, away for longer than anybody waits, and robbed of JetStream's data, all under load."""

import shutil
import time

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
    until,
)
from tests.faults.commands import Commands, invites
from tests.faults.load import Load
from tests.faults.processes import kill, process_of, session_of, start, stop, until_back, until_replaced

AGAIN_S = 5.0
KILLS = [1, pytest.param(10, marks=[pytest.mark.full, pytest.mark.timeout(600)])]


async def assert_works_again(load: Load, commands: Commands, back: float, server: str) -> None:
    """Commands succeed, and their effects behind identity's events show, within 5 s of the server's being back."""
    await load.more(20)
    first, newest = load.gap_after(back), list(load.acknowledged)[-1]

    async def shown() -> bool:
        return newest in await commands.present()

    await until(shown, "what is acknowledged now shows")
    print(f"{server}: first success {first:.2f} s, 20 with effects {time.monotonic() - back:.2f} s after it was back")
    assert first < AGAIN_S


async def assert_all_is_well(backstage: Backstage, load: Load, commands: Commands) -> None:
    """Everything acknowledged is there with its record and its mail, each once, and the stores agree."""
    await assert_nothing_lost(load, commands)
    await assert_invited_once(backstage, load)
    await assert_mailed_once(backstage, load)
    await assert_stores_intact(backstage)
    await assert_stream_whole(backstage, "identity")
    await assert_rows_are_a_rebuilds(backstage, "invites")


@pytest.mark.parametrize("kills", KILLS)
@pytest.mark.parametrize("server", ["postgres", "nats"])
async def test_a_killed_server_loses_nothing_acknowledged(
    stack: Stack, backstage: Backstage, admin: Houston, server: str, kills: int
) -> None:
    commands = invites(admin)
    async with Load(commands.ask) as load:
        for _ in range(kills):
            await load.more(20)
            old = process_of(stack, server)
            kill(old)
            await until_replaced(stack, old, server)
            await until_back(stack, server)
            await assert_works_again(load, commands, time.monotonic(), server)
    await assert_all_is_well(backstage, load, commands)


@pytest.mark.full
async def test_a_killed_session_of_postgres_which_ends_all_others_loses_nothing_acknowledged(
    stack: Stack, backstage: Backstage, admin: Houston
) -> None:
    commands = invites(admin)
    async with Load(commands.ask) as load:
        for service in ("identity", "invites"):
            await load.more(20)
            kill(session_of(stack, service))
            await until_back(stack, "postgres")
            await assert_works_again(load, commands, time.monotonic(), f"postgres without a session of {service}")
    await assert_all_is_well(backstage, load, commands)


@pytest.mark.parametrize("server", ["postgres", pytest.param("nats", marks=pytest.mark.full)])
async def test_a_server_away_longer_than_anybody_waits_loses_nothing_acknowledged(
    stack: Stack, backstage: Backstage, admin: Houston, server: str
) -> None:
    commands = invites(admin)
    async with Load(commands.ask) as load:
        await load.more(20)
        await stop(stack, server)
        await load.more_failures(2 * load.writers)
        await start(stack, server)
        await until_back(stack, server)
        await assert_works_again(load, commands, time.monotonic(), server)
    await assert_all_is_well(backstage, load, commands)


async def test_deleted_jetstream_data_costs_no_effect(stack: Stack, backstage: Backstage, admin: Houston) -> None:
    commands = invites(admin)
    async with Load(commands.ask) as load:
        await load.more(20)
        await stop(stack, "nats")
        shutil.rmtree(stack.data / "nats" / "jetstream")
        await load.more_failures(1)
        await start(stack, "nats")
        await until_back(stack, "nats")
        await assert_works_again(load, commands, time.monotonic(), "nats without jetstream's data")
    await assert_all_is_well(backstage, load, commands)
