"""What others may say to invites: its commands, queries, rows, events and rule codes."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Final, TypeAlias
from uuid import UUID

from pydantic import ConfigDict, Field

from services.identity.contract import (
    MOST_TEAMS,
    InvitationId,
    InvitedRole,
    MailPurpose,
    Role,
    TeamId,
    UserId,
    WorkspaceId,
    entity_kind,
    fits,
    new_invitation_id,
    new_user_id,
)
from shared.clock import utc_now
from shared.messages import MOST_ROWS, AnswerT, Command, Event, Generated, Message, Query, Row

InviteId: TypeAlias = InvitationId
"""The id of an invite: the one that identity calls an invitation id."""

SERVICE: Final = "invites"
"""The name of the service on the bus and in `service:invites`."""


MOST_TOKENS: Final = 100
"""Invites whose tokens one question may ask for."""


class Rule(StrEnum):
    """The rules that invites itself refuses by; those of identity pass through unchanged and have the same codes."""

    INVALID_ROLE = "invalid_role"


class InviteStatus(StrEnum):
    """Where an invite stands; only a pending one can still be accepted."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    VOIDED = "voided"


class VoidReason(StrEnum):
    """Why an invite came to nothing without being withdrawn."""

    PERSON_REMOVED = "person_removed"
    WORKSPACE_DELETED = "workspace_deleted"


class InviteRow(Row):
    """One invite to `scope`: `system` or `workspace:<id>`.

    The address is not here: ask identity for that of `user_id`. `inviter` is the subject that asked for it. What comes
    along may be gone by the time it is accepted.
    """

    id: InviteId
    user_id: UserId
    scope: str
    roles: tuple[Role, ...]
    expires_at: datetime
    status: InviteStatus
    inviter: str = ""
    inviter_kind: str = ""
    created_at: datetime
    updated_at: datetime
    deployment_roles: tuple[InvitedRole, ...] = ()
    team_ids: tuple[TeamId, ...] = ()

    @property
    def workspace_id(self) -> WorkspaceId | None:
        """The workspace that it is for, None for an invite to the installation."""
        return WorkspaceId(self.scope.partition(":")[2]) if entity_kind(self.scope) == "workspace" else None

    @property
    def role(self) -> Role | None:
        """The role on the scope itself, None for an invite to the installation without one."""
        return next((role for role in self.roles if fits(role, self.scope)), None)


class InviteList(Message):
    """Invites by rising id; `more`: ask again with `after_id` = the last id.

    `forbidden`: workspaces whose invites the asker may not see, among those that were asked for.
    """

    rows: tuple[InviteRow, ...] = ()
    forbidden: tuple[WorkspaceId, ...] = ()
    more: bool = False


class _Wish(Command[AnswerT]):
    # A refused value must not stand in an error's text: it may be an address.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class CreateInvite(_Wish[InviteRow]):
    """Invite an address to the installation, or with a role to one workspace; identity decides and holds the address.

    Answers the pending invite; a repeat of the command id answers the first one as it stands by then. `role` may be
    absent for the installation alone. `alone`: an open invite to any workspace stands in the way of one to the
    installation. With the invite the person joins `team_ids`. Permission: system.user.invite, or workspace.iam.update
    on the workspace, and every permission of `role`; for teams system.teams.update and all that they hold. Raises
    Rejected (invalid_role) and what identity raises: Rejected (email_in_use, user_already_invited), Forbidden, NotFound
    for an unknown workspace or team, Invalid (invalid_email).
    """

    subject: ClassVar[str] = "invites.command.create_invite"

    email: str = Field(repr=False)
    workspace_id: WorkspaceId | None = None
    role: Role | None = None
    alone: bool = True
    team_ids: tuple[TeamId, ...] = Field(default=(), max_length=MOST_TEAMS)
    invite_id: Annotated[InviteId, Generated()] = Field(default_factory=new_invitation_id)
    user_id: Annotated[UserId, Generated()] = Field(default_factory=new_user_id)
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class WithdrawInvite(_Wish[InviteRow]):
    """Take a pending invite back; its link stops working.

    Answers the invite as it was before. Permission: workspace.iam.update on its workspace, or system.user.invite for
    one to the installation. Raises NotFound where it is unknown or no longer pending.
    """

    subject: ClassVar[str] = "invites.command.withdraw_invite"

    invite_id: InviteId
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class Invites(Query[InviteList]):
    """Find invites; every filter that is given narrows, none of them means all there are.

    Shape: at most `limit` rows by rising id, each id > `after_id`; `more`: ask again with `after_id` = the last id.
    Only pending ones unless `pending_only` is false. `email` is compared whole and without letter case.
    Permission: workspace.invites.get on each of `workspace_ids`; the others come back as `forbidden`. Without
    `workspace_ids`: system.users.get, or else `ids` and `user_ids` bring only rows of workspaces on which
    workspace.invites.get is held.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    subject: ClassVar[str] = "invites.query.invites"

    ids: tuple[InviteId, ...] | None = Field(default=None, max_length=MOST_ROWS)
    workspace_ids: tuple[WorkspaceId, ...] | None = Field(default=None, max_length=MOST_ROWS)
    user_ids: tuple[UserId, ...] | None = Field(default=None, max_length=MOST_ROWS)
    email: str = Field(default="", repr=False)
    pending_only: bool = True
    after_id: str = ""
    limit: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)


class InviteTokenRow(Row):
    """The token that the mail of an open invite carries."""

    id: InviteId
    token: str = Field(repr=False)


class InviteTokenList(Message):
    """Tokens by rising id of their invites."""

    rows: tuple[InviteTokenRow, ...] = ()


class InviteTokens(Query[InviteTokenList]):
    """Return the tokens of open invites to who could have made any invite.

    One token accepts all invites of its person, those that come later too. So it is not enough that the asker could
    have made this one: permission is system.user.invite with all that SYSTEM_ADMIN gives. Others get no rows, and
    invites that are unknown or not open are left out.
    """

    subject: ClassVar[str] = "invites.query.invite_tokens"

    ids: tuple[InviteId, ...] = Field(max_length=MOST_TOKENS)


class InviteCreated(Event):
    """A person was invited to `scope` with `roles` that count once they are active.

    `deployment_roles` and membership of `team_ids` come along.
    """

    type_name: ClassVar[str] = "invite.created"

    invite_id: InviteId
    user_id: UserId
    scope: str
    roles: tuple[Role, ...]
    expires_at: datetime
    inviter: str = ""
    inviter_kind: str = ""
    created_at: datetime
    deployment_roles: tuple[InvitedRole, ...] = ()
    team_ids: tuple[TeamId, ...] = ()


class InviteRolesChanged(Event):
    """The roles of an open invite were replaced."""

    type_name: ClassVar[str] = "invite.roles_changed"

    invite_id: InviteId
    roles: tuple[Role, ...]
    changed_at: datetime


class InviteWithdrawn(Event):
    """An open invite was taken back, or replaced by a newer one of its scope."""

    type_name: ClassVar[str] = "invite.withdrawn"

    invite_id: InviteId
    withdrawn_at: datetime


class InviteExpired(Event):
    """An open invite reached its last instant."""

    type_name: ClassVar[str] = "invite.expired"

    invite_id: InviteId
    expired_at: datetime


class InviteAccepted(Event):
    """The invited person became active; identity granted the roles in the same instant."""

    type_name: ClassVar[str] = "invite.accepted"

    invite_id: InviteId
    accepted_at: datetime


class InviteVoided(Event):
    """An open invite lost its person or its workspace and grants nothing."""

    type_name: ClassVar[str] = "invite.voided"

    invite_id: InviteId
    reason: VoidReason
    voided_at: datetime


class MailRequested(Event):
    """Identity wants a person mailed: a link, or a notice. `mail_id` is the id of its event that says so."""

    type_name: ClassVar[str] = "mail.requested"

    mail_id: UUID
    user_id: UserId
    purpose: MailPurpose
    generation: int = 0
    requested_at: datetime


InviteEvent: TypeAlias = (
    InviteCreated | InviteRolesChanged | InviteWithdrawn | InviteExpired | InviteAccepted | InviteVoided
)

EVENTS: Final[tuple[type[Event], ...]] = (
    InviteCreated,
    InviteRolesChanged,
    InviteWithdrawn,
    InviteExpired,
    InviteAccepted,
    InviteVoided,
    MailRequested,
)
"""What is stored and published."""
