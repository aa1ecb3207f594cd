"""The questions about people."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from services.identity.contract.commands.wish import MOST_TEXT
from services.identity.contract.ids import UserId
from services.identity.contract.queries.question import Paged, Question, Sorted
from services.identity.contract.rows import BindingList, GroupList, Person, UserList, UserPage
from shared.messages import MOST_ROWS


class Users(Paged[UserList]):
    """Search persons; all that are given must match, nothing given means everybody. Invited ones are left out.

    `email` and `username` are compared whole and without case, `full_name` whole. `search` stands alone: the beginning
    of an address, a username or a full name, without case. Permission: system.users.get. Without it the asker finds
    themself alone, and only by their own id, address or username; anything else is Forbidden.
    """

    subject: ClassVar[str] = "identity.query.users"

    ids: tuple[UserId, ...] | None = Field(default=None, max_length=MOST_ROWS)
    email: str = Field(default="", repr=False)
    username: str = Field(default="", repr=False)
    full_name: str = Field(default="", repr=False)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    with_roles: bool = True
    search: str = Field(default="", repr=False, max_length=MOST_TEXT)


class UserOrder(StrEnum):
    """What people can be sorted by."""

    ID = "id"
    EMAIL = "email"
    FULL_NAME = "full_name"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


class SortedUsers(Sorted[UserPage, UserOrder]):
    """List everybody, invited ones too, or who holds a role on `entity` (a workspace or a deployment) themself.

    Permission: system.users.get or, for an entity, <kind>.users.get on it or, of a deployment, on its workspace. An
    entity that is not there has nobody.
    """

    subject: ClassVar[str] = "identity.query.sorted_users"

    entity: str = ""


class LoadUsers(Question[UserList]):
    """Return those of `ids` that the asker may see, for a loader; the others are missing from the rows.

    Seen are oneself, with system.users.get everybody, with workspace.users.get the members of that workspace, and with
    workspace.invites.get the persons invited to it. `more`: ask again with `after_id` = the last id.
    """

    subject: ClassVar[str] = "identity.query.load_users"

    ids: tuple[UserId, ...] = Field(max_length=MOST_ROWS)
    after_id: str = ""
    with_roles: bool = True


class Bindings(Paged[BindingList]):
    """Return the role bindings of several persons, or of all persons on several workspaces or deployments (`entities`).

    Of persons, as far as the asker may see them (see LoadUsers): one's own are all there; of others, with
    system.users.get all, else those in workspaces where the asker holds workspace.users.get. The `roles` of a UserRow
    in an answer are limited likewise. Of entities, those on which the asker holds <kind>.users.get, of a deployment
    also on its workspace, or system.users.get; the others come back as `forbidden`.
    """

    subject: ClassVar[str] = "identity.query.bindings"

    user_ids: tuple[UserId, ...] = Field(default=(), max_length=MOST_ROWS)
    entities: tuple[str, ...] = Field(default=(), max_length=MOST_ROWS)


class Holders(Paged[UserList]):
    """Return who holds a role on `entity`, or is in the group with `group_id`, by rising id of the person.

    All that are given of ids, address, username and full name must match. `before_id` stands in for `after_id`: the
    page right before that person. On a deployment those count too who hold a role in its workspace; the `roles` of a
    row are then the stronger of both as a role on the deployment, and the one in the workspace. Permission:
    <kind>.users.get on the entity or, of a deployment, on its workspace; or system.users.get. NotFound for what is not
    there.
    """

    subject: ClassVar[str] = "identity.query.holders"

    entity: str = ""
    group_id: str = ""
    ids: tuple[UserId, ...] | None = Field(default=None, max_length=MOST_ROWS)
    email: str = Field(default="", repr=False)
    username: str = Field(default="", repr=False)
    full_name: str = Field(default="", repr=False)
    before_id: str = ""
    with_roles: bool = True


class Groups(Question[GroupList]):
    """Return the groups with `ids`, or those of `entities` (the system or workspaces).

    Permission: system.iam.update for groups of the system, workspace.users.get on the workspace for others. Entities
    that may not be seen come back as `forbidden`; an id that may not be is Forbidden, alike with one that no group has.
    NotFound for an id that is not there; entities that are not there have no groups.
    """

    subject: ClassVar[str] = "identity.query.groups"

    ids: tuple[str, ...] = Field(default=(), max_length=MOST_ROWS)
    entities: tuple[str, ...] = Field(default=(), max_length=MOST_ROWS)


class FindPerson(Question[Person]):
    """Return who holds an e-mail address; only a service may ask."""

    subject: ClassVar[str] = "identity.query.find_person"

    email: str = Field(repr=False)
