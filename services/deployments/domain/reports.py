"""What a driver's report adds to a deployment's past: only what is news of the present generation."""

from typing import Final

from pydantic import TypeAdapter

from services.deployments.contract import (
    DeploymentBecameHealthy,
    DeploymentBecameUnhealthy,
    DeploymentEvent,
    DeploymentFailed,
    DeploymentHibernated,
    DeploymentRemoved,
    Observation,
    ReportObserved,
)
from services.deployments.domain.state import Absent, Condition, Deleted, Deployment, Live

MOST_COMPLAINTS: Final = 10
MOST_LINES: Final = 20
MOST_TEXT: Final = 500  # characters of a complaint, a reason or a line
_LINES: Final[TypeAdapter[tuple[str, ...]]] = TypeAdapter(tuple[str, ...])


def report(command: ReportObserved, deployment: Deployment) -> list[DeploymentEvent]:
    """Return the event that a report is, none where it is old, known or of another wish."""
    if isinstance(deployment, Absent) or deployment.generation != command.generation:
        return []
    if isinstance(deployment, Deleted) and deployment.removed:
        return []
    match command.observation:
        case Observation.HEALTHY if _awake(deployment) and deployment.condition is not Condition.HEALTHY:
            return [
                DeploymentBecameHealthy(
                    deployment_id=command.deployment_id,
                    generation=command.generation,
                    became_healthy_at=command.now,
                )
            ]
        case Observation.UNHEALTHY if _awake(deployment) and deployment.condition is Condition.HEALTHY:
            return [
                DeploymentBecameUnhealthy(
                    deployment_id=command.deployment_id,
                    generation=command.generation,
                    complaints=_bounded(command.complaints[:MOST_COMPLAINTS]),
                    became_unhealthy_at=command.now,
                )
            ]
        case Observation.HIBERNATED if not _awake(deployment) and deployment.condition is not Condition.HIBERNATED:
            return [
                DeploymentHibernated(
                    deployment_id=command.deployment_id, generation=command.generation, hibernated_at=command.now
                )
            ]
        case Observation.REMOVED if isinstance(deployment, Deleted) and deployment.purged:
            return [
                DeploymentRemoved(
                    deployment_id=command.deployment_id, generation=command.generation, removed_at=command.now
                )
            ]
        case Observation.FAILED if deployment.condition is not Condition.FAILED:
            return [_failed(command)]
        case _:
            return []


def _awake(deployment: Live | Deleted) -> bool:
    return isinstance(deployment, Live) and not deployment.asleep


def _failed(command: ReportObserved) -> DeploymentFailed:
    lines = _bounded(command.lines[-MOST_LINES:])
    return DeploymentFailed(
        deployment_id=command.deployment_id,
        generation=command.generation,
        step=command.step[:MOST_TEXT],
        reason=command.reason[:MOST_TEXT],
        lines=_LINES.dump_json(lines).decode() if lines else None,
        failed_at=command.now,
    )


def _bounded(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text[:MOST_TEXT] for text in texts)
