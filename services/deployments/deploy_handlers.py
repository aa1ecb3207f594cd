"""The commands that deploy DAG files and images: a bundle is looked through and stored before its event is."""

from dataclasses import dataclass
from typing import Final, TypeVar

from services.deployments.access import require_sees
from services.deployments.bundles.store import Bundles
from services.deployments.contract import (
    ActivateDags,
    DeployDags,
    DeployImage,
    DeploymentId,
    DeploymentRow,
    deployment_stream,
)
from services.deployments.domain.bundles import AddBundle
from services.deployments.domain.deployment import DEPLOYMENT
from services.deployments.domain.state import Live
from services.deployments.drivers.protocol import Capabilities
from services.deployments.offer import require_dags, require_images
from services.deployments.projections import row_of
from services.identity.contract.holdings import asker_with_all_grants
from shared.auth import deployment, workspace
from shared.bus.client import Bus
from shared.bus.request import Handlers, Request, Result
from shared.commands import Attempt, Commands, Committed, Unit
from shared.errors import NotFound
from shared.store.events import EventStore

_PUSH: Final = "deployment.images.push"
_UPDATE_ANY: Final = "system.deployments.update"

DeployT = TypeVar("DeployT", DeployDags, ActivateDags, DeployImage)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployHandlers:
    """Handles commands about DAG files and images; `offered` is the driver's."""

    store: EventStore
    commands: Commands
    bus: Bus
    bundles: Bundles
    offered: Capabilities

    def by_type(self) -> Handlers:
        """Return the handler of each command."""
        return {DeployDags: self.deploy_dags, ActivateDags: self.activate_dags, DeployImage: self.deploy_image}

    async def deploy_dags(self, request: Request[DeployDags]) -> Result[DeploymentRow]:
        """Take a bundle, have the deployment run it, and answer with its row."""
        command = request.message
        files: list[int] = []

        async def attempt(unit: Unit) -> str:
            state, stream = await self._allowed(unit, command.deployment_id)
            require_dags(self.offered)
            if not files:
                files.append(await self.bundles.take(command))
            found = await unit.load(DEPLOYMENT, command.deployment_id)
            unit.append(found, DEPLOYMENT.decide(AddBundle(command, files[0]), state))
            return stream

        answer = self._result(await self._run(request, attempt))
        await self.bundles.drop_others(command.deployment_id, {each.sha256 for each in answer.value.bundles})
        return answer

    async def activate_dags(self, request: Request[ActivateDags]) -> Result[DeploymentRow]:
        """Have the deployment run an earlier bundle and answer with its row."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            state, stream = await self._allowed(unit, command.deployment_id)
            require_dags(self.offered)
            found = await unit.load(DEPLOYMENT, command.deployment_id)
            unit.append(found, DEPLOYMENT.decide(command, state))
            return stream

        return self._result(await self._run(request, attempt))

    async def deploy_image(self, request: Request[DeployImage]) -> Result[DeploymentRow]:
        """Have the deployment run an image and answer with its row."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            state, stream = await self._allowed(unit, command.deployment_id)
            require_images(self.offered)
            found = await unit.load(DEPLOYMENT, command.deployment_id)
            unit.append(found, DEPLOYMENT.decide(command, state))
            return stream

        return self._result(await self._run(request, attempt))

    async def _allowed(self, unit: Unit, deployment_id: DeploymentId) -> tuple[Live, str]:
        asker = await asker_with_all_grants(self.bus, unit.context)
        found = await unit.load(DEPLOYMENT, deployment_id)
        if not isinstance(found.state, Live):
            raise NotFound("the deployment does not exist")
        require_sees(asker, deployment_id, found.state.workspace_id)
        if asker.holds(_UPDATE_ANY):
            unit.require(_UPDATE_ANY, principal=asker)
        else:
            unit.require(_PUSH, deployment(deployment_id), workspace(found.state.workspace_id), principal=asker)
        return found.state, found.stream

    async def _run(self, request: Request[DeployT], attempt: Attempt) -> Committed:
        return await self.commands.run(request, attempt, queue_key=deployment_stream(request.message.deployment_id))

    def _result(self, committed: Committed) -> Result[DeploymentRow]:
        row = row_of(committed.histories[committed.stream])
        assert row is not None
        return Result(row, committed.stream, committed.position)
