"""The question about the organization."""

from typing import ClassVar

from services.identity.contract.queries.question import Question
from services.identity.contract.rows import OrganizationRow


class TheOrganization(Question[OrganizationRow]):
    """Return the organization; whoever is signed in may ask."""

    subject: ClassVar[str] = "identity.query.organization"
