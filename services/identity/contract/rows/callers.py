"""What is told of who asks."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field

from services.identity.contract.permissions import Role
from services.identity.contract.rows.credentials import ServiceAccountRow
from services.identity.contract.rows.people import UserRow
from shared.auth import Grant, Principal
from shared.messages import Message, Row


class Authenticated(Message):
    """Whose credential it is. One of `user` and `service_account` is there; `expires_at` only for a session.

    `visits`: the only deployment that a visit's token is good for.

    `principal` goes into the envelope of every message on behalf of the asker. `more_grants` says that it holds more
    grants than an envelope carries; the query Grants has them all. `streams`: what this was read from, at `position` or
    later; Revoked tells when one of them goes on.
    """

    principal: Principal
    user: UserRow | None = None
    service_account: ServiceAccountRow | None = None
    expires_at: datetime | None = None
    visits: str = ""
    more_grants: bool = False
    streams: tuple[str, ...] = ()
    position: int = 0


class GrantList(Message):
    """All grants of a subject, with the permissions behind each role."""

    grants: tuple[Grant, ...] = ()
    permission_sets: Mapping[str, frozenset[str]] = Field(default_factory=dict[str, frozenset[str]])


class RoleRow(Row):
    """A role: the kind of entity that it is bound to ("" for what everybody holds) and all that it may do."""

    name: Role
    scope: str
    permissions: tuple[str, ...]


class RoleList(Message):
    """The roles, in the order of the table."""

    rows: tuple[RoleRow, ...] = ()
