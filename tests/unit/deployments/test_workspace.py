"""A workspace is closed when nothing lives in it, and then for good."""

import pytest

from services.deployments.contract import (
    CloseWorkspace,
    Rule,
    WorkspaceDeploymentAdded,
    WorkspaceDeploymentDropped,
    WorkspaceEvent,
    WorkspaceWasClosed,
)
from services.deployments.domain.workspace import AddDeployment, DropDeployment, Open, Workspace, decide, evolve
from shared.errors import Rejected
from tests.unit.deployments.examples import AT, ID, WORKSPACE_ID

ADD = AddDeployment(WORKSPACE_ID, ID, "nightly", AT)
CLOSE = CloseWorkspace(workspace_id=WORKSPACE_ID, now=AT)
ADDED = WorkspaceDeploymentAdded(workspace_id=WORKSPACE_ID, deployment_id=ID, label="nightly", added_at=AT)
DROPPED = WorkspaceDeploymentDropped(workspace_id=WORKSPACE_ID, deployment_id=ID, dropped_at=AT)
CLOSED = WorkspaceWasClosed(workspace_id=WORKSPACE_ID, closed_at=AT)


def given(*events: WorkspaceEvent) -> Workspace:
    workspace: Workspace = Open()
    for event in events:
        workspace = evolve(workspace, event)
    return workspace


@pytest.mark.parametrize("past", [(), (ADDED,), (ADDED, DROPPED)])
def test_an_open_workspace_takes_deployments(past: tuple[WorkspaceEvent, ...]) -> None:
    assert decide(ADD, given(*past)) == [ADDED]


def test_a_closed_workspace_takes_none() -> None:
    with pytest.raises(Rejected) as error:
        decide(ADD, given(CLOSED))
    assert error.value.rule == Rule.WORKSPACE_CLOSED


def test_a_deletion_is_noted() -> None:
    assert decide(DropDeployment(WORKSPACE_ID, ID, AT), given(ADDED)) == [DROPPED]


@pytest.mark.parametrize("past", [(), (ADDED, DROPPED)])
def test_an_empty_workspace_is_closed(past: tuple[WorkspaceEvent, ...]) -> None:
    assert decide(CLOSE, given(*past)) == [CLOSED]


@pytest.mark.parametrize("past", [(ADDED,), (ADDED, ADDED, DROPPED)])
def test_a_workspace_is_not_closed_over_what_lives_there(past: tuple[WorkspaceEvent, ...]) -> None:
    with pytest.raises(Rejected) as error:
        decide(CLOSE, given(*past))
    assert error.value.rule == Rule.DEPLOYMENTS_EXIST


def test_a_closed_workspace_is_closed_again_without_a_word() -> None:
    assert decide(CLOSE, given(CLOSED)) == []
