"""A running deployments service for tests, those who ask it, and what they look at."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from nats.aio.client import Client
from pydantic import SecretStr

from services.deployments.app import APP
from services.deployments.contract import (
    LOGS_STREAM,
    CreateDeployment,
    DeploymentId,
    DeploymentRow,
    Deployments,
    LogBatch,
    State,
    WorkspaceId,
    logs_filter,
)
from services.deployments.settings import DeploymentsSettings
from services.identity.contract import ROLE_PERMISSIONS, Role
from shared.auth import Grant, Principal, PrincipalKind
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.bus.kernel import WaitFor
from shared.bus.request import Answered
from shared.ids import new_id
from shared.service import ServiceProcess
from shared.settings import BusSettings
from tests.servers import Database, NatsForTests

MASTER_KEY = base64.b64encode(b"m" * 32).decode()
WORKSPACE = WorkspaceId("cworkspace000000000000001")


def holding(role: Role, entity: str = "system", *, subject: str = "cuser") -> Principal:
    """Return somebody with one role."""
    sets = {role.value: ROLE_PERMISSIONS[role]}
    grant = Grant(role=role.value, entity=entity)
    return Principal(kind=PrincipalKind.USER, subject=subject, grants=(grant,), permission_sets=sets)


def member(role: Role = Role.WORKSPACE_ADMIN, workspace_id: str = WORKSPACE) -> Principal:
    """Return somebody with a role in a workspace."""
    return holding(role, f"workspace:{workspace_id}")


def settings_of(database: Database, nats: NatsForTests) -> DeploymentsSettings:
    """Return the settings of a service on these servers."""
    login = nats.login("deployments")
    return DeploymentsSettings(
        database_url=SecretStr(database.app_dsn),
        master_key=SecretStr(MASTER_KEY),
        nats_url=login.url,
        nats_user=login.user,
        nats_password=SecretStr(login.password),
    )


@asynccontextmanager
async def running(settings: DeploymentsSettings) -> AsyncGenerator[ServiceProcess]:
    """Run the service in this process."""
    process = ServiceProcess(APP, settings)
    try:
        await process.start()
        yield process
    finally:
        await process.stop()


@asynccontextmanager
async def gateway_of(nats: NatsForTests) -> AsyncGenerator["Gateway"]:
    """Connect as the gateway."""
    login = nats.login("gateway")
    settings = BusSettings(nats_url=login.url, nats_user=login.user, nats_password=SecretStr(login.password))
    bus = await Bus.connect(settings, name="gateway")
    try:
        yield Gateway(bus)
    finally:
        await bus.close()


@dataclass(frozen=True)
class Gateway:
    """Asks as the gateway does: the command, then what the read models show of it."""

    bus: Bus

    async def ask(self, message: Any, principal: Principal, **of_context: Any) -> Any:
        """Return the answer once the read models show it."""
        return (await self.answered(message, principal, **of_context)).value

    async def answered(self, message: Any, principal: Principal, **of_context: Any) -> Answered[Any]:
        """Return the answer with its position, once the read models show it."""
        answered = await self.bus.ask(message, Context.first(principal, **of_context))
        if answered.position:
            wait = WaitFor(position=answered.position, stream=answered.stream)
            reached = await self.bus.ask(wait, Context.first(principal), to=message.service())
            assert reached.value.reached
        return answered

    async def create(self, label: str = "nightly", principal: Principal | None = None, **asked: Any) -> DeploymentRow:
        """Create a deployment in WORKSPACE."""
        command = CreateDeployment.model_validate({"workspace_id": WORKSPACE, "label": label, **asked})
        row = await self.ask(command, principal or member())
        assert isinstance(row, DeploymentRow)
        return row

    async def row(self, id_: str, principal: Principal | None = None) -> DeploymentRow | None:
        """Return the row of a deployment, None where it is not seen."""
        found = await self.ask(Deployments(ids=(DeploymentId(id_),)), principal or holding(Role.SYSTEM_ADMIN))
        rows: tuple[DeploymentRow, ...] = found.rows
        return rows[0] if rows else None


async def becomes(gateway: Gateway, row: DeploymentRow, state: State, *, timeout_s: float = 20.0) -> None:
    """Return when a deployment is in a state."""

    async def is_there() -> bool:
        now = await gateway.row(row.id)
        return now is not None and now.state is state

    await until(is_there, timeout_s=timeout_s)


async def until(condition: Callable[[], Awaitable[bool]], *, timeout_s: float = 20.0) -> None:
    """Wait for what nothing announces."""
    async with asyncio.timeout(timeout_s):
        while not await condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def connection_to(database: Database) -> AsyncGenerator[asyncpg.Connection]:
    """Look into the database as its superuser."""
    connection = await asyncpg.connect(database.admin_dsn)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def log_reader(nats: NatsForTests, deployment_id: str = "*") -> AsyncGenerator["LogReader"]:
    """Read log batches from the first one on."""
    login = nats.login(stream=LOGS_STREAM)
    client = Client()
    await client.connect(login.url, user=login.user, password=login.password, inbox_prefix=login.inbox_prefix)
    queue: asyncio.Queue[LogBatch] = asyncio.Queue()

    async def keep(message: Any) -> None:
        queue.put_nowait(LogBatch.model_validate_json(message.data))

    try:
        await client.jetstream().subscribe(
            logs_filter(deployment_id), stream=LOGS_STREAM, cb=keep, ordered_consumer=True
        )
        yield LogReader(queue)
    finally:
        await client.close()


@dataclass(frozen=True)
class LogReader:
    """What has been written, in the order of the stream."""

    batches: asyncio.Queue[LogBatch]

    async def next(self, *, timeout_s: float = 10.0) -> LogBatch:
        """Return the next batch."""
        return await asyncio.wait_for(self.batches.get(), timeout_s)

    async def until(self, wanted: Callable[[LogBatch], bool]) -> list[LogBatch]:
        """Return all batches up to and with the first that is wanted."""
        found: list[LogBatch] = []
        while not found or not wanted(found[-1]):
            found.append(await self.next())
        return found


def new_workspace() -> WorkspaceId:
    """Return the id of a workspace that no other test uses."""
    return WorkspaceId(new_id())
