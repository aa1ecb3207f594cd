"""The questions that identity answers. Lists come by rising id; the asker loops with `after_id` while `more`."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from pydantic import ConfigDict, Field

from services.identity.contract.ids import CredentialId, InvitationId, UserId, WorkspaceId
from services.identity.contract.rows import (
    Authenticated,
    BindingList,
    GrantList,
    MailContent,
    MemberList,
    Person,
    ServiceAccountList,
    SignUpState,
    UserList,
    WorkspaceList,
)
from shared.messages import MOST_ROWS, AnswerT, Query

MOST_ROLES: Final = 200
"""Bindings that a UserRow carries."""


class _Question(Query[AnswerT]):
    # A token or an address must not stand in the text of an error.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Paged(_Question[AnswerT]):
    after_id: str = ""
    limit: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)


class Authenticate(_Question[Authenticated]):
    """Say whose token it is: a user's JWT, or a service account's key of 32 characters without a dot.

    Raises Unauthenticated when it is unknown, forged, expired, ended, or its owner is gone or may not sign in.
    """

    subject: ClassVar[str] = "identity.query.authenticate"

    token: str = Field(repr=False)


class SignUps(_Question[SignUpState]):
    """Say how signing up works now; anybody may ask."""

    subject: ClassVar[str] = "identity.query.sign_ups"


class Users(_Paged[UserList]):
    """Search persons; all that are given must match, nothing given means everybody. Invited ones are left out.

    `email` and `username` are compared whole and without case, `full_name` whole. Permission: system.users.get. Without
    it the asker finds themself alone, and only by their own id, address or username; anything else is Forbidden.
    """

    subject: ClassVar[str] = "identity.query.users"

    ids: tuple[UserId, ...] | None = Field(default=None, max_length=MOST_ROWS)
    email: str = Field(default="", repr=False)
    username: str = Field(default="", repr=False)
    full_name: str = Field(default="", repr=False)
    created_at: datetime | None = None
    updated_at: datetime | None = None


class LoadUsers(_Question[UserList]):
    """Return those of `ids` that the asker may see, for a loader; the others are missing from the rows.

    Seen are oneself, with system.users.get everybody, with workspace.users.get the members of that workspace, and with
    workspace.invites.get the persons invited to it. `more`: ask again with `after_id` = the last id.
    """

    subject: ClassVar[str] = "identity.query.load_users"

    ids: tuple[UserId, ...] = Field(max_length=MOST_ROWS)
    after_id: str = ""


class Workspaces(_Paged[WorkspaceList]):
    """List workspaces: the asker's own, or by what is given.

    `ids`: those; Forbidden unless workspace.config.get is held on each, or system.workspace.get; unknown ones are
    missing from the rows. `user_id`: those that this person has a role in; another's need system.users.get.
    `everything`: all there are, needs system.workspace.get. None of them: those that the asker has a role in; system
    roles do not widen it. `label` narrows any of them to that exact label.
    """

    subject: ClassVar[str] = "identity.query.workspaces"

    ids: tuple[WorkspaceId, ...] | None = Field(default=None, max_length=MOST_ROWS)
    user_id: str = ""
    everything: bool = False
    label: str = ""


class LoadWorkspaces(_Question[WorkspaceList]):
    """Return those of `ids` that the asker may see, for a loader; the others are missing from the rows."""

    subject: ClassVar[str] = "identity.query.load_workspaces"

    ids: tuple[WorkspaceId, ...] = Field(max_length=MOST_ROWS)
    after_id: str = ""


class WorkspaceMembers(_Paged[MemberList]):
    """Return the members of several workspaces, with their users; by rising id of the binding.

    Permission: workspace.users.get on each, or system.users.get; the others come back as `forbidden`.
    """

    subject: ClassVar[str] = "identity.query.workspace_members"

    workspace_ids: tuple[WorkspaceId, ...] = Field(max_length=MOST_ROWS)
    email: str = Field(default="", repr=False)
    user_id: str = ""


class Bindings(_Paged[BindingList]):
    """Return the role bindings of several persons, as far as the asker may see those persons (see LoadUsers).

    One's own are all there; of others, with system.users.get all, else those in workspaces where the asker holds
    workspace.users.get. The `roles` of a UserRow in an answer are limited likewise.
    """

    subject: ClassVar[str] = "identity.query.bindings"

    user_ids: tuple[UserId, ...] = Field(max_length=MOST_ROWS)


class ServiceAccounts(_Paged[ServiceAccountList]):
    """List service accounts by `ids`, by `entities`, or by `key_digest` (SHA-256 of the key, hex); one is required.

    Permission: workspace.serviceAccounts.get on each entity, or system.serviceAccounts.get, without which a
    `key_digest` is Forbidden and so are `ids` that are unknown. Unknown ids are missing from the rows.
    """

    subject: ClassVar[str] = "identity.query.service_accounts"

    ids: tuple[CredentialId, ...] | None = Field(default=None, max_length=MOST_ROWS)
    entities: tuple[str, ...] | None = Field(default=None, max_length=MOST_ROWS)
    key_digest: str = ""


class Grants(_Question[GrantList]):
    """Return all grants of a subject: for a service, or for the subject itself."""

    subject: ClassVar[str] = "identity.query.grants"

    of: str


class MailPurpose(StrEnum):
    """What a mail is for; its token holds for that alone."""

    INVITE = "invite"


class MailDetails(_Question[MailContent]):
    """Return the address and the token for a mail that is about to be sent; only `service:invites` may ask.

    `status` is GONE when the invitation is not open any more or `generation` is not the present one.
    """

    subject: ClassVar[str] = "identity.query.mail_details"

    user_id: UserId
    invitation_id: InvitationId
    purpose: MailPurpose = MailPurpose.INVITE
    generation: int = 1


class FindPerson(_Question[Person]):
    """Return who holds an e-mail address; only a service may ask."""

    subject: ClassVar[str] = "identity.query.find_person"

    email: str = Field(repr=False)
