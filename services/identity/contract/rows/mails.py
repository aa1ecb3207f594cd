"""What a mail is made of."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.messages import Message


class MailStatus(StrEnum):
    """Whether a mail is still worth sending."""

    OPEN = "open"
    GONE = "gone"


class MailContent(Message):
    """What a mail is made of at the moment it is sent; empty texts where `status` is GONE.

    `has_password`: the account has one, which a reset replaces. `role`: what GraphQL calls the one held in the
    workspace, or that an invitation gives; `added_by`: the name of who gave it, "" where they are gone. `teams` and
    `deployment_roles`: the names of teams and the number of deployments that an invitation brings besides.
    """

    status: MailStatus
    address: str = Field(default="", repr=False)
    full_name: str = Field(default="", repr=False)
    token: str = Field(default="", repr=False)
    organization: str = ""
    workspace_label: str = ""
    role: str = ""
    added_by: str = Field(default="", repr=False)
    teams: tuple[str, ...] = ()
    deployment_roles: int = 0
    expires_at: datetime | None = None
    has_password: bool = True
