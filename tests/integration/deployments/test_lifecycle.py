"""From the wish to the lines of a running deployment and back, also when the service dies in between."""

import asyncio
import base64
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from services.deployments.app import APP
from services.deployments.contract import (
    Component,
    CreateDeployment,
    DeleteDeployment,
    DeployImage,
    DeploymentRow,
    EnvironmentVariable,
    HibernateDeployment,
    SetAirflowVersion,
    State,
    UpdateDeployment,
    WakeDeployment,
    deployment_stream,
)
from services.deployments.directory import WorkspaceDirectory
from services.deployments.drivers.offers import SIMULATED
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
    becomes,
    connection_to,
    gateway_of,
    log_reader,
    member,
    running,
    settings_of,
    until,
)

LEASE_S = FollowerSettings().lease.total_seconds()  # a job that was at work when its process was killed waits so long


async def test_a_creation_ends_healthy_and_its_components_write(ground: Ground, gateway: Gateway) -> None:
    async with running(settings_of(ground.database, ground.nats)):
        created = await gateway.create()
        await becomes(gateway, created, State.HEALTHY)
        async with log_reader(ground.nats, created.id) as reader:
            batches = await reader.until(lambda batch: batch.batch == 2)
        assert {batch.component for batch in batches} == set(Component)
        assert {batch.deployment for batch in batches} == {created.id}


async def test_a_hard_deletion_leaves_nothing(ground: Ground, gateway: Gateway) -> None:
    async with running(settings_of(ground.database, ground.nats)):
        created = await gateway.create(env=(EnvironmentVariable(key="A", value="b"),))
        await becomes(gateway, created, State.HEALTHY)
        await gateway.ask(DeleteDeployment(deployment_id=created.id, hard=True), member())
        await has_happened(ground, created, "deployment.removed")
        await until(lambda: _is_gone(ground, created))
        await until(lambda: _has_no_key(ground, created))


async def test_a_deletion_stops_at_once_and_purges_after_its_days(ground: Ground, gateway: Gateway) -> None:
    async with running(settings_of(ground.database, ground.nats)):
        created = await gateway.create()
        await becomes(gateway, created, State.HEALTHY)
        await gateway.ask(DeleteDeployment(deployment_id=created.id), member())
        await has_happened(ground, created, "deployment.hibernated")
        assert not await _is_gone(ground, created)
        async with connection_to(ground.database) as connection:
            due = await connection.fetchval("select not_before from outbox where kind = 'purge'")
            assert due - created.created_at > timedelta(days=13, hours=23)
            await connection.execute("update outbox set not_before = now() where kind = 'purge'")
        await has_happened(ground, created, "deployment.removed")
        await until(lambda: _is_gone(ground, created))


async def _is_gone(ground: Ground, row: DeploymentRow) -> bool:
    async with connection_to(ground.database) as connection:
        return not await connection.fetchval("select count(*) from read.deployments where id = $1", row.id)


async def test_it_is_changed_hibernated_woken_and_upgraded(ground: Ground, gateway: Gateway) -> None:
    async with running(settings_of(ground.database, ground.nats)):
        created = await gateway.create(airflow_version="3.1.8")
        await becomes(gateway, created, State.HEALTHY)
        changed = await gateway.ask(UpdateDeployment(deployment_id=created.id, config_patch={"x": 1}), member())
        assert (changed.state, changed.generation) == (State.UPDATING, 2)
        await becomes(gateway, created, State.HEALTHY)
        await gateway.ask(HibernateDeployment(deployment_id=created.id), member())
        await becomes(gateway, created, State.HIBERNATED)
        await gateway.ask(WakeDeployment(deployment_id=created.id), member())
        await becomes(gateway, created, State.HEALTHY)
        wish = await gateway.ask(SetAirflowVersion(deployment_id=created.id, airflow_version="3.3.2"), member())
        assert (wish.airflow_version, wish.desired_airflow_version) == ("3.1.8", "3.3.2")
        await becomes(gateway, created, State.HEALTHY)
        last = await gateway.row(created.id)
        assert last is not None
        assert (last.airflow_version, last.observed_generation) == ("3.3.2", 5)


async def has_happened(ground: Ground, row: DeploymentRow, type_name: str) -> None:
    async with connection_to(ground.database) as connection:

        async def recorded() -> bool:
            stream = deployment_stream(row.id)
            types = await connection.fetch("select type_name from events where stream = $1", stream)
            return type_name in {each["type_name"] for each in types}

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
            offered=SIMULATED,
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
            await has_happened(ground, row, "deployment.hibernated")
        async with connection_to(ground.database) as connection:
            assert await connection.fetchval("select count(*) from assignments where wish = 'run'") == 0


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
        await gateway.ask(DeployImage(deployment_id=rows[2].id, image="a/b:cli-3", airflow_version="3.3.2"), member())
        for row in rows[:2]:
            hard = row is rows[0]
            await gateway.ask(DeleteDeployment(deployment_id=row.id, hard=hard), member())
            await has_happened(ground, row, "deployment.removed" if hard else "deployment.hibernated")
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
