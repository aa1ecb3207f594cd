"""The row of the organization."""

from services.identity.contract.ids import OrganizationId
from shared.messages import Row


class OrganizationRow(Row):
    """The one organization of the installation."""

    id: OrganizationId
    name: str
