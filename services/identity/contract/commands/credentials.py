"""The wishes about service accounts."""

from typing import Annotated, ClassVar

from pydantic import Field

from services.identity.contract.commands.wish import Secret, Wish
from services.identity.contract.ids import CredentialId, new_credential_id
from services.identity.contract.permissions import Interface, Role
from services.identity.contract.rows import ServiceAccountRow
from shared.messages import Generated


class CreateServiceAccount(Wish[ServiceAccountRow]):
    """Create a service account on the system, a workspace or a deployment, for the key that the sender made.

    `entity`: `system`, `workspace:<id>` or `deployment:<id>`. `role` None means the strongest of its kind. `key`: 32
    hexadecimal digits in lower case; show it only if its SHA-256 is the `key_digest` of the answer. Permission:
    <kind>.serviceAccounts.create on the entity or, of a deployment, on its workspace; and every permission of `role`.
    Rejected: role_entity_mismatch. NotFound for an unknown entity.
    """

    subject: ClassVar[str] = "identity.command.create_service_account"

    label: str
    category: str = ""
    entity: str
    role: Role | None = None
    key: Secret = Field(repr=False)
    credential_id: Annotated[CredentialId, Generated()] = Field(default_factory=new_credential_id)


class UpdateServiceAccount(Wish[ServiceAccountRow]):
    """Change the texts or the role of a service account; None leaves one as it is.

    `entity`: where it has to be, "" for wherever it is. Roles are compared as `interface` shows them. Permission:
    <kind>.serviceAccounts.update on its entity or, of a deployment, on its workspace; and every permission of `role`.
    Rejected: role_entity_mismatch. NotFound when there is none there.
    """

    subject: ClassVar[str] = "identity.command.update_service_account"

    credential_id: CredentialId
    label: str | None = None
    category: str | None = None
    role: Role | None = None
    entity: str = ""
    interface: Interface = Interface.GRAPHQL


class DeleteServiceAccount(Wish[ServiceAccountRow]):
    """Delete a service account; its key stops working at once. The answer is the account as it was before.

    `entity`: where it has to be, "" for wherever it is. Permission: <kind>.serviceAccounts.delete on its entity or, of
    a deployment, on its workspace. NotFound when there is none there.
    """

    subject: ClassVar[str] = "identity.command.delete_service_account"

    credential_id: CredentialId
    entity: str = ""
