"""Lets callers of the gateway in to the Airflow of a deployment, in the role that theirs here is there."""

from dataclasses import dataclass
from typing import Final

from services.deployments.access import require_sees
from services.deployments.contract import AirflowRole, AirflowSecrets, DeploymentRow, DoorRow, FindDoor, Rule, State
from services.deployments.domain.state import Live
from services.deployments.drivers.door_tokens import door_token
from services.deployments.keeping.history import state_of
from services.deployments.statements import QUERIES
from services.identity.contract.holdings import asker_with_all_grants
from shared.auth import Principal, deployment, workspace
from shared.bus.client import Bus
from shared.bus.request import Handlers, Request, Result
from shared.clock import utc_now
from shared.errors import Forbidden, NotFound, Rejected
from shared.store.events import EventStore
from shared.store.model import PgPool

_ROLES: Final = (
    ("airflow.admin", AirflowRole.ADMIN),
    ("airflow.user", AirflowRole.USER),
    ("airflow.get", AirflowRole.VIEWER),
)
"""The permission behind each role, the strongest first."""

_WHY_NOT: Final = {
    State.CREATING: "the deployment is being created",
    State.UPDATING: "the deployment is being changed",
    State.WAKING: "the deployment wakes",
    State.HIBERNATING: "the deployment hibernates",
    State.HIBERNATED: "the deployment hibernates",
    State.CREATE_FAILED: "the deployment could not be created",
}


@dataclass(frozen=True, slots=True)
class DoorHandlers:
    """Answers FindDoor; `pool` serves queries only."""

    pool: PgPool
    store: EventStore
    bus: Bus

    def by_type(self) -> Handlers:
        """Return the handler."""
        return {FindDoor: self.find}

    async def find(self, request: Request[FindDoor]) -> Result[DoorRow]:
        """Return where the Airflow is, and a token for it in the asker's role."""
        asked = request.message
        asker = await asker_with_all_grants(self.bus, request.context)
        found = await self.pool.fetchrow(QUERIES["find_door"], asked.release_name, asked.deployment_id)
        row = DeploymentRow.model_validate_json(found["row"]) if found else None
        if found is None or row is None:
            raise NotFound("the deployment does not exist")
        role = _role(asker, row)
        if row.asleep or not found["endpoint"]:
            why = _WHY_NOT.get(row.state, "the deployment has no web pages now")
            raise Rejected(why, rule=Rule.AIRFLOW_AWAY)
        return Result(
            DoorRow(
                deployment_id=row.id,
                release_name=row.release_name,
                label=row.label,
                endpoint=found["endpoint"],
                role=role,
                token=await self._token(row, role, asker),
            )
        )

    async def _token(self, row: DeploymentRow, role: AirflowRole, asker: Principal) -> str:
        state = await state_of(self.store, row.id)
        if not isinstance(state, Live) or not state.secrets:
            raise NotFound("the deployment does not exist")
        secrets = AirflowSecrets.model_validate_json(state.secrets)
        return door_token(asker.subject, role, secret=secrets.jwt_secret, now=utc_now())


def _role(asker: Principal, row: DeploymentRow) -> AirflowRole:
    """Return the asker's role in the Airflow; raise NotFound or Forbidden where there is none."""
    place = (deployment(row.id), workspace(row.workspace_id))
    for permission, role in _ROLES:
        if asker.holds(f"deployment.{permission}", *place) or asker.holds(f"system.{permission}"):
            return role
    require_sees(asker, row.id, row.workspace_id)
    raise Forbidden("permission deployment.airflow.get is required")
