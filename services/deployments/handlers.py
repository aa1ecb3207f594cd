"""The commands of the deployments service, each over the one write path."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from services.deployments.access import require_sees, require_somebody
from services.deployments.contract import (
    CloseWorkspace,
    CreateDeployment,
    DeleteDeployment,
    DeploymentId,
    DeploymentRow,
    HibernateDeployment,
    MigrateDeployment,
    RetryDeployment,
    Rule,
    SetAirflowVersion,
    UpdateDeployment,
    WakeDeployment,
    WorkspaceClosed,
    WorkspaceId,
    deployment_stream,
    workspace_stream,
)
from services.deployments.directory import WorkspaceDirectory
from services.deployments.domain.deployment import DEPLOYMENT
from services.deployments.domain.state import Deleted, Deployment, Live
from services.deployments.domain.workspace import WORKSPACE, AddDeployment, DropDeployment
from services.deployments.drivers.protocol import Capabilities
from services.deployments.offer import completed, require_images, require_offered
from services.deployments.projections import row_of
from services.identity.contract.holdings import asker_with_all_grants
from shared.auth import Principal, deployment, service_principal, workspace
from shared.bus.client import Bus
from shared.bus.request import Handlers, Request, Result
from shared.commands import Commands, Unit
from shared.errors import NotFound, Rejected, WrongExpectedVersion
from shared.store.events import EventStore
from shared.store.model import Claim

LABEL: Final = "deployment_label"
RELEASE_NAME: Final = "release_name"
_IDENTITY: Final = service_principal("identity").subject
_DELETE: Final = "deployment.config.delete"
_DELETE_ANY: Final = "system.deployments.delete"
_UPDATE: Final = "deployment.config.update"
_UPDATE_ANY: Final = "system.deployments.update"
_UPDATE_VARIABLES: Final = "deployment.variables.update"

Change: TypeAlias = UpdateDeployment | SetAirflowVersion | HibernateDeployment | WakeDeployment | RetryDeployment
"""What changes a deployment that lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandHandlers:
    """Handles commands; `manual_release_names`: the asker may choose a release name. `offered` is the driver's."""

    store: EventStore
    commands: Commands
    bus: Bus
    directory: WorkspaceDirectory
    offered: Capabilities
    manual_release_names: bool

    def by_type(self) -> Handlers:
        """Return the handler of each command."""
        return {
            CreateDeployment: self.create_deployment,
            **dict.fromkeys(
                (UpdateDeployment, SetAirflowVersion, HibernateDeployment, WakeDeployment, RetryDeployment),
                self.change_deployment,
            ),
            MigrateDeployment: self.migrate_deployment,
            DeleteDeployment: self.delete_deployment,
            CloseWorkspace: self.close_workspace,
        }

    async def create_deployment(self, request: Request[CreateDeployment]) -> Result[DeploymentRow]:
        """Create a deployment and answer with its row."""
        wish = request.message

        async def attempt(unit: Unit) -> str:
            asker = await asker_with_all_grants(self.bus, unit.context)
            unit.require("workspace.deployments.create", workspace(wish.workspace_id), principal=asker)
            command = completed(wish, self.offered)
            home = await unit.load(WORKSPACE, command.workspace_id)
            if home.version == 0 and not await self.directory.knows(command.workspace_id, asker, unit.context):
                raise NotFound("the workspace does not exist")
            require_offered(self.offered, command.executor, command.airflow_version)
            if command.image:
                require_images(self.offered)
            named = await self._named(command, unit)
            new = await unit.load(DEPLOYMENT, command.deployment_id)
            unit.append(new, DEPLOYMENT.decide(named, new.state))
            unit.append(home, WORKSPACE.decide(_addition(command), home.state))
            unit.take(label_claim(command.workspace_id, command.label, new.stream), taken=_label_in_use(command.label))
            unit.take(Claim(kind=RELEASE_NAME, value=named.release_name, stream=new.stream), taken=_name_lost())
            return new.stream

        committed = await self.commands.run(request, attempt, queue_key=workspace_stream(wish.workspace_id))
        row = row_of(committed.histories[committed.stream])
        assert row is not None
        return Result(row, committed.stream, committed.position)

    async def change_deployment(self, request: Request[Change]) -> Result[DeploymentRow]:
        """Change a deployment and answer with its row."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            asker = await asker_with_all_grants(self.bus, unit.context)
            found = await unit.load(DEPLOYMENT, command.deployment_id)
            _require_change(unit, asker, command, found.state)
            self._require_offer_of(command, found.state)
            unit.append(found, DEPLOYMENT.decide(command, found.state))
            _move_label(unit, command, found.state, found.stream)
            return found.stream

        committed = await self.commands.run(request, attempt, queue_key=deployment_stream(command.deployment_id))
        row = row_of(committed.histories[committed.stream])
        assert row is not None
        return Result(row, committed.stream, committed.position)

    async def migrate_deployment(self, request: Request[MigrateDeployment]) -> Result[DeploymentRow]:
        """Bring a deployment to another version of the chart and answer with its row."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            asker = await asker_with_all_grants(self.bus, unit.context)
            require_somebody(asker)
            unit.require(_UPDATE_ANY, principal=asker)
            holder = await unit.claim_holder(RELEASE_NAME, command.release_name)
            id_ = DeploymentId((holder or "").removeprefix(deployment_stream("")))
            found = await unit.load(DEPLOYMENT, id_)
            update = UpdateDeployment(deployment_id=id_, version=command.version, now=command.now)
            unit.append(found, DEPLOYMENT.decide(update, found.state))
            return found.stream

        committed = await self.commands.run(request, attempt)
        row = row_of(committed.histories[committed.stream])
        assert row is not None
        return Result(row, committed.stream, committed.position)

    async def delete_deployment(self, request: Request[DeleteDeployment]) -> Result[DeploymentRow]:
        """Delete a deployment and answer with its row as it was last."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            asker = await asker_with_all_grants(self.bus, unit.context)
            found = await unit.load(DEPLOYMENT, command.deployment_id)
            live = _live(found.state, asker, command.deployment_id)
            _require(unit, asker, (_DELETE, _DELETE_ANY), command.deployment_id, live.workspace_id)
            home = await unit.load(WORKSPACE, live.workspace_id)
            drop = DropDeployment(live.workspace_id, command.deployment_id, command.now)
            unit.append(found, DEPLOYMENT.decide(command, found.state))
            unit.append(home, WORKSPACE.decide(drop, home.state))
            unit.release(label_claim(live.workspace_id, live.label, found.stream))
            return found.stream

        queue = await self._workspace_queue(command.deployment_id)
        committed = await self.commands.run(request, attempt, queue_key=queue)
        row = row_of(committed.histories[committed.stream])
        assert row is not None
        return Result(row, committed.stream, committed.position)

    async def close_workspace(self, request: Request[CloseWorkspace]) -> Result[WorkspaceClosed]:
        """Close a workspace for good."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            if unit.principal.subject != _IDENTITY:
                asker = await asker_with_all_grants(self.bus, unit.context)
                unit.require("workspace.config.delete", workspace(command.workspace_id), principal=asker)
            home = await unit.load(WORKSPACE, command.workspace_id)
            unit.append(home, WORKSPACE.decide(command, home.state))
            return home.stream

        committed = await self.commands.run(request, attempt, queue_key=workspace_stream(command.workspace_id))
        return Result(WorkspaceClosed(workspace_id=command.workspace_id), committed.stream, committed.position)

    def _require_offer_of(self, command: Change, state: Deployment) -> None:
        match command:
            case SetAirflowVersion():
                if not isinstance(state, Live) or command.airflow_version != state.wish.airflow_version:
                    require_offered(self.offered, None, command.airflow_version)
            case UpdateDeployment():
                require_offered(self.offered, command.executor, "")
            case _:
                pass

    async def _named(self, command: CreateDeployment, unit: Unit) -> CreateDeployment:
        """Return the command with the release name that it gets."""
        if command.release_name and self.manual_release_names:
            if await unit.claim_holder(RELEASE_NAME, command.release_name) is not None:
                raise Rejected("the release name was used before", rule=Rule.RELEASE_NAME_IN_USE)
            return command
        for name in command.release_names:
            if await unit.claim_holder(RELEASE_NAME, name) is None:
                return command.model_copy(update={"release_name": name})
        raise Rejected("every candidate for the release name was used before", rule=Rule.RELEASE_NAME_IN_USE)

    async def _workspace_queue(self, deployment_id: DeploymentId) -> str:
        # Deletions in one workspace write one stream: they wait for each other like creations do, instead of losing
        # the race again and again.
        history = await self.store.read_stream(deployment_stream(deployment_id))
        row = row_of(history[:1])
        return deployment_stream(deployment_id) if row is None else workspace_stream(row.workspace_id)


def label_claim(workspace_id: WorkspaceId, label: str, stream: str) -> Claim:
    """Return the claim of a live deployment on its label within its workspace."""
    return Claim(kind=LABEL, value=f"{workspace_id}/{label}", stream=stream)


def _addition(command: CreateDeployment) -> AddDeployment:
    return AddDeployment(command.workspace_id, command.deployment_id, command.label, command.now)


def _label_in_use(label: str) -> Rejected:
    return Rejected("the label is in use in this workspace", rule=Rule.LABEL_IN_USE, details={"label": label})


def _name_lost() -> WrongExpectedVersion:
    return WrongExpectedVersion("another creation took the release name just now")  # so decide afresh


def _live(state: Deployment, principal: Principal, deployment_id: DeploymentId) -> Live:
    if not isinstance(state, Live):
        raise NotFound("the deployment does not exist")
    require_sees(principal, deployment_id, state.workspace_id)
    return state


def _require_change(unit: Unit, asker: Principal, command: Change, state: Deployment) -> None:
    if isinstance(command, RetryDeployment) and isinstance(state, Deleted):
        require_sees(asker, command.deployment_id, state.workspace_id)
        _require(unit, asker, (_DELETE, _DELETE_ANY), command.deployment_id, state.workspace_id)
        return
    live = _live(state, asker, command.deployment_id)
    needed = _UPDATE_VARIABLES if _is_of_variables(command) else _UPDATE
    _require(unit, asker, (needed, _UPDATE_ANY), command.deployment_id, live.workspace_id)


def _is_of_variables(command: Change) -> bool:
    """Say whether nothing but the environment is to change."""
    if not isinstance(command, UpdateDeployment) or command.env is None:
        return False
    given = {name for name, value in command if value is not None}
    return given <= {"deployment_id", "env", "now"}


def _require(
    unit: Unit,
    asker: Principal,
    needed: tuple[str, str],
    deployment_id: DeploymentId,
    workspace_id: WorkspaceId,
) -> None:
    """Require the first permission on the deployment or its workspace, or the second on the system."""
    on_it, on_system = needed
    if asker.holds(on_system):
        unit.require(on_system, principal=asker)
    else:
        unit.require(on_it, deployment(deployment_id), workspace(workspace_id), principal=asker)


def _move_label(unit: Unit, command: Change, state: Deployment, stream: str) -> None:
    if not isinstance(command, UpdateDeployment) or not isinstance(state, Live) or command.label is None:
        return
    if command.label != state.label:
        unit.release(label_claim(state.workspace_id, state.label, stream))
        claim = label_claim(state.workspace_id, command.label, stream)
        unit.take(claim, taken=_label_in_use(command.label))
