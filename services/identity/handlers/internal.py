"""The wishes that identity sends itself; nobody else can, as no handler listens for them."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from services.identity.contract import CredentialId, Done, OrganizationId, SessionId, TeamId, UserId
from shared.clock import utc_now
from shared.ids import new_id
from shared.messages import Command, Generated


class _Own(Command[Done]):
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class FoundOrganization(_Own):
    """Make the organization of this installation, unless it exists."""

    subject: ClassVar[str] = "identity.internal.found_organization"

    name: str
    organization_id: Annotated[OrganizationId, Generated()] = Field(default_factory=lambda: OrganizationId(new_id()))


class ForgetAgain(_Own):
    """Remove a person who was removed and forgotten already, in a database that a dump brought back."""

    subject: ClassVar[str] = "identity.internal.forget_again"

    user_id: UserId


class EndOldSession(_Own):
    """End a session whose generation has ended."""

    subject: ClassVar[str] = "identity.internal.end_old_session"

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


class ClearTeam(_Own):
    """Drop what a team has on an entity that is gone."""

    subject: ClassVar[str] = "identity.internal.clear_team"

    team_id: TeamId
    entity: str


class EndMembership(_Own):
    """Take a person who was removed out of a team."""

    subject: ClassVar[str] = "identity.internal.end_membership"

    team_id: TeamId
    user_id: UserId
