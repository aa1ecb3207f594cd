"""The wishes that identity sends itself; nobody else can, as no handler listens for them."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from services.identity.contract import CredentialId, OrganizationId, SessionId, UserId
from shared.clock import utc_now
from shared.ids import new_id
from shared.messages import Command, Generated, Message


class Done(Message):
    """Nothing more to say."""


class _Own(Command[Done]):
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class FoundOrganization(_Own):
    """Make the organization of this installation, unless it exists."""

    subject: ClassVar[str] = "identity.internal.found_organization"

    name: str
    organization_id: Annotated[OrganizationId, Generated()] = Field(default_factory=lambda: OrganizationId(new_id()))


class EndSession(_Own):
    """End a session of a person who was removed."""

    subject: ClassVar[str] = "identity.internal.end_session"

    session_id: SessionId


class ClearUser(_Own):
    """Drop a person's bindings on and invitations to an entity that is gone."""

    subject: ClassVar[str] = "identity.internal.clear_user"

    user_id: UserId
    entity: str


class ClearServiceAccount(_Own):
    """Delete a service account of an entity that is gone."""

    subject: ClassVar[str] = "identity.internal.clear_service_account"

    credential_id: CredentialId
