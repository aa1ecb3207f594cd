"""Bindings of a person: one an entity, changed, cleared away; what a person holds alone; who owns the organization."""

from dataclasses import replace
from functools import reduce

import pytest

from services.identity.contract import BindMode, Role, Rule
from services.identity.domain.events import UserEvent
from services.identity.domain.user import (
    ABSENT,
    EMAIL,
    USERNAME,
    ChangeRole,
    Clear,
    Grant,
    Held,
    Remove,
    held,
    is_news,
    owns,
)
from services.identity.domain.user import INVITATION as INVITATION_CLAIM
from services.identity.handlers.streams import USER
from shared.auth import SYSTEM
from shared.store.personal import FORGOTTEN
from tests.unit.identity.examples import (
    ACTIVATED,
    ANN,
    BANNED,
    BINDING,
    BOB,
    EDITOR,
    ELSEWHERE,
    HERE,
    INVITATION,
    INVITED,
    LATER,
    NOW,
    OTHER_BINDING,
    OWNER,
    PROMOTED,
    REGISTERED,
    REMOVED,
    REVOKED,
    UNCONFIRMED,
)
from tests.unit.identity.scenario import Scenario

user = Scenario(USER)
GRANT = Grant(binding_id=BINDING, role=Role.WORKSPACE_EDITOR, entity=HERE, now=NOW)


@pytest.mark.parametrize("event", [REGISTERED, UNCONFIRMED])
def test_a_person_who_signed_up_is_given_a_role(event: UserEvent) -> None:
    user.given(event).when(GRANT).then(EDITOR)


def test_only_a_new_role_is_announced() -> None:
    told = replace(GRANT, announce=True)
    user.given(REGISTERED).when(told).then(EDITOR.model_copy(update={"announced": True}))
    user.given(REGISTERED, EDITOR).when(replace(told, role=Role.WORKSPACE_ADMIN, mode=BindMode.SET, now=LATER)).then(
        PROMOTED
    )


@pytest.mark.parametrize(
    ("history", "entity", "by", "news"),
    [
        ((REGISTERED,), HERE, BOB, True),
        ((INVITED, ACTIVATED), ELSEWHERE, BOB, True),
        ((REGISTERED,), HERE, ANN, False),
        ((REGISTERED, EDITOR), HERE, BOB, False),
        ((REGISTERED,), SYSTEM, BOB, False),
        ((REGISTERED,), "deployment:cdeployment", BOB, False),
        ((UNCONFIRMED,), HERE, BOB, False),
        ((REGISTERED, BANNED), HERE, BOB, False),
        ((INVITED,), HERE, BOB, False),
        ((), HERE, BOB, False),
    ],
)
def test_an_active_person_is_told_of_a_workspace_that_another_adds_them_to(
    history: tuple[UserEvent, ...], entity: str, by: str, *, news: bool
) -> None:
    assert is_news(reduce(USER.evolve, history, USER.initial), entity, by=by) is news


@pytest.mark.parametrize("role", [Role.WORKSPACE_EDITOR, Role.WORKSPACE_VIEWER])
def test_a_workspace_binds_a_person_once(role: Role) -> None:
    again = Grant(binding_id=OTHER_BINDING, role=role, entity=HERE, now=NOW)
    user.given(REGISTERED, EDITOR).when(again).then_rejected(Rule.DUPLICATE_BINDING)


def test_a_person_with_an_open_invitation_there_gets_no_binding_besides() -> None:
    user.given(INVITED, UNCONFIRMED).when(GRANT).then_rejected(Rule.USER_ALREADY_INVITED)


@pytest.mark.parametrize("history", [(), (INVITED,), (REGISTERED, REMOVED)])
def test_nobody_else_is_given_a_role(history: tuple[UserEvent, ...]) -> None:
    user.given(*history).when(GRANT).then_not_found()


def test_a_role_changes_in_its_binding() -> None:
    change = ChangeRole(entity=HERE, role=Role.WORKSPACE_ADMIN, now=LATER)
    user.given(REGISTERED, EDITOR).when(change).then(PROMOTED)
    user.given(REGISTERED, EDITOR, PROMOTED).when(change).then()


@pytest.mark.parametrize("history", [(), (INVITED,), (REGISTERED,), (REGISTERED, EDITOR, REVOKED)])
def test_without_a_binding_there_no_role_changes(history: tuple[UserEvent, ...]) -> None:
    change = ChangeRole(entity=HERE, role=Role.WORKSPACE_ADMIN, now=LATER)
    user.given(*history).when(change).then_not_found()


def test_a_deleted_workspace_clears_its_bindings_away_and_no_other() -> None:
    user.given(REGISTERED, EDITOR).when(Clear(entity=HERE, now=LATER)).then(REVOKED)
    user.given(REGISTERED, EDITOR).when(Clear(entity=ELSEWHERE, now=LATER)).then()
    user.given(REGISTERED, EDITOR, REVOKED).when(Clear(entity=HERE, now=LATER)).then()


@pytest.mark.parametrize("history", [(INVITED,), (UNCONFIRMED,), (REGISTERED, OWNER)])
def test_whoever_is_known_can_be_removed(history: tuple[UserEvent, ...]) -> None:
    user.given(*history).when(Remove(now=LATER)).then(REMOVED)


@pytest.mark.parametrize("history", [(), (REGISTERED, REMOVED)])
def test_nobody_is_removed_twice(history: tuple[UserEvent, ...]) -> None:
    user.given(*history).when(Remove(now=LATER)).then_not_found()


def test_a_person_holds_their_address_their_name_and_their_open_invitations() -> None:
    address, name = Held(EMAIL, "ann@example.com"), Held(USERNAME, "ann")
    invitation = Held(INVITATION_CLAIM, INVITATION)
    assert held(ABSENT) == frozenset()
    assert held(user.given(INVITED).state) == {address, invitation}
    assert held(user.given(INVITED, UNCONFIRMED).state) == {address, name, invitation}
    assert held(user.given(INVITED, ACTIVATED).state) == {address, Held(USERNAME, "lee")}
    assert held(user.given(REGISTERED, REMOVED).state) == frozenset()


def test_a_name_is_held_without_letter_case_and_not_beside_the_same_address() -> None:
    shouting = REGISTERED.model_copy(update={"username": "ANN"})
    same = REGISTERED.model_copy(update={"username": "ann@example.com"})
    assert Held(USERNAME, "ann") in held(user.given(shouting).state)
    assert held(user.given(same).state) == {Held(EMAIL, "ann@example.com")}


def test_an_owner_is_an_active_person_with_the_role_on_the_system() -> None:
    elsewhere = OWNER.model_copy(update={"entity": HERE})
    assert owns(user.given(REGISTERED, OWNER).state)
    assert not owns(user.given(UNCONFIRMED, OWNER).state)
    assert not owns(user.given(REGISTERED, elsewhere).state)
    assert not owns(user.given(REGISTERED, OWNER, REMOVED).state)


def test_what_is_forgotten_does_not_trouble_the_fold() -> None:
    gone = {"email": FORGOTTEN, "username": FORGOTTEN, "full_name": FORGOTTEN, "password_hash": FORGOTTEN}
    history: list[UserEvent] = [
        INVITED.model_copy(update={"email": FORGOTTEN}),
        UNCONFIRMED.model_copy(update=gone),
        ACTIVATED.model_copy(update=gone),
        EDITOR,
    ]
    user.given(*history, REMOVED).when(Remove(now=LATER)).then_not_found()
