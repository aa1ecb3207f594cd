"""The read model of deployments: one row each, folded from its stream."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, assert_never, cast

from pydantic import JsonValue

from services.deployments.contract import (
    DeploymentBecameHealthy,
    DeploymentCreated,
    DeploymentDeleted,
    DeploymentEvent,
    DeploymentRemoved,
    DeploymentRow,
    State,
    status_of,
)
from services.deployments.domain.specification import ALERT_EMAILS
from services.deployments.domain.workspace import WORKSPACE
from services.deployments.statements import QUERIES
from shared.audit.concerns import Concern, concern_of
from shared.followers.projection import RowProjection
from shared.store.model import Recorded
from shared.store.personal import clear_text

_AT_HOME: Final = frozenset({"deployment"})


def evolve_row(row: DeploymentRow | None, recorded: Recorded) -> DeploymentRow | None:
    """Return the row after the event; None once the record of a hard deletion is dropped."""
    event = cast("DeploymentEvent", recorded.event)  # the streams of this kind hold nothing else
    match event:
        case DeploymentCreated():
            return _created(event)
        case DeploymentBecameHealthy():
            return row and _moved(row, State.HEALTHY, observed_generation=event.generation)
        case DeploymentDeleted():
            return row and _moved(
                row,
                State.DELETING,
                generation=event.generation,
                hard=event.hard,
                updated_at=event.deleted_at,
                deleted_at=event.deleted_at,
            )
        case DeploymentRemoved():
            if row is None or row.hard:
                return None
            return _moved(row, State.DELETED, observed_generation=event.generation)
        case _:
            assert_never(event)


def concern(recorded: Recorded) -> Concern:
    """Return the deployment or the workspace that an event is about, for the audit."""
    found = concern_of(recorded, at_home=_AT_HOME)
    return replace(found, target_kind="workspace") if found.target_kind == WORKSPACE.kind else found


def deployments_projection() -> RowProjection[DeploymentRow]:
    """Return the projection `deployments`."""
    return RowProjection(
        name="deployments",
        stream_kind="deployment",
        table="deployments",
        row=DeploymentRow,
        evolve=evolve_row,
        load=QUERIES["load_deployments"],
        delete=QUERIES["delete_deployments"],
        insert=QUERIES["insert_deployments"],
    )


def row_of(history: Sequence[Recorded]) -> DeploymentRow | None:
    """Return the last row that this history made, also of a deployment whose record has been dropped since."""
    row: DeploymentRow | None = None
    for recorded in history:
        row = evolve_row(row, recorded) or row
    return row


def row_before_deletion(history: Sequence[Recorded]) -> DeploymentRow | None:
    """Return the row as it was before the deployment was deleted."""
    before = [recorded for recorded in history if not isinstance(recorded.event, DeploymentDeleted | DeploymentRemoved)]
    return row_of(before)


def _created(event: DeploymentCreated) -> DeploymentRow:
    return DeploymentRow(
        id=event.deployment_id,
        workspace_id=event.workspace_id,
        label=event.label,
        description=event.description,
        release_name=event.release_name,
        type=event.type,
        version=event.version,
        airflow_version=event.airflow_version,
        executor=event.executor,
        config=event.config,
        properties={**event.properties, **_alert_emails(event)},
        env_keys=event.env_keys,
        state=State.CREATING,
        status=status_of(State.CREATING),
        generation=event.generation,
        created_at=event.created_at,
        updated_at=event.created_at,
    )


def _alert_emails(event: DeploymentCreated) -> dict[str, JsonValue]:
    text = clear_text(event.alert_emails)
    return {ALERT_EMAILS: json.loads(text)} if text else {}


def _moved(row: DeploymentRow, state: State, **changes: Any) -> DeploymentRow:
    return row.model_copy(update={"state": state, "status": status_of(state), **changes})
