"""What identity decided is recorded once, in the order in which it happened, and what is closed stays closed."""

import pytest

from services.identity.contract import Role
from services.invites.contract import InviteEvent, VoidReason
from services.invites.domain import (
    ABSENT,
    Invite,
    InviteCommand,
    RecordAcceptance,
    RecordRoles,
    RecordVoid,
    RecordWithdrawal,
    decide,
    evolve,
)
from tests.unit.invites.examples import ACCEPTED, CHANGED, CREATED, EXPIRED, ID, LATER, RECORD, VOIDED, WITHDRAWN

ENDS: list[tuple[InviteCommand, InviteEvent]] = [
    (RecordWithdrawal(invite_id=ID, expired=False, at=LATER), WITHDRAWN),
    (RecordWithdrawal(invite_id=ID, expired=True, at=LATER), EXPIRED),
    (RecordAcceptance(invite_id=ID, at=LATER), ACCEPTED),
    (RecordVoid(invite_id=ID, reason=VoidReason.WORKSPACE_DELETED, at=LATER), VOIDED),
]
CHANGE = RecordRoles(invite_id=ID, roles=(Role.WORKSPACE_ADMIN,), at=LATER)


def given(*events: InviteEvent) -> Invite:
    invite: Invite = ABSENT
    for event in events:
        invite = evolve(invite, event)
    return invite


def test_an_invitation_is_recorded() -> None:
    assert decide(RECORD, given()) == [CREATED]


def test_an_invitation_is_recorded_once() -> None:
    assert decide(RECORD, given(CREATED)) == []


@pytest.mark.parametrize(("command", "event"), ENDS)
def test_a_pending_invite_ends(command: InviteCommand, event: InviteEvent) -> None:
    assert decide(command, given(CREATED)) == [event]


@pytest.mark.parametrize(("command", "event"), ENDS)
def test_an_invite_whose_roles_changed_still_ends(command: InviteCommand, event: InviteEvent) -> None:
    assert decide(command, given(CREATED, CHANGED)) == [event]


@pytest.mark.parametrize("end", [WITHDRAWN, EXPIRED, ACCEPTED, VOIDED])
@pytest.mark.parametrize("command", [RECORD, CHANGE, *(command for command, _ in ENDS)])
def test_an_invite_that_ended_stays_as_it_is(end: InviteEvent, command: InviteCommand) -> None:
    assert decide(command, given(CREATED, end)) == []


@pytest.mark.parametrize("command", [CHANGE, *(command for command, _ in ENDS)])
def test_nothing_is_recorded_of_an_invite_that_never_was(command: InviteCommand) -> None:
    assert decide(command, given()) == []


def test_other_roles_are_recorded_and_the_same_ones_are_not() -> None:
    assert decide(CHANGE, given(CREATED)) == [CHANGED]
    assert decide(CHANGE, given(CREATED, CHANGED)) == []
