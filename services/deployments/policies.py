"""What follows from a wish: one job a deployment and generation, for the driver."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from services.deployments.contract import DeploymentCreated, DeploymentDeleted, DeploymentId
from shared.followers.policy import Job
from shared.messages import Event, Message
from shared.store.model import Recorded

DRIVE: Final = "drive"


class Wish(StrEnum):
    """What the driver is asked to do."""

    APPLY = "apply"
    DELETE = "delete"


class DriverJob(Message):
    """The payload of a job of kind `drive`; the specification itself is read from the deployment's stream."""

    deployment_id: DeploymentId
    generation: int
    wish: Wish


class DriverPolicy:
    """Turns a deployment's wishes into jobs for its driver."""

    name = "drive"

    def jobs(self, recorded: Recorded) -> Sequence[Job]:
        """Return the job that the event asks for, if any."""
        wanted = _wanted(recorded.event)
        if wanted is None:
            return ()
        key = f"{wanted.deployment_id}/{wanted.generation}"
        return (Job(kind=DRIVE, key=key, payload=wanted.model_dump_json()),)


def _wanted(event: Event) -> DriverJob | None:
    if isinstance(event, DeploymentCreated):
        return DriverJob(deployment_id=event.deployment_id, generation=event.generation, wish=Wish.APPLY)
    if isinstance(event, DeploymentDeleted):
        return DriverJob(deployment_id=event.deployment_id, generation=event.generation, wish=Wish.DELETE)
    return None
