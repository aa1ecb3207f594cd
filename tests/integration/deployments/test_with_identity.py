"""Deployments beside the real identity: which workspaces exist, and how one is deleted."""

from collections.abc import AsyncGenerator

import pytest
from pydantic import SecretStr

from services.deployments.contract import CreateDeployment, DeleteDeployment, Rule, WorkspaceId
from services.identity.app import APP
from services.identity.contract import Authenticate, CreateWorkspace, DeleteWorkspace, RegisterUser
from services.identity.contract import Rule as IdentityRule
from services.identity.settings import IdentitySettings
from shared.auth import ANONYMOUS, Principal
from shared.errors import NotFound, Rejected
from shared.service import ServiceProcess
from tests.conftest import NewDatabase
from tests.integration.deployments.conftest import Ground
from tests.integration.deployments.service import MASTER_KEY, Gateway, connection_to

pytestmark = pytest.mark.usefixtures("service")


@pytest.fixture
async def admin(ground: Ground, database: NewDatabase, gateway: Gateway) -> AsyncGenerator[Principal]:
    """The first user of a running identity."""
    login = ground.nats.login("identity")
    settings = IdentitySettings(
        database_url=SecretStr((await database("identity")).app_dsn),
        master_key=SecretStr(MASTER_KEY),
        nats_url=login.url,
        nats_user=login.user,
        nats_password=SecretStr(login.password),
    )
    process = ServiceProcess(APP, settings)
    try:
        await process.start()
        signed = await gateway.ask(RegisterUser(email="admin@example.com", password="correct horse battery"), ANONYMOUS)
        yield (await gateway.ask(Authenticate(token=signed.session.token), ANONYMOUS)).principal
    finally:
        await process.stop()


async def test_only_in_a_workspace_that_exists_may_be_created(
    gateway: Gateway, admin: Principal, ground: Ground
) -> None:
    with pytest.raises(NotFound):
        await gateway.ask(CreateDeployment(workspace_id=WorkspaceId("cnone"), label="x"), admin)
    async with connection_to(ground.database) as connection:
        assert await connection.fetchval("select count(*) from events") == 0
    made = await gateway.ask(CreateWorkspace(label="plans"), admin)
    created = await gateway.ask(CreateDeployment(workspace_id=made.id, label="x"), admin)
    assert created.workspace_id == made.id


async def test_a_workspace_is_deleted_once_nothing_lives_there_and_then_takes_nothing(
    gateway: Gateway, admin: Principal
) -> None:
    made = await gateway.ask(CreateWorkspace(label="plans"), admin)
    created = await gateway.ask(CreateDeployment(workspace_id=made.id, label="x"), admin)
    with pytest.raises(Rejected) as error:
        await gateway.ask(DeleteWorkspace(workspace_id=made.id), admin)
    assert error.value.rule == IdentityRule.DEPLOYMENTS_EXIST
    await gateway.ask(DeleteDeployment(deployment_id=created.id), admin)
    await gateway.ask(DeleteWorkspace(workspace_id=made.id), admin)
    with pytest.raises(Rejected) as closed:
        await gateway.ask(CreateDeployment(workspace_id=made.id, label="x"), admin)
    assert closed.value.rule == Rule.WORKSPACE_CLOSED
