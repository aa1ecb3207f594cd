"""What replies and queries of identity carry."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from services.identity.contract.ids import BindingId, CredentialId, InvitationId, SessionId, UserId, WorkspaceId
from services.identity.contract.permissions import Role
from shared.auth import Grant, Principal
from shared.messages import Message, Row


class UserStatus(StrEnum):
    """Where a person stands; only the active ones can sign in.

    PENDING: signed up, address not confirmed yet. INVITED: known by an invitation alone.
    """

    ACTIVE = "active"
    PENDING = "pending"
    INACTIVE = "inactive"
    BANNED = "banned"
    INVITED = "invited"


class BindingRow(Row):
    """A role that a person holds on an entity: `system`, `workspace:<id>` or `deployment:<id>`."""

    id: BindingId
    role: Role
    entity: str
    created_at: datetime
    updated_at: datetime


class UserRow(Row):
    """A person. Texts are "" where they are unknown: an invited person has an address only.

    `roles` holds at most MOST_ROLES bindings, those on the system first; `more_roles` says that there are others, which
    the query Bindings lists.
    """

    id: UserId
    username: str = ""
    full_name: str = ""
    email: str = ""
    status: UserStatus
    email_verified: bool = False
    roles: tuple[BindingRow, ...] = ()
    more_roles: bool = False
    created_at: datetime
    updated_at: datetime


class WorkspaceRow(Row):
    """A workspace."""

    id: WorkspaceId
    label: str
    description: str = ""
    created_at: datetime
    updated_at: datetime


class ServiceAccountRow(Row):
    """A service account. Its key is not here: `key_digest` is its SHA-256 in hex, `key_masked` its first 6 characters.

    `last_used_at` is absent until uses are counted.
    """

    id: CredentialId
    label: str
    category: str = ""
    entity: str
    role: Role
    key_digest: str
    key_masked: str
    active: bool = True
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None = None


class SessionRow(Row):
    """A session as its owner gets it, once: with the token that stands for it."""

    id: SessionId
    token: str = Field(repr=False)
    user_id: UserId
    issued_at: datetime
    expires_at: datetime


class Signed(Message):
    """A person who signed in or up; no session where the address awaits confirmation."""

    user: UserRow
    session: SessionRow | None = None


class WorkspaceUser(Message):
    """A workspace and the person whose place in it was changed."""

    workspace: WorkspaceRow
    user: UserRow


class Invited(Message):
    """An invitation, as it is or, after a withdrawal, as it was."""

    user_id: UserId
    invitation_id: InvitationId
    expires_at: datetime


class Authenticated(Message):
    """Whose credential it is. One of `user` and `service_account` is there; `expires_at` only for a session.

    `principal` goes into the envelope of every message on behalf of the asker. `more_grants` says that it holds more
    grants than an envelope carries; the query Grants has them all.
    """

    principal: Principal
    user: UserRow | None = None
    service_account: ServiceAccountRow | None = None
    expires_at: datetime | None = None
    more_grants: bool = False


class UserList(Message):
    """Persons by rising id; `more`: ask again with `after_id` = the last id."""

    rows: tuple[UserRow, ...] = ()
    more: bool = False


class WorkspaceList(Message):
    """Workspaces by rising id; `more`: ask again with `after_id` = the last id."""

    rows: tuple[WorkspaceRow, ...] = ()
    more: bool = False


class ServiceAccountList(Message):
    """Service accounts by rising id; `more`: ask again with `after_id` = the last id."""

    rows: tuple[ServiceAccountRow, ...] = ()
    more: bool = False


class MemberRow(Row):
    """A person's place in a workspace; `id` is that of the binding."""

    id: BindingId
    workspace_id: WorkspaceId
    role: Role
    user: UserRow
    created_at: datetime
    updated_at: datetime


class MemberList(Message):
    """Members by rising binding id; `more`: ask again with `after_id` = the last id.

    `forbidden`: workspaces whose members the asker may not see, among those that were asked for.
    """

    rows: tuple[MemberRow, ...] = ()
    forbidden: tuple[WorkspaceId, ...] = ()
    more: bool = False


class UserBindingRow(BindingRow):
    """A binding with the person who holds it."""

    user_id: UserId


class BindingList(Message):
    """Bindings by rising id; `more`: ask again with `after_id` = the last id."""

    rows: tuple[UserBindingRow, ...] = ()
    more: bool = False


class GrantList(Message):
    """All grants of a subject, with the permissions behind each role."""

    grants: tuple[Grant, ...] = ()
    permission_sets: Mapping[str, frozenset[str]] = Field(default_factory=dict[str, frozenset[str]])


class MailStatus(StrEnum):
    """Whether a mail is still worth sending."""

    OPEN = "open"
    GONE = "gone"


class MailContent(Message):
    """What a mail is made of at the moment it is sent; empty texts where `status` is GONE."""

    status: MailStatus
    address: str = Field(default="", repr=False)
    full_name: str = Field(default="", repr=False)
    token: str = Field(default="", repr=False)
    organization: str = ""
    workspace_label: str = ""
    expires_at: datetime | None = None


class Person(Message):
    """The id behind an e-mail address; "" where nobody has it."""

    user_id: UserId
    status: UserStatus | None = None


class SignUpState(Message):
    """How signing up works now; `initial`: nobody has signed up yet, so the first one becomes the administrator."""

    public: bool
    initial: bool
    organization: str = ""
