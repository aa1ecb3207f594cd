"""Invitations: one open one a scope, withdrawn, expired, cleared away; and the end of who was only invited."""

import dataclasses

import pytest

from services.identity.contract import InvitedRole, Role, Rule
from services.identity.domain.events import UserEvent
from services.identity.domain.user import ChangeInvitation, Clear, Invite, Invited, Withdraw
from services.identity.handlers.streams import USER
from shared.auth import SYSTEM
from tests.unit.identity.examples import (
    ACTIVATED,
    ANN,
    BINDING,
    BOB,
    DEPLOYMENT,
    ELSEWHERE,
    EXPIRY,
    HERE,
    INVITATION,
    INVITED,
    INVITED_ALONG,
    INVITED_TO_SYSTEM,
    LATER,
    NOW,
    OTHER_INVITATION,
    PROFILE,
    REGISTERED,
    REMOVED,
    ROLES_CHANGED,
    UNCONFIRMED,
    withdrawn,
)
from tests.unit.identity.scenario import Scenario

user = Scenario(USER)
INVITE = Invite(
    user_id=ANN,
    invitation_id=INVITATION,
    email=PROFILE.email,
    scope=HERE,
    roles=(Role.WORKSPACE_EDITOR,),
    expires_at=EXPIRY,
    inviter=BOB,
    inviter_kind="user",
    alone=False,
    now=NOW,
)
TO_SYSTEM = dataclasses.replace(INVITE, invitation_id=OTHER_INVITATION, scope=SYSTEM, roles=(), alone=True)
WITHDRAW = Withdraw(invitation_id=INVITATION, reason="withdrawn", now=LATER)


def test_an_unknown_address_is_invited() -> None:
    user.when(INVITE).then(INVITED)


def test_a_scope_invites_once() -> None:
    user.given(INVITED).when(INVITE).then_rejected(Rule.USER_ALREADY_INVITED)


def test_another_workspace_may_invite_too() -> None:
    other = INVITED.model_copy(update={"scope": ELSEWHERE, "invitation_id": OTHER_INVITATION})
    command = dataclasses.replace(INVITE, scope=ELSEWHERE, invitation_id=OTHER_INVITATION)
    user.given(INVITED).when(command).then(other)


def test_the_system_does_not_invite_who_is_invited_anywhere() -> None:
    user.given(INVITED).when(TO_SYSTEM).then_rejected(Rule.USER_ALREADY_INVITED)


def test_a_workspace_may_invite_who_is_invited_to_the_system() -> None:
    user.given(INVITED_TO_SYSTEM).when(INVITE).then(INVITED)


def test_an_expired_invitation_makes_room_for_the_next() -> None:
    later = dataclasses.replace(INVITE, invitation_id=OTHER_INVITATION, now=EXPIRY)
    again = INVITED.model_copy(update={"invitation_id": OTHER_INVITATION, "invited_at": EXPIRY})
    expired = withdrawn(reason="expired").model_copy(update={"withdrawn_at": EXPIRY})
    user.given(INVITED).when(later).then(again, expired)


@pytest.mark.parametrize("history", [(REGISTERED,), (UNCONFIRMED,), (INVITED, ACTIVATED)])
def test_who_has_an_account_is_not_invited(history: tuple[UserEvent, ...]) -> None:
    user.given(*history).when(INVITE).then_rejected(Rule.EMAIL_IN_USE)


@pytest.mark.parametrize(
    ("scope", "roles"),
    [
        (HERE, ()),
        (HERE, (Role.SYSTEM_ADMIN,)),
        (HERE, (Role.USER,)),
        (HERE, (Role.WORKSPACE_ADMIN, Role.WORKSPACE_VIEWER)),
        (SYSTEM, (Role.WORKSPACE_ADMIN,)),
    ],
)
def test_an_invitation_brings_one_role_of_its_scope(scope: str, roles: tuple[Role, ...]) -> None:
    user.when(dataclasses.replace(INVITE, scope=scope, roles=roles)).then_rejected(Rule.INVALID_ROLE)


@pytest.mark.parametrize(
    ("scope", "roles"),
    [
        (HERE, (Role.WORKSPACE_VIEWER,)),
        (HERE, (Role.DEPLOYMENT_VIEWER, Role.DEPLOYMENT_ADMIN)),
        (SYSTEM, (Role.DEPLOYMENT_VIEWER,)),
    ],
)
def test_roles_on_deployments_fit_and_come_with_a_workspace_one_a_deployment(
    scope: str, roles: tuple[Role, ...]
) -> None:
    along = tuple(InvitedRole(deployment_id=DEPLOYMENT, role=role, binding_id=BINDING) for role in roles)
    invite = dataclasses.replace(INVITE if scope == HERE else TO_SYSTEM, deployment_roles=along)
    user.when(invite).then_rejected(Rule.INVALID_ROLE)


def test_teams_and_roles_on_deployments_stand_in_the_invitation() -> None:
    (role,) = INVITED_ALONG.deployment_roles
    (team_id,) = INVITED_ALONG.team_ids
    invite = dataclasses.replace(INVITE, deployment_roles=(role,), team_ids=(team_id, team_id))
    user.when(invite).then(INVITED_ALONG)


def test_the_role_of_an_open_invitation_changes() -> None:
    change = ChangeInvitation(scope=HERE, roles=(Role.WORKSPACE_ADMIN,), now=LATER)
    user.given(INVITED).when(change).then(ROLES_CHANGED)
    user.given(INVITED, ROLES_CHANGED).when(change).then()


@pytest.mark.parametrize("history", [(), (INVITED, withdrawn(), REMOVED), (INVITED, ACTIVATED)])
def test_there_is_no_other_invitation_to_change(history: tuple[UserEvent, ...]) -> None:
    change = ChangeInvitation(scope=HERE, roles=(Role.WORKSPACE_ADMIN,), now=LATER)
    user.given(*history).when(change).then_not_found()


def test_the_last_withdrawal_takes_the_invited_person_along() -> None:
    user.given(INVITED).when(WITHDRAW).then(withdrawn(), REMOVED)


def test_another_open_invitation_keeps_the_invited_person() -> None:
    history = user.given(INVITED, INVITED_TO_SYSTEM)
    history.when(WITHDRAW).then(withdrawn())
    assert isinstance(history.given(withdrawn()).state, Invited)


def test_a_person_who_signed_up_outlives_the_last_withdrawal() -> None:
    user.given(INVITED, UNCONFIRMED).when(WITHDRAW).then(withdrawn())


@pytest.mark.parametrize("history", [(), (REGISTERED,), (INVITED, ACTIVATED), (INVITED, withdrawn(), REMOVED)])
def test_what_is_not_open_is_not_withdrawn(history: tuple[UserEvent, ...]) -> None:
    user.given(*history).when(WITHDRAW).then_rejected(Rule.INVITE_NOT_FOUND)


def test_a_deleted_workspace_clears_its_invitation_away() -> None:
    clear = Clear(entity=HERE, now=LATER)
    user.given(INVITED).when(clear).then(withdrawn(reason="workspace_deleted"), REMOVED)
    user.given(INVITED, INVITED_TO_SYSTEM).when(clear).then(withdrawn(reason="workspace_deleted"))
    user.given(INVITED_TO_SYSTEM).when(clear).then()
