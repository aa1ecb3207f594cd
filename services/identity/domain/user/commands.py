"""What can be wished of a person, after hashing, looking up and authorising."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from services.identity.contract import BindingId, BindMode, Interface, InvitationId, InvitedRole, Role, TeamId, UserId
from services.identity.domain.user.state import Profile

CONFIRMATION_LASTS: Final = timedelta(hours=24)
RESET_LASTS: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Register:
    """Sign up without an invitation. `first`: nobody has before; `confirmed`: the address need not be confirmed."""

    user_id: UserId
    profile: Profile
    binding_id: BindingId
    first: bool
    confirmed: bool
    now: datetime
    link_lasts: timedelta = CONFIRMATION_LASTS


@dataclass(frozen=True, slots=True)
class Accept:
    """Sign up with an invitation; all others that are open count as well.

    Each counts only if its scope is in `live`, and of its roles on deployments those whose deployment is.
    """

    user_id: UserId
    profile: Profile
    invitation_id: InvitationId
    live: frozenset[str]
    now: datetime


@dataclass(frozen=True, slots=True)
class Confirm:
    """Confirm the address, and use up all open invitations as far as their scope is in `live`.

    `generation` is that of the mailed link that was followed; None: an administrator vouches for the address.
    `in_team`: the person is in a team, which may give them roles.
    """

    generation: int | None
    live: frozenset[str]
    now: datetime
    in_team: bool = False
    reset_lasts: timedelta = RESET_LASTS


@dataclass(frozen=True, slots=True)
class AskConfirmation:
    """Have a link mailed by which the address is confirmed."""

    now: datetime
    link_lasts: timedelta = CONFIRMATION_LASTS


@dataclass(frozen=True, slots=True)
class AskReset:
    """Have a link mailed by which a new password is set."""

    now: datetime
    link_lasts: timedelta = RESET_LASTS


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """Set a new password by the mailed link of this generation; it reached the address, so it confirms it as well."""

    generation: int
    password_hash: str
    live: frozenset[str]
    now: datetime


@dataclass(frozen=True, slots=True)
class ChangeProfile:
    """Change what others see of the person; None leaves a text as it is."""

    full_name: str | None
    avatar_url: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Suspend:
    """Keep the person out, with all that they have, until they are reinstated."""

    status: Literal["inactive", "banned"]
    now: datetime


@dataclass(frozen=True, slots=True)
class Reinstate:
    """Let a suspended person in again."""

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
    deployment_roles: tuple[InvitedRole, ...] = ()
    team_ids: tuple[TeamId, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeInvitation:
    """Replace the roles of the open invitation to a scope, unless `interface` shows those there as these."""

    scope: str
    roles: tuple[Role, ...]
    now: datetime
    interface: Interface = Interface.GRAPHQL


@dataclass(frozen=True, slots=True)
class Withdraw:
    """End an invitation unused; the last one of a person who never signed up takes the person along."""

    invitation_id: InvitationId
    reason: Literal["withdrawn", "expired"]
    now: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """Bind a role to an entity; one binding an entity. `mode` says what becomes of one that is there.

    `announce`: the person is told by mail, if there was none.
    """

    binding_id: BindingId
    role: Role
    entity: str
    now: datetime
    mode: BindMode = BindMode.ADD
    interface: Interface = Interface.GRAPHQL
    announce: bool = False


@dataclass(frozen=True, slots=True)
class ChangeRole:
    """Put another role into the binding on an entity, unless `interface` shows the one there as that."""

    entity: str
    role: Role
    now: datetime
    interface: Interface = Interface.GRAPHQL


@dataclass(frozen=True, slots=True)
class Revoke:
    """Drop the binding on an entity; with `role` only one that `interface` shows as that."""

    entity: str
    now: datetime
    role: Role | None = None
    interface: Interface = Interface.GRAPHQL


@dataclass(frozen=True, slots=True)
class Leave:
    """Drop bindings on and invitations to entities; the last invitation of who never signed up takes them along."""

    entities: frozenset[str]
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


RoleCommand: TypeAlias = Grant | ChangeRole | Revoke | Leave | Clear
LifecycleCommand: TypeAlias = Confirm | AskConfirmation | AskReset | ResetPassword | ChangeProfile | Suspend | Reinstate
UserCommand: TypeAlias = (
    Register | Accept | LifecycleCommand | Invite | ChangeInvitation | Withdraw | RoleCommand | Remove
)
