"""What becomes of a role that a person holds already, and how roles are taken away; the groups that holders form."""

from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.contract import (
    BindingId,
    BindMode,
    Interface,
    Role,
    Rule,
    UserRoleChanged,
    UserRoleRevoked,
    shows_as,
)
from services.identity.domain.groups import group_of, groups_of, is_fixed, roles_in
from services.identity.domain.user import (
    ChangeInvitation,
    ChangeRole,
    Grant,
    Leave,
    Revoke,
    RoleCommand,
    User,
    bindings_of,
)
from services.identity.handlers.streams import USER
from shared.auth import SYSTEM
from shared.errors import NotFound, Rejected
from tests.unit.identity.examples import (
    ANN,
    BINDING,
    EDITOR,
    ELSEWHERE,
    HERE,
    INVITATION,
    INVITED,
    INVITED_TO_SYSTEM,
    LATER,
    OTHER_BINDING,
    REGISTERED,
    REMOVED,
    REVOKED,
    THERE,
    UNCONFIRMED,
    WORKSPACE,
    withdrawn,
)
from tests.unit.identity.scenario import Scenario

user = Scenario(USER)
AUTHOR = EDITOR.model_copy(update={"role": Role.WORKSPACE_AUTHOR})
ON_DEPLOYMENT = EDITOR.model_copy(update={"binding_id": OTHER_BINDING, "role": Role.DEPLOYMENT_VIEWER, "entity": THERE})
GRAPHQL = Interface.GRAPHQL


def grant(role: Role, mode: BindMode, interface: Interface = GRAPHQL) -> Grant:
    return Grant(binding_id=OTHER_BINDING, role=role, entity=HERE, now=LATER, mode=mode, interface=interface)


def changed(role: Role) -> UserRoleChanged:
    return UserRoleChanged(user_id=ANN, binding_id=BINDING, role=role, entity=HERE, changed_at=LATER)


@pytest.mark.parametrize(
    ("mode", "role"),
    [
        (BindMode.RAISE, Role.WORKSPACE_ADMIN),
        (BindMode.REPLACE, Role.WORKSPACE_ADMIN),
        (BindMode.REPLACE, Role.WORKSPACE_VIEWER),
        (BindMode.SET, Role.WORKSPACE_VIEWER),
        (BindMode.CHANGE, Role.WORKSPACE_VIEWER),
    ],
)
def test_a_held_role_is_changed(mode: BindMode, role: Role) -> None:
    user.given(REGISTERED, EDITOR).when(grant(role, mode)).then(changed(role))


@pytest.mark.parametrize(
    ("mode", "role"),
    [
        (BindMode.ADD, Role.WORKSPACE_EDITOR),
        (BindMode.ADD, Role.WORKSPACE_ADMIN),
        (BindMode.RAISE, Role.WORKSPACE_EDITOR),
        (BindMode.RAISE, Role.WORKSPACE_VIEWER),
        (BindMode.REPLACE, Role.WORKSPACE_EDITOR),
    ],
)
def test_a_held_role_makes_another_a_duplicate(mode: BindMode, role: Role) -> None:
    user.given(REGISTERED, EDITOR).when(grant(role, mode)).then_rejected(Rule.DUPLICATE_BINDING)


@pytest.mark.parametrize("mode", list(BindMode))
def test_without_a_role_there_every_grant_gives_one(mode: BindMode) -> None:
    made = EDITOR.model_copy(update={"binding_id": OTHER_BINDING, "granted_at": LATER})
    user.given(REGISTERED).when(grant(Role.WORKSPACE_EDITOR, mode)).then(made)


def test_writing_back_the_role_that_an_interface_shows_changes_nothing() -> None:
    author = user.given(REGISTERED, AUTHOR)
    author.when(grant(Role.WORKSPACE_EDITOR, BindMode.SET)).then()
    author.when(ChangeRole(entity=HERE, role=Role.WORKSPACE_EDITOR, now=LATER)).then()
    author.when(grant(Role.WORKSPACE_EDITOR, BindMode.SET, Interface.REST)).then(changed(Role.WORKSPACE_EDITOR))
    invited = INVITED.model_copy(update={"roles": (Role.WORKSPACE_AUTHOR,)})
    user.given(invited).when(ChangeInvitation(scope=HERE, roles=(Role.WORKSPACE_EDITOR,), now=LATER)).then()


def test_a_role_is_taken_away_by_its_entity_and_its_shown_name() -> None:
    editor = user.given(REGISTERED, EDITOR)
    editor.when(Revoke(entity=HERE, now=LATER)).then(REVOKED)
    editor.when(Revoke(entity=HERE, now=LATER, role=Role.WORKSPACE_EDITOR)).then(REVOKED)
    editor.when(Revoke(entity=HERE, now=LATER, role=Role.WORKSPACE_VIEWER)).then()
    editor.when(Revoke(entity=ELSEWHERE, now=LATER)).then()
    user.given(REGISTERED, AUTHOR).when(Revoke(entity=HERE, now=LATER, role=Role.WORKSPACE_EDITOR)).then(REVOKED)
    user.when(Revoke(entity=HERE, now=LATER)).then()


def test_who_leaves_loses_what_they_hold_and_were_invited_to_there_alone() -> None:
    gone = UserRoleRevoked(user_id=ANN, binding_id=OTHER_BINDING, entity=THERE, revoked_at=LATER)
    both = Leave(entities=frozenset({HERE, THERE}), now=LATER)
    user.given(REGISTERED, EDITOR, ON_DEPLOYMENT).when(both).then(REVOKED, gone)
    user.given(REGISTERED, EDITOR, ON_DEPLOYMENT).when(Leave(frozenset({HERE}), LATER)).then(REVOKED)
    user.given(INVITED, UNCONFIRMED).when(both).then(withdrawn(INVITATION))
    user.given(INVITED, INVITED_TO_SYSTEM).when(both).then(withdrawn(INVITATION))
    user.given(INVITED).when(both).then(withdrawn(INVITATION), REMOVED)


def test_groups_are_named_by_what_their_holders_hold() -> None:
    assert [(group.id, group.role) for group in groups_of(SYSTEM)] == [
        ("default_admin", Role.SYSTEM_ADMIN),
        ("default_user", Role.USER),
    ]
    assert [(group.label, group.role) for group in groups_of(HERE)] == [
        ("Workspace Owner", Role.WORKSPACE_ADMIN),
        ("Workspace Editor", Role.WORKSPACE_EDITOR),
        ("Workspace Viewer", Role.WORKSPACE_VIEWER),
    ]
    assert groups_of(THERE) == []
    for group in (*groups_of(SYSTEM), *groups_of(HERE)):
        assert group_of(group.id) == group
        assert is_fixed(group) == (group.id == "default_user")


@pytest.mark.parametrize("id_", ["", "-", WORKSPACE, f"{WORKSPACE}-", f"{WORKSPACE}-user", "system", "default_admin-x"])
def test_what_no_group_is_called_is_none(id_: str) -> None:
    assert group_of(id_) is None


def test_authors_are_in_the_group_of_editors() -> None:
    editors = groups_of(HERE)[1]
    assert set(roles_in(editors)) == {Role.WORKSPACE_EDITOR, Role.WORKSPACE_AUTHOR}


ROLES = {
    SYSTEM: [Role.SYSTEM_ADMIN, Role.SYSTEM_VIEWER, Role.ORGANIZATION_MEMBER],
    HERE: [Role.WORKSPACE_ADMIN, Role.WORKSPACE_AUTHOR, Role.WORKSPACE_EDITOR],
    THERE: [Role.DEPLOYMENT_ADMIN, Role.DEPLOYMENT_VIEWER],
}


@st.composite
def role_wishes(draw: st.DrawFn) -> RoleCommand:
    """Return any wish about roles, with a role that fits its entity."""
    entity = draw(st.sampled_from(list(ROLES)))
    role, interface = draw(st.sampled_from(ROLES[entity])), draw(st.sampled_from(list(Interface)))
    wishes: list[RoleCommand] = [
        Grant(BINDING, role, entity, LATER, draw(st.sampled_from(list(BindMode))), interface),
        ChangeRole(entity, role, LATER, interface),
        Revoke(entity, LATER, draw(st.sampled_from([None, role])), interface),
        Leave(frozenset({entity, HERE}), LATER),
    ]
    return draw(st.sampled_from(wishes))


@given(st.lists(role_wishes(), max_size=20))
def test_whatever_is_given_and_taken_one_role_is_held_on_an_entity(wishes: list[RoleCommand]) -> None:
    state: User = user.given(REGISTERED).state
    for number, wished in enumerate(wishes):
        new = BindingId(f"cbinding{number:017d}")
        wish = replace(wished, binding_id=new) if isinstance(wished, Grant) else wished
        before = {binding.entity: binding.role for binding in bindings_of(state).values()}
        try:
            events = USER.decide(wish, state)
        except (Rejected, NotFound):
            continue
        state = reduce(USER.evolve, events, state)
        held = [binding.entity for binding in bindings_of(state).values()]
        assert len(held) == len(set(held))
        after = {binding.entity: binding.role for binding in bindings_of(state).values()}
        assert len(events) == sum(before.get(entity) != after.get(entity) for entity in {*before, *after})
        match wish:
            case Grant() | ChangeRole():
                assert shows_as(after[wish.entity], wish.role, wish.interface)
            case Leave():
                assert not wish.entities & set(held)
            case _:
                pass
