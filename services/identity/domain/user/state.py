"""What the rules need to know of a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from services.identity.contract import BindingId, InvitationId, InvitedRole, Role, TeamId, UserId, is_owner
from services.identity.domain.texts import sign_in_name
from shared.auth import SYSTEM, deployment


@dataclass(frozen=True, slots=True)
class Binding:
    """A role held on an entity."""

    role: Role
    entity: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that is neither used nor withdrawn; it may have expired."""

    scope: str
    roles: tuple[Role, ...]
    expires_at: datetime
    deployment_roles: tuple[InvitedRole, ...] = ()
    team_ids: tuple[TeamId, ...] = ()
    inviter: str = ""
    inviter_kind: str = ""

    def usable(self, now: datetime) -> bool:
        """Say whether it can still be accepted; not at its last instant."""
        return now < self.expires_at

    def gives(self, *, live: frozenset[str], now: datetime) -> bool:
        """Say whether it can still be accepted and its scope is one of those that exist."""
        return self.usable(now) and self.scope in live

    def bindings(self, invitation_id: InvitationId) -> dict[BindingId, Binding]:
        """Return the bindings that it brings, by their ids; that on its scope has the invitation's own."""
        on_scope = {BindingId(invitation_id): Binding(role, self.scope) for role in self.roles}
        return on_scope | {
            each.binding_id: Binding(each.role, deployment(each.deployment_id)) for each in self.deployment_roles
        }


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person signs in with; texts are "" once they are forgotten."""

    email: str
    username: str
    full_name: str
    password_hash: str
    avatar_url: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A mailed link that has not been used; a newer one, its use or a new password make its generation an old one."""

    generation: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Links:
    """The links mailed to a person: the last generation, the open ones, and when one was last asked for."""

    generation: int = 0
    confirmation: Link | None = None
    reset: Link | None = None
    asked_at: datetime | None = None

    def closed(self) -> "Links":
        """Return these without open ones."""
        return Links(generation=self.generation, asked_at=self.asked_at)


NO_LINKS: Final = Links()


@dataclass(frozen=True, slots=True)
class Absent:
    """Nobody."""


@dataclass(frozen=True, slots=True)
class Invited:
    """Known by an invitation alone."""

    user_id: UserId
    email: str
    invitations: Mapping[InvitationId, Invitation]


@dataclass(frozen=True, slots=True)
class Pending:
    """Signed up; the address awaits confirmation, and so do the invitations it had."""

    user_id: UserId
    profile: Profile
    bindings: Mapping[BindingId, Binding]
    invitations: Mapping[InvitationId, Invitation]
    links: Links = NO_LINKS
    session_generation: int = 0


@dataclass(frozen=True, slots=True)
class Active:
    """May sign in; sessions of an older `session_generation` have ended."""

    user_id: UserId
    profile: Profile
    bindings: Mapping[BindingId, Binding]
    links: Links = NO_LINKS
    session_generation: int = 0


@dataclass(frozen=True, slots=True)
class Suspended:
    """Keeps all that it had, may not sign in and holds no grants. `verified`: it was Active, else Pending."""

    user_id: UserId
    profile: Profile
    bindings: Mapping[BindingId, Binding]
    invitations: Mapping[InvitationId, Invitation]
    status: Literal["inactive", "banned"]
    verified: bool
    links: Links = NO_LINKS
    session_generation: int = 0


@dataclass(frozen=True, slots=True)
class Removed:
    """Gone and forgotten for good."""


Joined: TypeAlias = Pending | Active | Suspended
"""Everybody with an account. Only an Active person holds grants."""

User: TypeAlias = Absent | Invited | Joined | Removed

ABSENT: Final = Absent()

EMAIL: Final = "email"
USERNAME: Final = "username"
INVITATION: Final = "invitation"


@dataclass(frozen=True, slots=True)
class Held:
    """A value that a person holds alone; `kind` is EMAIL, USERNAME or INVITATION."""

    kind: str
    value: str

    @property
    def personal(self) -> bool:
        """Say whether the value is about the person, so that it is never stored in the clear."""
        return self.kind != INVITATION


def held(user: User) -> frozenset[Held]:
    """Return the values that a person holds alone in this state: the address, a name unlike it, open invitations."""
    match user:
        case Absent() | Removed():
            return frozenset()
        case Invited(email=email, invitations=invitations):
            return frozenset({Held(EMAIL, email), *_invitations(invitations)})
        case Pending(profile=profile, invitations=invitations) | Suspended(profile=profile, invitations=invitations):
            return _names(profile) | _invitations(invitations)
        case Active(profile=profile):
            return _names(profile)


def owns(user: User) -> bool:
    """Say whether the person is one of the owners of the organization."""
    return isinstance(user, Active) and any(is_owner(held.role, held.entity) for held in user.bindings.values())


def binding_on(user: Joined, entity: str) -> tuple[BindingId, Binding] | None:
    """Return the first binding of the person on an entity."""
    return next(((key, bound) for key, bound in user.bindings.items() if bound.entity == entity), None)


def invitation_to(user: User, scope: str) -> tuple[InvitationId, Invitation] | None:
    """Return the invitation of the person to a scope, open or expired."""
    found = ((key, each) for key, each in invitations_of(user).items() if each.scope == scope)
    return next(found, None)


def invitations_of(user: User) -> Mapping[InvitationId, Invitation]:
    """Return the invitations of the person that are neither used nor withdrawn."""
    return user.invitations if isinstance(user, Invited | Pending | Suspended) else {}


def bindings_of(user: User) -> Mapping[BindingId, Binding]:
    """Return the bindings of the person."""
    return user.bindings if isinstance(user, Joined) else {}


def places_invited_to(user: User) -> Mapping[str, frozenset[str]]:
    """Return the workspaces that the person is invited to, each with its deployments on which a role comes along."""
    return {
        each.scope: frozenset(deployment(role.deployment_id) for role in each.deployment_roles)
        for each in invitations_of(user).values()
        if each.scope != SYSTEM
    }


def _names(profile: Profile) -> frozenset[Held]:
    email, name = Held(EMAIL, profile.email), sign_in_name(profile.username)
    return frozenset({email} if name == profile.email else {email, Held(USERNAME, name)})


def _invitations(invitations: Mapping[InvitationId, Invitation]) -> frozenset[Held]:
    return frozenset(Held(INVITATION, invitation_id) for invitation_id in invitations)
