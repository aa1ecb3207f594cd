"""What the rules need to know of a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from services.identity.contract import BindingId, InvitationId, Role, UserId, is_owner
from shared.auth import SYSTEM


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

    def usable(self, now: datetime) -> bool:
        """Say whether it can still be accepted; not at its last instant."""
        return now < self.expires_at


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person signs in with; texts are "" once they are forgotten."""

    email: str
    username: str
    full_name: str
    password_hash: str


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


@dataclass(frozen=True, slots=True)
class Active:
    """May sign in."""

    user_id: UserId
    profile: Profile
    bindings: Mapping[BindingId, Binding]


@dataclass(frozen=True, slots=True)
class Removed:
    """Gone and forgotten for good."""


User: TypeAlias = Absent | Invited | Pending | Active | Removed

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
        case Pending(profile=profile, invitations=invitations):
            return _names(profile) | _invitations(invitations)
        case Active(profile=profile):
            return _names(profile)


def owns(user: User) -> bool:
    """Say whether the person is one of the owners of the organization."""
    return isinstance(user, Active) and any(is_owner(held.role, held.entity) for held in user.bindings.values())


def binding_on(user: Pending | Active, entity: str) -> tuple[BindingId, Binding] | None:
    """Return the first binding of the person on an entity."""
    return next(((key, bound) for key, bound in user.bindings.items() if bound.entity == entity), None)


def invitation_to(user: User, scope: str) -> tuple[InvitationId, Invitation] | None:
    """Return the invitation of the person to a scope, open or expired."""
    found = ((key, each) for key, each in invitations_of(user).items() if each.scope == scope)
    return next(found, None)


def invitations_of(user: User) -> Mapping[InvitationId, Invitation]:
    """Return the invitations of the person that are neither used nor withdrawn."""
    return user.invitations if isinstance(user, Invited | Pending) else {}


def bindings_of(user: User) -> Mapping[BindingId, Binding]:
    """Return the bindings of the person."""
    return user.bindings if isinstance(user, Pending | Active) else {}


def workspaces_invited_to(user: User) -> frozenset[str]:
    """Return the workspaces' entities among the scopes of the person's invitations."""
    return frozenset(each.scope for each in invitations_of(user).values() if each.scope != SYSTEM)


def _names(profile: Profile) -> frozenset[Held]:
    email, name = Held(EMAIL, profile.email), profile.username.lower()
    return frozenset({email} if name == profile.email else {email, Held(USERNAME, name)})


def _invitations(invitations: Mapping[InvitationId, Invitation]) -> frozenset[Held]:
    return frozenset(Held(INVITATION, invitation_id) for invitation_id in invitations)
