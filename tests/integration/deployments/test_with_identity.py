"""Deployments beside the real identity: which workspaces exist, and how one is deleted."""

from collections.abc import AsyncGenerator
from functools import partial

import pytest
from pydantic import SecretStr

from services.deployments.contract import (
    AuthorizeLogs,
    CreateDeployment,
    DeleteDeployment,
    Deployments,
    Rule,
    WorkspaceId,
)
from services.identity.app import APP
from services.identity.contract import (
    ROLE_PERMISSIONS,
    Authenticate,
    CreateWorkspace,
    DeleteWorkspace,
    RegisterUser,
    Role,
)
from services.identity.contract import Rule as IdentityRule
from services.identity.settings import IdentitySettings
from shared.auth import ANONYMOUS, MOST_GRANTS, Grant, Principal, workspace
from shared.errors import Forbidden, NotFound, Rejected
from shared.service import ServiceProcess
from tests.conftest import NewDatabase
from tests.integration.crowds import together
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


async def test_who_holds_more_than_an_envelope_carries_works_in_their_newest_workspace(
    gateway: Gateway, admin: Principal
) -> None:
    """What the message carries allows nothing there: only the answer of identity does."""
    made = await together([partial(gateway.ask, CreateWorkspace(label=f"{n}"), admin) for n in range(MOST_GRANTS + 1)])
    grants = tuple(Grant(role=Role.WORKSPACE_ADMIN, entity=workspace(place.id)) for place in made[:MOST_GRANTS])
    sets = {Role.WORKSPACE_ADMIN.value: ROLE_PERMISSIONS[Role.WORKSPACE_ADMIN]}
    full = admin.model_copy(update={"grants": grants, "permission_sets": sets})
    one_less = full.model_copy(update={"grants": grants[1:]})
    home = made[-1].id

    with pytest.raises(Forbidden):
        await gateway.ask(CreateDeployment(workspace_id=home, label="x"), one_less)
    created = await gateway.ask(CreateDeployment(workspace_id=home, label="x"), full)
    for asked in (Deployments(workspace_ids=(home,), strict=True), Deployments(ids=(created.id,), strict=True)):
        assert [row.id for row in (await gateway.ask(asked, full)).rows] == [created.id]
    assert (await gateway.ask(AuthorizeLogs(deployment_id=created.id), full)).id == created.id
    assert (await gateway.ask(DeleteDeployment(deployment_id=created.id), full)).id == created.id
