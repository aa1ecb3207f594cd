"""A deployment as its stream tells it, for those who keep it."""

from dataclasses import dataclass
from typing import cast

from services.deployments.contract import AirflowSecrets, DeploymentEvent, DeploymentId, Doors, deployment_stream
from services.deployments.domain.deployment import DEPLOYMENT
from services.deployments.domain.state import Deployment, Live
from services.deployments.drivers.protocol import Specification
from shared.store.events import EventStore


async def state_of(store: EventStore, deployment_id: DeploymentId) -> Deployment:
    """Return the state of a deployment by all of its events."""
    state = DEPLOYMENT.initial
    for recorded in await store.read_stream(deployment_stream(deployment_id)):
        state = DEPLOYMENT.evolve(state, cast("DeploymentEvent", recorded.event))
    return state


@dataclass(frozen=True, slots=True)
class Specifications:
    """Reads what a generation shall be; the store decrypts its secrets. `doors` says where people reach it."""

    store: EventStore
    doors: Doors

    async def load(self, deployment_id: DeploymentId, generation: int) -> Specification | None:
        """Return it, None where it is no longer the last one or its secrets are destroyed."""
        state = await state_of(self.store, deployment_id)
        if not isinstance(state, Live) or state.generation != generation or not state.secrets:
            return None
        wish = state.wish
        return Specification(
            deployment_id=deployment_id,
            release_name=wish.release_name,
            executor=wish.executor,
            airflow_version=wish.next_version,
            version=wish.version,
            config=wish.config,
            properties=wish.properties,
            triggerer_replicas=wish.triggerer_replicas,
            bundle=state.bundle,
            base_url=self.doors.url_of(wish.release_name),
            env={variable.key: variable.value for variable in wish.env},
            secrets=AirflowSecrets.model_validate_json(state.secrets),
        )
