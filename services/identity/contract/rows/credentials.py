"""The rows of service accounts."""

from datetime import datetime

from services.identity.contract.ids import CredentialId
from services.identity.contract.permissions import Role
from shared.messages import Message, Row


class ServiceAccountRow(Row):
    """A service account. Its key is not here: `key_digest` is its SHA-256 in hex, `key_masked` its first 6 characters.

    `last_used_at` is of the last use but for about a minute, and only in lists.
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


class ServiceAccountList(Message):
    """Service accounts by rising id; `more`: ask again with `after_id` = the last id."""

    rows: tuple[ServiceAccountRow, ...] = ()
    more: bool = False
