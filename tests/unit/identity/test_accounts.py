"""What may happen to an account: confirmed, given a new password or profile, suspended, reinstated."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.identity.contract import BindingId, Role, Rule, UserRoleGranted
from services.identity.domain.events import UserEvent
from services.identity.domain.user import (
    Accept,
    Active,
    AskConfirmation,
    AskReset,
    ChangeProfile,
    ChangeRole,
    Confirm,
    Grant,
    Pending,
    Reinstate,
    ResetPassword,
    Suspend,
    Suspended,
    consequences,
    held,
)
from services.identity.handlers.streams import USER
from shared.auth import SYSTEM
from tests.unit.identity.examples import (
    ACTIVATED,
    ANN,
    AWAITED,
    BACK,
    BANNED,
    BINDING,
    CONFIRMED,
    DAY_LATER,
    EDITOR,
    EXPIRY,
    HERE,
    INVITATION,
    INVITED,
    LATER,
    NEW_NAME,
    NEW_PASSWORD,
    NEW_PROFILE,
    NOW,
    OTHER_BINDING,
    OWNER,
    PROFILE,
    REGISTERED,
    REMOVED,
    RESET_ASKED,
    REVOKED,
    UNCONFIRMED,
    withdrawn,
)
from tests.unit.identity.scenario import Scenario

user = Scenario(USER)
SOON, HOUR = NOW + timedelta(minutes=30), NOW + timedelta(hours=1)
PENDING = (UNCONFIRMED, AWAITED)
LIVE = frozenset({SYSTEM, HERE})
CONFIRM = Confirm(generation=1, live=LIVE, now=HOUR)
VOUCH = Confirm(generation=None, live=LIVE, now=HOUR)
RESET = ResetPassword(generation=2, password_hash=NEW_PROFILE.password_hash, live=LIVE, now=SOON)
DROPPED = NEW_PASSWORD.model_copy(update={"changed_at": HOUR, "password_hash": ""})
RESET_MAILED = RESET_ASKED.model_copy(update={"requested_at": HOUR, "expires_at": HOUR + timedelta(hours=1)})
BAN = Suspend(status="banned", now=LATER)
GRANTED = UserRoleGranted(
    user_id=ANN, binding_id=BindingId(INVITATION), role=Role.WORKSPACE_EDITOR, entity=HERE, granted_at=HOUR
)


def test_the_mailed_link_confirms_once() -> None:
    user.given(*PENDING).when(CONFIRM).then(CONFIRMED)
    user.given(*PENDING, CONFIRMED).when(CONFIRM).then_rejected(Rule.INVALID_TOKEN)
    assert isinstance(user.given(*PENDING, CONFIRMED).state, Active)


def test_a_link_of_another_generation_or_at_its_last_instant_confirms_nothing() -> None:
    for wrong in (Confirm(generation=2, live=LIVE, now=HOUR), Confirm(generation=1, live=LIVE, now=DAY_LATER)):
        user.given(*PENDING).when(wrong).then_rejected(Rule.INVALID_TOKEN)


@pytest.mark.parametrize("history", [(), (INVITED,), (REGISTERED,), (*PENDING, BANNED), (*PENDING, REMOVED)])
def test_only_who_is_pending_is_confirmed(history: tuple[UserEvent, ...]) -> None:
    user.given(*history).when(CONFIRM).then_rejected(Rule.INVALID_TOKEN)


@pytest.mark.parametrize("command", [CONFIRM, VOUCH])
def test_confirming_uses_up_the_open_invitations_and_drops_the_password(command: Confirm) -> None:
    confirmed = CONFIRMED.model_copy(update={"invitation_ids": (INVITATION,)})
    user.given(INVITED, *PENDING).when(command).then(DROPPED, confirmed, GRANTED, RESET_MAILED)


@pytest.mark.parametrize("command", [CONFIRM, VOUCH])
def test_who_holds_anything_when_confirmed_chooses_a_password_by_mail(command: Confirm) -> None:
    user.given(*PENDING, EDITOR).when(command).then(DROPPED, CONFIRMED, RESET_MAILED)
    user.given(*PENDING).when(replace(command, in_team=True)).then(DROPPED, CONFIRMED, RESET_MAILED)
    user.given(*PENDING, EDITOR, REVOKED).when(command).then(CONFIRMED)


def test_whose_password_was_dropped_keeps_no_session_and_sets_one_by_the_mailed_link() -> None:
    dropped = user.given(*PENDING, EDITOR, DROPPED, CONFIRMED, RESET_MAILED)
    assert isinstance(dropped.state, Active)
    assert (dropped.state.profile.password_hash, dropped.state.session_generation) == ("", 1)
    reset = replace(RESET, now=HOUR)
    dropped.when(reset).then(NEW_PASSWORD.model_copy(update={"changed_at": HOUR}))


def test_an_expired_invitation_gives_nothing_at_the_confirmation() -> None:
    old = INVITED.model_copy(update={"expires_at": HOUR})
    expired = withdrawn(reason="expired").model_copy(update={"withdrawn_at": HOUR})
    user.given(old, *PENDING).when(CONFIRM).then(expired, CONFIRMED)


def test_a_role_that_was_given_meanwhile_is_not_given_twice() -> None:
    confirmed = CONFIRMED.model_copy(update={"invitation_ids": (INVITATION,)})
    user.given(INVITED, *PENDING, EDITOR).when(CONFIRM).then(DROPPED, confirmed, RESET_MAILED)


def test_an_administrator_vouches_for_an_address() -> None:
    user.given(*PENDING).when(VOUCH).then(CONFIRMED)
    user.given(REGISTERED).when(VOUCH).then()
    user.given(*PENDING, BANNED).when(VOUCH).then_rejected(Rule.INVALID_STATUS)
    user.given(INVITED).when(VOUCH).then_not_found()


def test_a_link_is_mailed_at_most_once_a_minute_whatever_it_is_for() -> None:
    soon, then = NOW + timedelta(seconds=59), NOW + timedelta(seconds=60)
    user.given(*PENDING).when(AskConfirmation(now=soon)).then()
    user.given(*PENDING).when(AskReset(now=soon)).then()
    again = AWAITED.model_copy(update={"requested_at": then})
    user.given(*PENDING).when(AskConfirmation(now=then)).then(again)


def test_a_link_with_more_than_half_its_life_is_mailed_again_and_an_older_one_replaced() -> None:
    half = NOW + timedelta(hours=12)
    user.given(*PENDING).when(AskConfirmation(now=half)).then(AWAITED.model_copy(update={"requested_at": half}))
    past = half + timedelta(seconds=1)
    newer = {"generation": 2, "requested_at": past, "expires_at": past + timedelta(hours=24)}
    user.given(*PENDING).when(AskConfirmation(now=past)).then(AWAITED.model_copy(update=newer))


def test_a_newer_link_makes_the_older_one_void() -> None:
    newer = AWAITED.model_copy(update={"generation": 2, "expires_at": DAY_LATER + timedelta(hours=1)})
    user.given(*PENDING, newer).when(CONFIRM).then_rejected(Rule.INVALID_TOKEN)
    user.given(*PENDING, newer).when(Confirm(generation=2, live=LIVE, now=HOUR)).then(CONFIRMED)


@pytest.mark.parametrize("history", [(), (INVITED,), (REGISTERED, BANNED), (REGISTERED, REMOVED)])
def test_who_does_not_qualify_gets_no_mail_and_no_refusal(history: tuple[UserEvent, ...]) -> None:
    user.given(*history).when(AskReset(now=LATER)).then()
    user.given(*history).when(AskConfirmation(now=LATER)).then()


def test_an_active_person_gets_no_confirmation_but_a_reset() -> None:
    user.given(REGISTERED).when(AskConfirmation(now=NOW)).then()
    user.given(REGISTERED).when(AskReset(now=NOW)).then(RESET_ASKED.model_copy(update={"generation": 1}))
    user.given(REGISTERED).when(AskReset(now=NOW)).then(
        RESET_ASKED.model_copy(update={"generation": 1, "expires_at": HOUR})
    )


def test_the_mailed_link_sets_a_password_once_and_ends_all_sessions_and_links() -> None:
    user.given(REGISTERED, RESET_ASKED).when(RESET).then(NEW_PASSWORD)
    after = user.given(REGISTERED, RESET_ASKED, NEW_PASSWORD)
    assert isinstance(after.state, Active)
    assert after.state.profile.password_hash == NEW_PROFILE.password_hash
    assert (after.state.session_generation, after.state.links.reset, after.state.links.generation) == (1, None, 2)
    after.when(RESET).then_rejected(Rule.INVALID_RESET_TOKEN)
    after.when(AskReset(now=LATER)).then(
        RESET_ASKED.model_copy(
            update={"generation": 3, "requested_at": LATER, "expires_at": LATER + timedelta(hours=1)}
        )
    )


@pytest.mark.parametrize("history", [(REGISTERED,), (REGISTERED, RESET_ASKED, BANNED), (REGISTERED, REMOVED), ()])
def test_without_an_open_link_no_password_is_set(history: tuple[UserEvent, ...]) -> None:
    user.given(*history).when(RESET).then_rejected(Rule.INVALID_RESET_TOKEN)


def test_a_reset_confirms_who_was_pending_for_it_came_by_mail() -> None:
    confirmed = CONFIRMED.model_copy(update={"confirmed_at": SOON, "invitation_ids": (INVITATION,)})
    granted = GRANTED.model_copy(update={"granted_at": SOON})
    user.given(INVITED, *PENDING, RESET_ASKED).when(RESET).then(NEW_PASSWORD, confirmed, granted)


def test_a_profile_changes_in_what_is_given() -> None:
    both = ChangeProfile(full_name=NEW_NAME_TEXT, avatar_url=NEW_AVATAR, now=LATER)
    user.given(REGISTERED).when(both).then(NEW_NAME)
    user.given(REGISTERED, NEW_NAME).when(both).then()
    user.given(REGISTERED, NEW_NAME).when(ChangeProfile(full_name=None, avatar_url="", now=LATER)).then(
        NEW_NAME.model_copy(update={"avatar_url": ""})
    )
    user.given(INVITED).when(both).then_not_found()


NEW_NAME_TEXT, NEW_AVATAR = "A. Lee", "https://pictures.example.com/lee.png"


def test_a_suspended_person_keeps_claims_bindings_and_profile_and_is_no_owner() -> None:
    before, after = user.given(REGISTERED, OWNER), user.given(REGISTERED, OWNER, BANNED)
    before.when(BAN).then(BANNED)
    assert isinstance(after.state, Suspended)
    assert held(after.state) == held(before.state)
    assert (after.state.bindings, after.state.profile) == (before.state.bindings, PROFILE)
    follows = consequences(before.state, after.state)
    assert (follows.taken, follows.released, follows.owner) == (frozenset(), frozenset(), False)
    back = user.given(REGISTERED, OWNER, BANNED, BACK)
    assert consequences(after.state, back.state).owner is True
    assert isinstance(back.state, Active)
    assert back.state.session_generation == 1


def test_who_was_pending_is_pending_again_when_reinstated() -> None:
    state = user.given(INVITED, *PENDING, BANNED, BACK).state
    assert isinstance(state, Pending)
    assert list(state.invitations) == [INVITATION]
    assert state.links.confirmation is None


def test_a_suspension_can_be_changed_and_repeated() -> None:
    user.given(REGISTERED, BANNED).when(BAN).then()
    inactive = BANNED.model_copy(update={"status": "inactive"})
    user.given(REGISTERED, BANNED).when(Suspend(status="inactive", now=LATER)).then(inactive)
    assert isinstance(user.given(REGISTERED, BANNED, inactive, BACK).state, Active)
    user.given(INVITED).when(BAN).then_not_found()


def test_only_the_suspended_are_reinstated() -> None:
    user.given(REGISTERED, BANNED).when(Reinstate(now=LATER)).then(BACK)
    user.given(REGISTERED).when(Reinstate(now=LATER)).then()
    user.given(*PENDING).when(Reinstate(now=LATER)).then_rejected(Rule.INVALID_STATUS)
    user.given(INVITED).when(Reinstate(now=LATER)).then_not_found()


def test_roles_of_a_suspended_person_still_change() -> None:
    suspended = user.given(REGISTERED, EDITOR, BANNED)
    grant = Grant(binding_id=OTHER_BINDING, role=Role.SYSTEM_VIEWER, entity=SYSTEM, now=LATER)
    suspended.when(grant).then(
        UserRoleGranted(user_id=ANN, binding_id=OTHER_BINDING, role=Role.SYSTEM_VIEWER, entity=SYSTEM, granted_at=LATER)
    )
    (changed,) = USER.decide(ChangeRole(entity=HERE, role=Role.WORKSPACE_ADMIN, now=LATER), suspended.state)
    state = suspended.given(changed).state
    assert isinstance(state, Suspended)
    assert state.bindings[BINDING].role is Role.WORKSPACE_ADMIN


def test_an_invitations_token_does_not_let_a_suspended_person_in() -> None:
    accept = Accept(user_id=ANN, profile=NEW_PROFILE, invitation_id=INVITATION, live=LIVE, now=LATER)
    assert LATER < EXPIRY
    user.given(INVITED, *PENDING, BANNED).when(accept).then_rejected(Rule.INVITE_NOT_FOUND)
    user.given(INVITED, *PENDING).when(accept).then(ACTIVATED, GRANTED.model_copy(update={"granted_at": LATER}))
