"""`kill -9` of each service during a stream of commands: what was acknowledged is there, once."""

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
)
from tests.faults.commands import commands_of, deletions
from tests.faults.load import Load
from tests.faults.processes import kill, process_of, until_replaced

KILLS = [1, pytest.param(10, marks=[pytest.mark.full, pytest.mark.timeout(600)])]
MAILS_AT_ONCE = 4  # what a killed process has under way; each may leave again, see mail/worker.py


@pytest.mark.parametrize("kills", KILLS)
@pytest.mark.parametrize("service", ["identity", "invites", "deployments", "gateway"])
async def test_a_killed_service_loses_nothing_acknowledged(
    stack: Stack, backstage: Backstage, admin: Houston, service: str, kills: int
) -> None:
    commands = await commands_of(service, admin)
    async with Load(commands.ask) as load:
        for _ in range(kills):
            await load.more(20)
            old = process_of(stack, service)
            moment = time.monotonic()
            kill(old)
            await until_replaced(stack, old, service)
            await load.more(20)
            print(f"{service}: at most {load.longest_pause(moment):.2f} s without a success after the kill")
    await assert_nothing_lost(load, commands)
    await assert_stores_intact(backstage)
    if service == "invites":
        await assert_invited_once(backstage, load)
        if kills > 1:  # a mail that was under way waits for the end of its lease, 30 s
            await assert_mailed_once(backstage, load, repeats=kills * MAILS_AT_ONCE)
    elif service != "gateway":
        await assert_rows_are_a_rebuilds(backstage, service)


@pytest.mark.parametrize("kills", KILLS)
async def test_workspaces_are_deleted_whole_though_both_services_that_do_it_are_killed(
    stack: Stack, backstage: Backstage, admin: Houston, kills: int
) -> None:
    commands = deletions(admin)
    async with Load(commands.ask) as load:
        for _ in range(kills):
            for service in ("identity", "deployments"):
                await load.more(10)
                old = process_of(stack, service)
                kill(old)
                await until_replaced(stack, old, service)
        await load.more(10)
    await assert_nothing_lost(load, commands)
    deleted = await backstage.streams_with("identity", "workspace.deleted")
    closed = await backstage.streams_with("deployments", "workspace.closed")
    assert set(deleted.values()) == set(closed.values()) == {1}
    assert {stream.partition("-")[2] for stream in deleted} == set(load.acknowledged.values())
    assert len(closed) == len(deleted)
    await assert_stores_intact(backstage)
