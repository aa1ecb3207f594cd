"""The row of an invite is what its events made it."""

from datetime import timedelta

import pytest

from services.identity.contract import Role
from services.invites.contract import InviteEvent, InviteRow, InviteStatus
from services.invites.projections import evolve
from tests.unit.invites.examples import ACCEPTED, AT, CHANGED, CREATED, EXPIRED, ID, LATER, VOIDED, WITHDRAWN, recorded

ROW = InviteRow(
    id=ID,
    user_id=CREATED.user_id,
    scope=CREATED.scope,
    roles=(Role.WORKSPACE_EDITOR,),
    expires_at=AT + timedelta(days=7),
    status=InviteStatus.PENDING,
    inviter=CREATED.inviter,
    inviter_kind="user",
    created_at=AT,
    updated_at=AT,
)


def fold(*events: InviteEvent) -> InviteRow | None:
    row: InviteRow | None = None
    for event in events:
        row = evolve(row, recorded(event))
    return row


def test_a_new_invite_is_pending() -> None:
    assert fold(CREATED) == ROW


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (ACCEPTED, InviteStatus.ACCEPTED),
        (WITHDRAWN, InviteStatus.WITHDRAWN),
        (EXPIRED, InviteStatus.EXPIRED),
        (VOIDED, InviteStatus.VOIDED),
    ],
)
def test_an_end_changes_status_and_time(event: InviteEvent, status: InviteStatus) -> None:
    assert fold(CREATED, event) == ROW.model_copy(update={"status": status, "updated_at": LATER})


def test_changed_roles_leave_it_pending() -> None:
    row = fold(CREATED, CHANGED)
    assert row == ROW.model_copy(update={"roles": (Role.WORKSPACE_ADMIN,), "updated_at": LATER})
    assert row is not None
    assert row.role is Role.WORKSPACE_ADMIN


def test_a_row_knows_its_workspace_and_its_role_there() -> None:
    assert ROW.workspace_id == "cworkspace00000000000001"
    assert ROW.role is Role.WORKSPACE_EDITOR
    plain = ROW.model_copy(update={"scope": "system", "roles": ()})
    assert plain.workspace_id is None
    assert plain.role is None


def test_an_end_without_a_beginning_makes_no_row() -> None:
    assert fold(WITHDRAWN) is None
