"""What we read of a pod."""

from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from services.deployments.contract import DeploymentId
from services.deployments.kubernetes.names import DEPLOYMENT, DIGEST

_KUBERNETES: Final = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class _Object(BaseModel):
    model_config = _KUBERNETES


class Metadata(_Object):
    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] = Field(default_factory=dict[str, str])
    annotations: dict[str, str] = Field(default_factory=dict[str, str])
    deletion_timestamp: AwareDatetime | None = None


class Waiting(_Object):
    reason: str = ""
    message: str = ""


class Running(_Object):
    started_at: AwareDatetime | None = None


class Terminated(_Object):
    exit_code: int = 0
    reason: str = ""


class ContainerState(_Object):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(_Object):
    name: str
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()

    @property
    def has_logs(self) -> bool:
        """Whether it has ever run."""
        return bool(self.state.running or self.state.terminated or self.last_state.terminated)


class Condition(_Object):
    type: str
    status: str
    reason: str = ""
    message: str = ""


class Status(_Object):
    phase: str = "Pending"
    conditions: tuple[Condition, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()


class PodSpec(_Object):
    termination_grace_period_seconds: int = 30


class Pod(_Object):
    """One pod, or what of it matters to us."""

    metadata: Metadata
    spec: PodSpec = PodSpec()
    status: Status = Status()

    @property
    def component(self) -> str:
        """The component of Airflow that it is."""
        return self.metadata.labels.get("component", "")

    @property
    def deployment_id(self) -> DeploymentId:
        """Whose it is."""
        return DeploymentId(self.metadata.labels.get(DEPLOYMENT, ""))

    @property
    def digest(self) -> str:
        """Which specification made it."""
        return self.metadata.annotations.get(DIGEST, "")

    @property
    def path(self) -> str:
        """Its path at the cluster's API."""
        return f"/api/v1/namespaces/{self.metadata.namespace}/pods/{self.metadata.name}"

    @property
    def leaves(self) -> bool:
        """Whether it is being deleted."""
        return self.metadata.deletion_timestamp is not None

    @property
    def is_ready(self) -> bool:
        """Whether it serves, and is to go on."""
        return not self.leaves and any(
            each.type == "Ready" and each.status == "True" for each in self.status.conditions
        )

    @property
    def main(self) -> ContainerStatus | None:
        """Return the container that is the component itself: others beside it tidy up."""
        statuses = self.status.container_statuses
        named = (each for each in statuses if each.name in {self.component, "base"})
        return next(named, statuses[0] if statuses else None)
