"""What a driver does not offer is refused to those who might ask for it, and nothing is changed."""

import pytest

from services.deployments.contract import (
    AdoptDeployment,
    CreateDeployment,
    DeployImage,
    DeploymentId,
    DeploymentRow,
    DriverName,
    Rule,
    UnadoptDeployment,
)
from services.identity.contract import Role
from shared.auth import ANONYMOUS
from shared.errors import Forbidden, NotFound, Rejected, Unauthenticated
from tests.integration.deployments.conftest import Ground
from tests.integration.deployments.service import WORKSPACE, Gateway, member, running, settings_of

IMAGE = "registry.example.com/airflow:cli-1"


async def refused(gateway: Gateway, row: DeploymentRow, role: Role, command: object) -> str:
    """Return by which rule a member is refused; nothing is changed by it."""
    with pytest.raises(Rejected) as error:
        await gateway.ask(command, member(role))
    assert await gateway.row(row.id) == row
    return error.value.rule


async def test_a_driver_without_images_refuses_them(ground: Ground, gateway: Gateway) -> None:
    settings = settings_of(ground.database, ground.nats).model_copy(update={"driver": DriverName.LOCAL})
    async with running(settings):
        row = await gateway.create()
        deploy = DeployImage(deployment_id=row.id, image=IMAGE)
        assert await refused(gateway, row, Role.WORKSPACE_EDITOR, deploy) == Rule.IMAGES_NOT_OFFERED
        create = CreateDeployment(workspace_id=WORKSPACE, label="another", image=IMAGE)
        assert await refused(gateway, row, Role.WORKSPACE_EDITOR, create) == Rule.IMAGES_NOT_OFFERED
        with pytest.raises(Forbidden):
            await gateway.ask(deploy, member(Role.WORKSPACE_VIEWER))
        with pytest.raises(NotFound):
            await gateway.ask(deploy, member(workspace_id="cother"))


@pytest.mark.usefixtures("service")
async def test_no_driver_adopts(gateway: Gateway) -> None:
    row = await gateway.create()
    adopt, unadopt = AdoptDeployment(workspace_id=WORKSPACE), UnadoptDeployment(deployment_id=row.id)
    assert await refused(gateway, row, Role.WORKSPACE_EDITOR, adopt) == Rule.ADOPTION_NOT_OFFERED
    assert await refused(gateway, row, Role.WORKSPACE_ADMIN, unadopt) == Rule.ADOPTION_NOT_OFFERED
    with pytest.raises(Forbidden):
        await gateway.ask(adopt, member(workspace_id="cother"))
    with pytest.raises(Forbidden):
        await gateway.ask(unadopt, member(Role.WORKSPACE_EDITOR))
    with pytest.raises(NotFound):
        await gateway.ask(unadopt, member(workspace_id="cother"))
    with pytest.raises(NotFound):
        await gateway.ask(UnadoptDeployment(deployment_id=DeploymentId("cnone")), member())
    with pytest.raises(Unauthenticated):
        await gateway.ask(unadopt, ANONYMOUS)
