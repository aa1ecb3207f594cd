"""Adoption: what a cluster runs already as a custom resource would become a deployment. No driver does that yet."""

from dataclasses import dataclass
from typing import Final, NoReturn

from services.deployments.access import require_sees
from services.deployments.contract import (
    AdoptDeployment,
    DeploymentRow,
    Rule,
    UnadoptDeployment,
    deployment_stream,
    workspace_stream,
)
from services.deployments.directory import WorkspaceDirectory
from services.deployments.domain.deployment import DEPLOYMENT
from services.deployments.domain.state import Live
from services.identity.contract.holdings import asker_with_all_grants
from shared.auth import deployment, workspace
from shared.bus.client import Bus
from shared.bus.request import Handlers, Request, Result
from shared.commands import Commands, Unit
from shared.errors import NotFound, Rejected

_CREATE: Final = "workspace.deployments.create"
_DELETE: Final = "deployment.config.delete"
_DELETE_ANY: Final = "system.deployments.delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionHandlers:
    """Refuses, whoever may ask, for the driver; the others for themselves."""

    commands: Commands
    bus: Bus
    directory: WorkspaceDirectory

    def by_type(self) -> Handlers:
        """Return the handler of each command."""
        return {AdoptDeployment: self.adopt, UnadoptDeployment: self.unadopt}

    async def adopt(self, request: Request[AdoptDeployment]) -> Result[DeploymentRow]:
        """Refuse to adopt."""
        place = request.message.workspace_id

        async def attempt(unit: Unit) -> str:
            asker = await asker_with_all_grants(self.bus, unit.context)
            unit.require(_CREATE, workspace(place), principal=asker)
            if not await self.directory.knows(place, asker, unit.context):
                raise NotFound("the workspace does not exist")
            _refuse()

        await self.commands.run(request, attempt, queue_key=workspace_stream(place))
        _refuse()

    async def unadopt(self, request: Request[UnadoptDeployment]) -> Result[DeploymentRow]:
        """Refuse to give back what was never adopted."""
        id_ = request.message.deployment_id

        async def attempt(unit: Unit) -> str:
            asker = await asker_with_all_grants(self.bus, unit.context)
            found = (await unit.load(DEPLOYMENT, id_)).state
            if not isinstance(found, Live):
                raise NotFound("the deployment does not exist")
            require_sees(asker, id_, found.workspace_id)
            if not asker.holds(_DELETE_ANY):
                unit.require(_DELETE, deployment(id_), workspace(found.workspace_id), principal=asker)
            _refuse()

        await self.commands.run(request, attempt, queue_key=deployment_stream(id_))
        _refuse()


def _refuse() -> NoReturn:
    raise Rejected("no driver adopts custom resources", rule=Rule.ADOPTION_NOT_OFFERED)
