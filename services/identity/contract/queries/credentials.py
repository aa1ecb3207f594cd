"""The question about service accounts."""

from typing import ClassVar

from pydantic import Field

from services.identity.contract.ids import CredentialId
from services.identity.contract.queries.question import Paged
from services.identity.contract.rows import ServiceAccountList
from shared.messages import MOST_ROWS


class ServiceAccounts(Paged[ServiceAccountList]):
    """List service accounts by `ids`, by `entities`, or by `key_digest` (SHA-256 of the key, hex); one is required.

    Permission: <kind>.serviceAccounts.get on each entity or, of a deployment, on its workspace; or
    system.serviceAccounts.get, without which a `key_digest` is Forbidden and so are `ids` that are unknown. Unknown ids
    are missing from the rows.
    """

    subject: ClassVar[str] = "identity.query.service_accounts"

    ids: tuple[CredentialId, ...] | None = Field(default=None, max_length=MOST_ROWS)
    entities: tuple[str, ...] | None = Field(default=None, max_length=MOST_ROWS)
    key_digest: str = ""
