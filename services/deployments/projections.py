"""The read model of deployments: one row each, folded from its stream."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, cast

from services.deployments.contract import DeploymentEvent, DeploymentRow
from services.deployments.domain.row import evolve_row
from services.deployments.domain.workspace import WORKSPACE
from services.deployments.statements import QUERIES
from shared.audit.concerns import Concern, concern_of
from shared.followers.projection import RowProjection
from shared.store.model import Recorded

_AT_HOME: Final = frozenset({"deployment"})


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
        evolve=_evolve,
        load=QUERIES["load_deployments"],
        delete=QUERIES["delete_deployments"],
        insert=QUERIES["insert_deployments"],
    )


def row_of(history: Sequence[Recorded]) -> DeploymentRow | None:
    """Return the last row that this history made, also of a deployment whose record has been dropped since."""
    row: DeploymentRow | None = None
    for recorded in history:
        row = _evolve(row, recorded) or row
    return row


def _evolve(row: DeploymentRow | None, recorded: Recorded) -> DeploymentRow | None:
    return evolve_row(row, cast("DeploymentEvent", recorded.event))  # the streams of this kind hold nothing else
