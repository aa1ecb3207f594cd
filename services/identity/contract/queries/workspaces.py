"""The questions about workspaces and the people in them."""

from typing import ClassVar, Final

from pydantic import Field

from services.identity.contract.ids import WorkspaceId
from services.identity.contract.queries.question import Paged, Question
from services.identity.contract.rows import MemberList, WorkspaceList
from shared.messages import MOST_ROWS

MOST_SKIPPED: Final = 1_000_000
"""Rows that pages by number may go past."""


class Workspaces(Paged[WorkspaceList]):
    """List workspaces: the asker's own, or by what is given.

    `ids`: those; Forbidden unless workspace.config.get is held on each, or system.workspace.get; unknown ones are
    missing from the rows. `user_id`: those that this person has a role in; another's need system.users.get.
    `everything`: all there are, needs system.workspace.get. None of them: those that the asker has a role in; system
    roles do not widen it. `label` narrows any of them to that exact label. `skip` leaves out so many of the asker's own
    or a person's, for pages by number.
    """

    subject: ClassVar[str] = "identity.query.workspaces"

    ids: tuple[WorkspaceId, ...] | None = Field(default=None, max_length=MOST_ROWS)
    user_id: str = ""
    everything: bool = False
    label: str = ""
    skip: int = Field(default=0, ge=0, le=MOST_SKIPPED)


class LoadWorkspaces(Question[WorkspaceList]):
    """Return those of `ids` that the asker may see, for a loader; the others are missing from the rows."""

    subject: ClassVar[str] = "identity.query.load_workspaces"

    ids: tuple[WorkspaceId, ...] = Field(max_length=MOST_ROWS)
    after_id: str = ""


class WorkspaceMembers(Paged[MemberList]):
    """Return the members of several workspaces, with their users; by rising id of the binding.

    Permission: workspace.users.get on each, or system.users.get; the others come back as `forbidden`.
    """

    subject: ClassVar[str] = "identity.query.workspace_members"

    workspace_ids: tuple[WorkspaceId, ...] = Field(max_length=MOST_ROWS)
    email: str = Field(default="", repr=False)
    user_id: str = ""
    with_roles: bool = True
