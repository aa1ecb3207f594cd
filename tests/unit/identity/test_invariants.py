"""Whatever is wished in whatever order: an owner remains, claims are unique, and who was removed stays removed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity.contract import BindingId, InvitationId, Role, UserId, fits
from services.identity.domain import organization
from services.identity.domain.organization import Founded, Organization
from services.identity.domain.user import (
    ABSENT,
    Accept,
    Active,
    ChangeInvitation,
    ChangeRole,
    Clear,
    Grant,
    Held,
    Invite,
    Pending,
    Profile,
    Register,
    Remove,
    Removed,
    User,
    UserCommand,
    Withdraw,
    bindings_of,
    consequences,
    held,
    invitations_of,
    owns,
)
from services.identity.handlers.streams import ORGANIZATION, USER
from shared.auth import SYSTEM
from shared.errors import NotFound, Rejected
from tests.unit.identity.examples import ELSEWHERE, HERE, NOW
from tests.unit.identity.examples import ORGANIZATION as ORGANIZATION_ID

USERS = [UserId(f"cuser{n}") for n in range(4)]
EMAILS = [f"person{n}@example.com" for n in range(3)]


@dataclass
class World:
    """All streams, written as the handlers write them: everything of a wish, or nothing."""

    founded: Organization = field(
        default_factory=lambda: Founded(organization_id=ORGANIZATION_ID, name="", owners=frozenset())
    )
    users: dict[UserId, User] = field(default_factory=lambda: dict.fromkeys(USERS, cast("User", ABSENT)))
    claims: dict[Held, UserId] = field(default_factory=dict[Held, UserId])

    def wish(self, user_id: UserId, command: UserCommand) -> None:
        before = self.users[user_id]
        try:
            events = USER.decide(command, before)
            after = reduce(USER.evolve, events, before)
            follows = consequences(before, after)
            if any(self.claims.get(value, user_id) != user_id for value in follows.taken):
                return
            founded = self._owned(user_id, added=follows.owner)
        except (Rejected, NotFound):
            return
        self.users[user_id], self.founded = after, founded
        for value in follows.released:
            del self.claims[value]
        self.claims.update(dict.fromkeys(follows.taken, user_id))

    def _owned(self, user_id: UserId, *, added: bool | None) -> Organization:
        if added is None:
            return self.founded
        wish = (organization.AddOwner if added else organization.RemoveOwner)(user_id=user_id, now=NOW)
        return reduce(ORGANIZATION.evolve, ORGANIZATION.decide(wish, self.founded), self.founded)

    @property
    def owners(self) -> frozenset[UserId]:
        assert isinstance(self.founded, Founded)
        return self.founded.owners


def profile(email: str, name: str) -> Profile:
    return Profile(email=email, username=name or email, full_name="", password_hash="hash")


times = st.integers(0, 10).map(lambda days: NOW + timedelta(days=days))
names = st.sampled_from(["", "ann", "ANN", "bob"])
profiles = st.builds(profile, st.sampled_from(EMAILS), names)
scopes = st.sampled_from([SYSTEM, HERE, ELSEWHERE])
roles = st.sampled_from(list(Role))
bindings = st.integers(0, 10**6).map(lambda n: BindingId(f"b{n}"))
invitations = st.integers(0, 5).map(lambda n: InvitationId(f"i{n}"))


def commands(user_id: UserId, *, first: bool) -> st.SearchStrategy[UserCommand]:
    me = st.just(user_id)
    return st.one_of(
        st.builds(Register, me, profiles, bindings, st.just(first), st.booleans(), times),
        st.builds(Accept, me, profiles, invitations, st.sets(scopes).map(frozenset), times),
        st.builds(
            Invite,
            me,
            invitations,
            st.sampled_from(EMAILS),
            scopes,
            st.lists(roles, max_size=2).map(tuple),
            times,
            st.just(""),
            st.just(""),
            st.booleans(),
            times,
        ),
        st.builds(ChangeInvitation, scopes, roles.map(lambda role: (role,)), times),
        st.builds(Withdraw, invitations, st.sampled_from(["withdrawn", "expired"]), times),
        st.builds(Grant, bindings, roles, scopes, times),
        st.builds(ChangeRole, scopes, roles, times),
        st.builds(Clear, scopes, times),
        st.builds(Remove, times),
    )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_sequence_of_wishes_keeps_the_invariants(data: st.DataObject) -> None:
    world, gone = World(), set[UserId]()
    for _ in range(data.draw(st.integers(1, 25))):
        user_id = data.draw(st.sampled_from(USERS))
        owned = bool(world.owners)
        world.wish(user_id, data.draw(commands(user_id, first=not owned)))
        gone |= {each for each, user in world.users.items() if isinstance(user, Removed)}
        check(world, owned=owned, gone=gone)


def check(world: World, *, owned: bool, gone: set[UserId]) -> None:
    assert world.owners == {user_id for user_id, user in world.users.items() if owns(user)}
    assert world.owners or not owned
    assert world.claims == {value: user_id for user_id, user in world.users.items() for value in held(user)}
    assert sum(len(held(user)) for user in world.users.values()) == len(world.claims)
    assert {each for each, user in world.users.items() if isinstance(user, Removed)} == gone
    for user in world.users.values():
        entities = [binding.entity for binding in bindings_of(user).values()]
        assert len(entities) == len(set(entities))
        assert not isinstance(user, Active) or not invitations_of(user)
        invited = [each.scope for each in invitations_of(user).values()]
        assert len(invited) == len(set(invited))
        assert all(fits(role, each.scope) for each in invitations_of(user).values() for role in each.roles)
        assert not isinstance(user, Pending) or user.profile.email


def test_the_world_of_this_test_lets_things_happen() -> None:
    world, ann, bob = World(), *USERS[:2]
    world.wish(ann, Register(ann, profile(EMAILS[0], "ann"), BindingId("b"), first=True, confirmed=False, now=NOW))
    world.wish(bob, invite(bob, EMAILS[1], NOW))
    accept = Accept(bob, profile(EMAILS[1], ""), InvitationId("i0"), frozenset({HERE}), NOW)
    world.wish(bob, accept)
    assert world.owners == {ann}
    assert [binding.role for binding in bindings_of(world.users[bob]).values()] == [Role.WORKSPACE_ADMIN]
    world.wish(ann, Remove(NOW))
    assert isinstance(world.users[ann], Active)


def invite(user_id: UserId, email: str, now: datetime) -> Invite:
    return Invite(
        user_id=user_id,
        invitation_id=InvitationId("i0"),
        email=email,
        scope=HERE,
        roles=(Role.WORKSPACE_ADMIN,),
        expires_at=now + timedelta(days=7),
        inviter="",
        inviter_kind="",
        alone=False,
        now=now,
    )
