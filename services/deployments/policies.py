"""What follows from a wish: one job a deployment and generation for its driver, and a timer for what is deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.deployments.contract import (
    DeploymentAirflowVersionSet,
    DeploymentCreated,
    DeploymentDagsActivated,
    DeploymentDagsDeployed,
    DeploymentDeleted,
    DeploymentHibernationRequested,
    DeploymentId,
    DeploymentImageDeployed,
    DeploymentPurgeRequested,
    DeploymentRetryRequested,
    DeploymentUpdated,
    DeploymentWakeRequested,
)
from shared.followers.policy import Job
from shared.messages import Message
from shared.store.model import Recorded

DRIVE: Final = "drive"
PURGE: Final = "purge"
WISHES: Final = (
    DeploymentCreated,
    DeploymentUpdated,
    DeploymentAirflowVersionSet,
    DeploymentDagsDeployed,
    DeploymentDagsActivated,
    DeploymentImageDeployed,
    DeploymentHibernationRequested,
    DeploymentWakeRequested,
    DeploymentRetryRequested,
    DeploymentDeleted,
    DeploymentPurgeRequested,
)


class DriverJob(Message):
    """The payload of a job of kind `drive`: this generation is wished; what it is stands in the stream."""

    deployment_id: DeploymentId
    generation: int


class PurgeJob(Message):
    """The payload of a job of kind `purge`."""

    deployment_id: DeploymentId


@dataclass(frozen=True, slots=True)
class DriverPolicy:
    """Turns a deployment's wishes into jobs; the data of a deleted one are kept for `kept`."""

    kept: timedelta
    name: str = "drive"

    def jobs(self, recorded: Recorded) -> Sequence[Job]:
        """Return the jobs that the event asks for."""
        event = recorded.event
        if not isinstance(event, WISHES):
            return ()
        wish = DriverJob(deployment_id=event.deployment_id, generation=event.generation)
        drive = Job(kind=DRIVE, key=f"{wish.deployment_id}/{wish.generation}", payload=wish.model_dump_json())
        if not isinstance(event, DeploymentDeleted) or event.hard:
            return (drive,)
        payload = PurgeJob(deployment_id=event.deployment_id).model_dump_json()
        purge = Job(kind=PURGE, key=event.deployment_id, payload=payload, not_before=event.deleted_at + self.kept)
        return (drive, purge)
