"""The rows of people and their bindings."""

from datetime import datetime
from enum import StrEnum

from services.identity.contract.ids import BindingId, InvitationId, UserId
from services.identity.contract.permissions import Role
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
    the query Bindings lists. Questions that are asked without `with_roles` spare reading them: no roles, `more_roles`.
    """

    id: UserId
    username: str = ""
    full_name: str = ""
    email: str = ""
    status: UserStatus
    email_verified: bool = False
    avatar_url: str = ""
    roles: tuple[BindingRow, ...] = ()
    more_roles: bool = False
    created_at: datetime
    updated_at: datetime


class Invited(Message):
    """An invitation, as it is or, after a withdrawal, as it was."""

    user_id: UserId
    invitation_id: InvitationId
    expires_at: datetime


class UserList(Message):
    """Persons by rising id; `more`: ask again with `after_id` = the last id."""

    rows: tuple[UserRow, ...] = ()
    more: bool = False


class UserPage(Message):
    """Persons in an order; `more`: others follow them. `count`: how many the whole list has."""

    rows: tuple[UserRow, ...] = ()
    more: bool = False
    count: int = 0


class UserBindingRow(BindingRow):
    """A binding with the person who holds it."""

    user_id: UserId


class BindingList(Message):
    """Bindings by rising id; `more`: ask again with `after_id` = the last id.

    `forbidden`: entities on which the asker may not see them, among those that were asked for.
    """

    rows: tuple[UserBindingRow, ...] = ()
    forbidden: tuple[str, ...] = ()
    more: bool = False


class Person(Message):
    """The id behind an e-mail address; "" where nobody has it."""

    user_id: UserId
    status: UserStatus | None = None
