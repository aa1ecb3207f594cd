"""What can be wished of a person, after hashing, looking up and authorising."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from services.identity.contract import BindingId, InvitationId, Role, UserId
from services.identity.domain.user.state import Profile


@dataclass(frozen=True, slots=True)
class Register:
    """Sign up without an invitation. `first`: nobody has before; `confirmed`: the address need not be confirmed."""

    user_id: UserId
    profile: Profile
    binding_id: BindingId
    first: bool
    confirmed: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class Accept:
    """Sign up with an invitation; all others that are open count as well, as far as their scope is in `live`."""

    user_id: UserId
    profile: Profile
    invitation_id: InvitationId
    live: frozenset[str]
    now: datetime


@dataclass(frozen=True, slots=True)
class Invite:
    """Invite to a scope. `alone`: an open invitation to any scope stands in the way, not only one to the same."""

    user_id: UserId
    invitation_id: InvitationId
    email: str
    scope: str
    roles: tuple[Role, ...]
    expires_at: datetime
    inviter: str
    inviter_kind: str
    alone: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class ChangeInvitation:
    """Replace the roles of the open invitation to a scope."""

    scope: str
    roles: tuple[Role, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Withdraw:
    """End an invitation unused; the last one of a person who never signed up takes the person along."""

    invitation_id: InvitationId
    reason: Literal["withdrawn", "expired"]
    now: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """Bind a role to an entity; one binding an entity."""

    binding_id: BindingId
    role: Role
    entity: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ChangeRole:
    """Put another role into the binding on an entity."""

    entity: str
    role: Role
    now: datetime


@dataclass(frozen=True, slots=True)
class Clear:
    """Drop bindings on and invitations to an entity that is gone."""

    entity: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove the person."""

    now: datetime


UserCommand: TypeAlias = Register | Accept | Invite | ChangeInvitation | Withdraw | Grant | ChangeRole | Clear | Remove
