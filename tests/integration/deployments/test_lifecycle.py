"""From the wish to the lines of a running deployment and back, also when the service dies in between."""

import asyncio
import base64
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from services.deployments.app import APP
from services.deployments.contract import (
    Component,
    CreateDeployment,
    DeleteDeployment,
    DeploymentRow,
    EnvironmentVariable,
    State,
    deployment_stream,
)
from services.deployments.directory import WorkspaceDirectory
from services.deployments.handlers import CommandHandlers
from shared.bus.context import Context
from shared.bus.request import Request
from shared.commands import Commands
from shared.errors import Unavailable
from shared.followers.settings import FollowerSettings
from shared.postgres import open_pools
from shared.store.events import EventStore
from shared.store.personal import PersonalKeys
from tests.integration.deployments.conftest import Ground
from tests.integration.deployments.service import (
    MASTER_KEY,
    WORKSPACE,
    Gateway,
    connection_to,
    gateway_of,
    log_reader,
    member,
    running,
    settings_of,
    until,
)

LEASE_S = FollowerSettings().lease.total_seconds()  # a job that was at work when its process was killed waits so long


async def becomes(gateway: Gateway, row: DeploymentRow, state: State, *, timeout_s: float = 20.0) -> None:
    async def is_there() -> bool:
        now = await gateway.row(row.id)
        return now is not None and now.state is state

    await until(is_there, timeout_s=timeout_s)


async def test_a_creation_ends_healthy_and_its_components_write(ground: Ground, gateway: Gateway) -> None:
    async with running(settings_of(ground.database, ground.nats)):
        created = await gateway.create()
        await becomes(gateway, created, State.HEALTHY)
        async with log_reader(ground.nats, created.id) as reader:
            batches = await reader.until(lambda batch: batch.batch == 2)
        assert {batch.component for batch in batches} == set(Component)
        assert {batch.deployment for batch in batches} == {created.id}


@pytest.mark.parametrize("hard", [False, True])
async def test_a_deletion_ends_the_lines_and_what_is_left(ground: Ground, gateway: Gateway, *, hard: bool) -> None:
    async with running(settings_of(ground.database, ground.nats)) as process:
        created = await gateway.create(env=(EnvironmentVariable(key="A", value="b"),))
        await becomes(gateway, created, State.HEALTHY)
        await gateway.ask(DeleteDeployment(deployment_id=created.id, hard=hard), member())
        async with connection_to(ground.database) as connection:
            await is_removed(ground, created)
            await gateway.ask(CreateDeployment(workspace_id=WORKSPACE, label="next"), member())
            left = await connection.fetchval("select count(*) from read.deployments where id = $1", created.id)
            assert left == (0 if hard else 1)
            assert await connection.fetchval(
                "select up_generation is null and not wanted from simulated_deployments where deployment_id = $1",
                created.id,
            )
            if hard:
                await until(lambda: _has_no_key(ground, created))
        assert process.health_port


async def is_removed(ground: Ground, row: DeploymentRow) -> None:
    async with connection_to(ground.database) as connection:

        async def recorded() -> bool:
            stream = deployment_stream(row.id)
            types = await connection.fetch("select type_name from events where stream = $1", stream)
            return "deployment.removed" in {each["type_name"] for each in types}

        await until(recorded)


async def _has_no_key(ground: Ground, row: DeploymentRow) -> bool:
    async with connection_to(ground.database) as connection:
        key = await connection.fetchrow("select wrapped_key from person_keys where person = $1", row.id)
        return key is not None and key["wrapped_key"] is None


async def test_a_wish_outlives_a_service_that_died_before_it_did_anything(ground: Ground, gateway: Gateway) -> None:
    created = await _create_and_die(ground)
    async with running(settings_of(ground.database, ground.nats)):
        await becomes(gateway, created, State.HEALTHY)


async def _create_and_die(ground: Ground) -> DeploymentRow:
    """Commit a creation in a process that has no followers."""
    pools = await open_pools(ground.database.app_dsn, service="deployments")
    store = EventStore(pools.commands, APP.types, PersonalKeys(pools.commands, base64.b64decode(MASTER_KEY)))
    async with gateway_of(ground.nats) as anybody:
        directory = WorkspaceDirectory(anybody.bus)
        handlers = CommandHandlers(
            store=store,
            commands=Commands(store),
            bus=anybody.bus,
            directory=directory,
            manual_release_names=False,
        )
        wish = Request(CreateDeployment(workspace_id=WORKSPACE, label="nightly"), Context.first(member()))
        created = (await handlers.create_deployment(wish)).value
    await store.close()
    await pools.close()
    return created


async def test_a_deletion_right_after_the_creation_leaves_nothing_up(ground: Ground, gateway: Gateway) -> None:
    async with running(settings_of(ground.database, ground.nats)):
        rows = [await gateway.create(f"number {n}") for n in range(5)]
        await asyncio.gather(*(gateway.ask(DeleteDeployment(deployment_id=row.id), member()) for row in rows))
        for row in rows:
            await is_removed(ground, row)
        async with connection_to(ground.database) as connection:
            busy = await connection.fetchval(
                "select count(*) from simulated_deployments where wanted or up_generation is not null"
            )
            assert busy == 0


async def test_after_a_kill_the_lines_go_on_with_a_new_incarnation(ground: Ground, gateway: Gateway) -> None:
    async with child(ground) as first:
        created = await gateway.create()
        await becomes(gateway, created, State.HEALTHY)
        async with log_reader(ground.nats, created.id) as reader:
            old = (await reader.next()).incarnation
            last = await gateway.create("last")
            first.kill()
            await first.wait()
            async with child(ground):
                await reader.until(lambda batch: batch.incarnation != old)
                await becomes(gateway, last, State.HEALTHY, timeout_s=LEASE_S + 20)
                assert (await gateway.row(created.id)) is not None


@asynccontextmanager
async def child(ground: Ground) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run the service as a process of its own; ready when it is here."""
    settings = settings_of(ground.database, ground.nats)
    environment = {
        **os.environ,
        "AERODROME_DATABASE_URL": settings.database_url.get_secret_value(),
        "AERODROME_MASTER_KEY": MASTER_KEY,
        "AERODROME_NATS_URL": settings.nats_url,
        "AERODROME_NATS_USER": settings.nats_user,
        "AERODROME_NATS_PASSWORD": settings.nats_password.get_secret_value(),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.cli",
        "run",
        "deployments",
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: _answers(ground))
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(ground: Ground) -> bool:
    async with gateway_of(ground.nats) as gateway:
        try:
            await gateway.row("cnone")
        except Unavailable:
            return False
    return True


async def test_a_rebuild_equals_the_running_table(ground: Ground, gateway: Gateway) -> None:
    async with running(settings_of(ground.database, ground.nats)) as process:
        rows = [
            await gateway.create(f"number {n}", config={"n": n}, properties={"alert_emails": ["a@example.com"]})
            for n in range(6)
        ]
        for row in rows[:2]:
            await gateway.ask(DeleteDeployment(deployment_id=row.id, hard=row is rows[0]), member())
            await is_removed(ground, row)
        for row in rows[2:]:
            await becomes(gateway, row, State.HEALTHY)
        before = await _table(ground)
        assert len(before) == 5
        followers = process._followers
        assert followers is not None
        await followers.rebuild("deployments")
        assert await _table(ground) == before


async def _table(ground: Ground) -> list[str]:
    async with connection_to(ground.database) as connection:
        return [row["d"] for row in await connection.fetch("select d::text as d from read.deployments d order by id")]
