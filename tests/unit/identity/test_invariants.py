"""Whatever is wished, by whoever, in whatever order and however much of it at once: the rules of identity hold."""

from collections import Counter
from collections.abc import Hashable
from functools import reduce
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis.stateful import initialize, invariant, run_state_machine_as_test

from services.identity.contract import Role, UserId, UserRoleGranted, fits, is_owner
from services.identity.domain import credential, organization, team
from services.identity.domain.events import UserActivated
from services.identity.domain.team import held_through
from services.identity.domain.user import Active, Joined, Removed, bindings_of, held, invitations_of
from services.identity.handlers.streams import CREDENTIAL, ORGANIZATION, SESSION, TEAM, USER, WORKSPACE
from shared import auth
from shared.auth import SYSTEM
from shared.decider import Decider
from tests.unit.identity.examples import ORGANIZATION as ORGANIZATION_ID
from tests.unit.identity.machine import Doing, LinkRules, PeopleRules, RoleRules, SuspensionRules, TeamRules, ThingRules
from tests.unit.identity.machine.drawing import STRONGEST, evenly
from tests.unit.identity.wishes import ACCOUNTS, SESSIONS, TEAMS, USERS, WORKSPACES

DECIDERS: Final[list[tuple[Decider[Any, Any, Any], list[Any]]]] = [
    (USER, USERS),
    (TEAM, TEAMS),
    (WORKSPACE, WORKSPACES),
    (CREDENTIAL, ACCOUNTS),
    (SESSION, SESSIONS),
    (ORGANIZATION, [ORGANIZATION_ID]),
]


class Invariants(Doing):
    """What always holds, whatever is wished."""

    def __init__(self) -> None:
        super().__init__()
        self.owned = False
        self.gone: set[UserId] = set()

    @initialize(owners=evenly(2, 2, 2, 1, 0), homes=evenly(2, 2, 1, 0))
    def the_installation_may_be_peopled(self, owners: int, homes: int) -> None:
        owner, second, deputy, editor, *pending = USERS[:6]
        for user in (owner, second, deputy, editor) if owners else ():
            self.do(self.wishes.sign_up(f"{user}@example.com", "", confirmed=True))
        for user in pending if owners else ():
            self.do(self.wishes.sign_up(f"{user}@example.com", "", confirmed=False))
        if owners > 1:
            self.do(self.wishes.grant(owner, second, (SYSTEM, Role.SYSTEM_ADMIN)))
        self.do(self.wishes.grant(owner, deputy, (SYSTEM, Role.SYSTEM_EDITOR)))
        for place in WORKSPACES[:homes]:
            self.do(self.wishes.make(owner, place))
            self.do(self.wishes.grant(owner, editor, (auth.workspace(place), Role.WORKSPACE_EDITOR)))
        for id_, bound in zip(TEAMS[:homes], STRONGEST, strict=False):
            self.do(self.wishes.make_team(owner, id_, editor))
            self.do(self.wishes.set_team_role(owner, id_, bound))

    @invariant()
    def an_owner_remains_once_there_was_one(self) -> None:
        state = self.wishes.memory.read(ORGANIZATION, ORGANIZATION_ID)
        assert isinstance(state, organization.Founded)
        bound = self.wishes.histories.bound
        assert state.owners == {user for user in USERS if any(is_owner(role, entity) for entity, role in bound(user))}
        assert state.owners or not self.owned
        self.owned = self.owned or bool(state.owners)

    @invariant()
    def a_claim_is_held_by_exactly_who_is_what_it_says(self) -> None:
        due: dict[Hashable, str] = {
            value: USER.stream(user) for user in USERS for value in held(self.wishes.memory.read(USER, user))
        }
        assert sum(len(held(self.wishes.memory.read(USER, user))) for user in USERS) == len(due)
        live = [id_ for id_ in ACCOUNTS if isinstance(self.wishes.memory.read(CREDENTIAL, id_), credential.Live)]
        keys: dict[Hashable, str] = {id_: CREDENTIAL.stream(id_) for id_ in live}
        assert self.wishes.memory.claims == keys | due

    @invariant()
    def who_is_removed_stays_removed(self) -> None:
        removed = {user for user in USERS if isinstance(self.wishes.memory.read(USER, user), Removed)}
        assert self.gone <= removed
        self.gone = removed

    @invariant()
    def who_may_not_sign_in_holds_nothing_and_the_others_what_they_were_given(self) -> None:
        histories = self.wishes.histories
        for id_ in USERS:
            user = self.wishes.memory.read(USER, id_)
            assert isinstance(user, Active) is histories.is_active(id_)
            if isinstance(user, Active):
                assert {(each.entity, each.role) for each in user.bindings.values()} == histories.bound(id_)

    @invariant()
    def a_team_gives_its_roles_to_its_members_for_as_long_as_it_is_there(self) -> None:
        for id_ in TEAMS:
            state = self.wishes.memory.read(TEAM, id_)
            for user in USERS:
                given = {(each.entity, each.role) for each in held_through(state, user)}
                assert given == self.wishes.histories.through(id_, user)
            bound = [each.entity for each in state.bindings.values()] if isinstance(state, team.Live) else []
            assert len(bound) == len(set(bound))

    @invariant()
    def a_suspension_and_a_new_password_end_all_sessions(self) -> None:
        for id_ in USERS:
            user = self.wishes.memory.read(USER, id_)
            assert not isinstance(user, Joined) or user.session_generation == self.wishes.histories.ended_sessions(id_)

    @invariant()
    def there_is_one_binding_and_one_invitation_an_entity(self) -> None:
        for user in (self.wishes.memory.read(USER, user) for user in USERS):
            bound = [binding.entity for binding in bindings_of(user).values()]
            invited = [each.scope for each in invitations_of(user).values()]
            assert len(bound) == len(set(bound))
            assert len(invited) == len(set(invited))
            assert all(fits(each.role, each.entity) for each in bindings_of(user).values())
            assert all(fits(role, each.scope) for each in invitations_of(user).values() for role in each.roles)
            assert not isinstance(user, Active) or not invitations_of(user)

    @invariant()
    def an_invitation_is_used_once(self) -> None:
        events = [event for user in USERS for event in self.wishes.memory.streams.get(USER.stream(user), [])]
        used = Counter(id_ for each in events if isinstance(each, UserActivated) for id_ in each.invitation_ids)
        granted = Counter(each.binding_id for each in events if isinstance(each, UserRoleGranted))
        assert all(count == 1 for count in (*used.values(), *granted.values()))

    def teardown(self) -> None:
        """Fold what was decided in an order that never happened: evolve takes any."""
        for decider, ids in DECIDERS:
            events = [event for id_ in ids for event in self.wishes.memory.streams.get(decider.stream(id_), [])]
            reduce(decider.evolve, reversed(events), decider.initial)
            reduce(decider.evolve, [*events, *events], decider.initial)


class Identity(Invariants, PeopleRules, RoleRules, SuspensionRules, LinkRules, TeamRules, ThingRules):
    """Everything that can be wished."""


class Accounts(Invariants, SuspensionRules, LinkRules):
    """What becomes of accounts and the links that are mailed to them."""


class Roles(Invariants, RoleRules, SuspensionRules, TeamRules):
    """Who gives what to whom, directly and through teams."""


@pytest.mark.parametrize("machine", [Identity, Accounts, Roles])
def test_any_sequence_of_wishes_keeps_the_rules(machine: type[Invariants]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=100, stateful_step_count=40, deadline=None))


@pytest.mark.full
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("machine", [Identity, Accounts, Roles])
def test_any_of_very_many_sequences_keeps_the_rules(machine: type[Invariants]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=3_000, stateful_step_count=60, deadline=None))
