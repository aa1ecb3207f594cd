"""Who may sign up, and as what."""

from dataclasses import replace
from functools import reduce

import pytest

from services.identity.contract import BindingId, Role, Rule, UserRoleGranted
from services.identity.domain.events import UserEvent
from services.identity.domain.user import Accept, Active, Pending, Register, teams_joined
from services.identity.handlers.streams import USER
from shared.auth import SYSTEM
from tests.unit.identity.examples import (
    ACTIVATED,
    ANN,
    AWAITED,
    BINDING,
    EDITOR,
    EXPIRY,
    HERE,
    INVITATION,
    INVITED,
    INVITED_ALONG,
    INVITED_TO_SYSTEM,
    LATER,
    NEW_PROFILE,
    NOW,
    OTHER_INVITATION,
    OWNER,
    PROFILE,
    REGISTERED,
    REMOVED,
    ROLES_CHANGED,
    THERE,
    UNCONFIRMED,
    withdrawn,
)
from tests.unit.identity.scenario import Scenario

user = Scenario(USER)
REGISTER = Register(user_id=ANN, profile=PROFILE, binding_id=BINDING, first=False, confirmed=False, now=NOW)
FIRST = Register(user_id=ANN, profile=PROFILE, binding_id=BINDING, first=True, confirmed=False, now=NOW)
UNASKED = Register(user_id=ANN, profile=PROFILE, binding_id=BINDING, first=False, confirmed=True, now=NOW)
ACCEPT = Accept(user_id=ANN, profile=NEW_PROFILE, invitation_id=INVITATION, live=frozenset({SYSTEM, HERE}), now=LATER)
GRANTED = UserRoleGranted(
    user_id=ANN, binding_id=BindingId(INVITATION), role=Role.WORKSPACE_EDITOR, entity=HERE, granted_at=LATER
)


def test_the_first_person_is_active_and_owns_the_organization() -> None:
    user.when(FIRST).then(REGISTERED, OWNER)


def test_a_later_person_awaits_confirmation() -> None:
    user.when(REGISTER).then(UNCONFIRMED, AWAITED)


def test_without_confirmation_a_later_person_is_active_at_once() -> None:
    user.when(UNASKED).then(REGISTERED)


@pytest.mark.parametrize("event", [REGISTERED, UNCONFIRMED])
def test_an_address_signs_up_once(event: UserEvent) -> None:
    user.given(event).when(REGISTER).then_rejected(Rule.EMAIL_IN_USE)


@pytest.mark.parametrize("command", [REGISTER, UNASKED])
def test_an_invited_address_without_its_token_awaits_confirmation_whatever_the_settings(command: Register) -> None:
    user.given(INVITED).when(command).then(UNCONFIRMED, AWAITED)


def test_the_invitations_of_an_unconfirmed_person_stay_open() -> None:
    state = user.given(INVITED, UNCONFIRMED).state
    assert isinstance(state, Pending)
    assert list(state.invitations) == [INVITATION]
    assert state.bindings == {}


def test_an_invited_person_becomes_active_with_exactly_the_invited_role() -> None:
    user.given(INVITED).when(ACCEPT).then(ACTIVATED, GRANTED)


def test_a_changed_invitation_brings_the_changed_role() -> None:
    changed = GRANTED.model_copy(update={"role": Role.WORKSPACE_ADMIN})
    user.given(INVITED, ROLES_CHANGED).when(ACCEPT).then(ACTIVATED, changed)


def test_roles_on_deployments_come_along_where_the_deployment_is_there() -> None:
    on_deployment = GRANTED.model_copy(update={"binding_id": BINDING, "role": Role.DEPLOYMENT_VIEWER, "entity": THERE})
    user.given(INVITED_ALONG).when(replace(ACCEPT, live=ACCEPT.live | {THERE})).then(ACTIVATED, GRANTED, on_deployment)
    user.given(INVITED_ALONG).when(ACCEPT).then(ACTIVATED, GRANTED)


def test_the_teams_of_used_invitations_are_joined_and_each_once() -> None:
    again = INVITED_TO_SYSTEM.model_copy(update={"team_ids": INVITED_ALONG.team_ids})
    invited = reduce(USER.evolve, [INVITED_ALONG, again], USER.initial)
    both = ACTIVATED.model_copy(update={"invitation_ids": (INVITATION, OTHER_INVITATION)})
    assert teams_joined(invited, [both]) == INVITED_ALONG.team_ids
    assert teams_joined(invited, [ACTIVATED.model_copy(update={"invitation_ids": ()})]) == ()
    assert teams_joined(invited, [withdrawn(reason="withdrawn")]) == ()


def test_one_token_uses_up_all_open_invitations() -> None:
    both = ACTIVATED.model_copy(update={"invitation_ids": (INVITATION, OTHER_INVITATION)})
    user.given(INVITED, INVITED_TO_SYSTEM).when(ACCEPT).then(both, GRANTED)


def test_an_expired_invitation_to_elsewhere_gives_nothing() -> None:
    old = INVITED_TO_SYSTEM.model_copy(update={"expires_at": LATER, "roles": (Role.SYSTEM_ADMIN,)})
    expired = withdrawn(OTHER_INVITATION, "expired")
    user.given(INVITED, old).when(ACCEPT).then(expired, ACTIVATED, GRANTED)


def test_an_invitation_to_a_workspace_that_is_gone_opens_no_door() -> None:
    command = Accept(user_id=ANN, profile=NEW_PROFILE, invitation_id=INVITATION, live=frozenset({SYSTEM}), now=LATER)
    user.given(INVITED).when(command).then_rejected(Rule.INVITE_NOT_FOUND)


def test_beside_an_accepted_invitation_one_to_a_workspace_that_is_gone_ends_unused() -> None:
    command = replace(ACCEPT, invitation_id=OTHER_INVITATION, live=frozenset({SYSTEM}))
    accepted = ACTIVATED.model_copy(update={"invitation_ids": (OTHER_INVITATION,)})
    user.given(INVITED, INVITED_TO_SYSTEM).when(command).then(withdrawn(reason="workspace_deleted"), accepted)


def test_an_invitation_is_void_at_its_last_instant() -> None:
    command = Accept(user_id=ANN, profile=NEW_PROFILE, invitation_id=INVITATION, live=frozenset({HERE}), now=EXPIRY)
    user.given(INVITED).when(command).then_rejected(Rule.INVITE_NOT_FOUND)


@pytest.mark.parametrize("history", [(), (REGISTERED,), (INVITED, withdrawn(), REMOVED), (INVITED, ACTIVATED)])
def test_a_token_without_an_open_invitation_lets_nobody_in(history: tuple[UserEvent, ...]) -> None:
    user.given(*history).when(ACCEPT).then_rejected(Rule.INVITE_NOT_FOUND)


def test_the_token_takes_an_account_back_from_who_knew_only_the_address() -> None:
    state = user.given(INVITED, UNCONFIRMED, ACTIVATED, EDITOR).state
    assert isinstance(state, Active)
    assert state.profile == NEW_PROFILE
    user.given(INVITED, UNCONFIRMED).when(ACCEPT).then(ACTIVATED, GRANTED)
