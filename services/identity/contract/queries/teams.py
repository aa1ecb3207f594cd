"""The questions about teams."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from services.identity.contract.ids import TeamId, UserId
from services.identity.contract.queries.question import Paged, Question, Sorted
from services.identity.contract.rows import MembershipList, TeamBindingList, TeamList, TeamMemberList
from shared.messages import MOST_ROWS


class Teams(Paged[TeamList]):
    """List teams: all, or those with a role on `entity`; with how many the list has.

    `before_id`: the last ones before that id, instead of those after `after_id`. Permission: system.teams.get; for an
    entity also workspace.teams.get on it, or deployment.teams.get on it or its workspace.
    """

    subject: ClassVar[str] = "identity.query.teams"

    entity: str = ""
    before_id: str = ""


class TeamOrder(StrEnum):
    """What teams can be sorted by."""

    NAME = "name"
    DESCRIPTION = "description"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


class SortedTeams(Sorted[TeamList, TeamOrder]):
    """List teams, of `names` only those called so. Permission: system.teams.get."""

    subject: ClassVar[str] = "identity.query.sorted_teams"

    names: tuple[str, ...] | None = Field(default=None, max_length=MOST_ROWS)


class LoadTeams(Question[TeamList]):
    """Return those of `ids` that the asker may see, for a loader; the others are missing from the rows.

    Seen are all with system.teams.get, those with a role on something where workspace.teams.get or deployment.teams.get
    is held, and one's own. The `roles` of a TeamRow are limited likewise, but members see all of their team's.
    `strict`: raise NotFound where one is missing, or Forbidden to who does not hold system.teams.get.
    """

    subject: ClassVar[str] = "identity.query.load_teams"

    ids: tuple[TeamId, ...] = Field(max_length=MOST_ROWS)
    after_id: str = ""
    strict: bool = False


class TeamBindings(Paged[TeamBindingList]):
    """List the roles of several teams, as far as the asker may see them, or all teams' roles on several `entities`.

    Of an entity they are seen as by Teams; entities whose teams the asker may not see come back as `forbidden`.
    """

    subject: ClassVar[str] = "identity.query.team_bindings"

    team_ids: tuple[TeamId, ...] | None = Field(default=None, max_length=MOST_ROWS)
    entities: tuple[str, ...] = Field(default=(), max_length=MOST_ROWS)


class TeamMembers(Paged[TeamMemberList]):
    """List the members of several teams, invited ones too. Permission: system.teams.get."""

    subject: ClassVar[str] = "identity.query.team_members"

    team_ids: tuple[TeamId, ...] = Field(max_length=MOST_ROWS)
    with_roles: bool = True


class Memberships(Paged[MembershipList]):
    """List the teams that several persons are in.

    Permission: system.teams.get, but for oneself; persons whose teams the asker may not see come back as `forbidden`.
    """

    subject: ClassVar[str] = "identity.query.memberships"

    user_ids: tuple[UserId, ...] = Field(max_length=MOST_ROWS)


class TeamMemberOrder(StrEnum):
    """What the members of a team can be sorted by; `created_at`: since when they are in it."""

    USER_ID = "user_id"
    FULL_NAME = "full_name"
    EMAIL = "email"
    CREATED_AT = "created_at"


class SortedTeamMembers(Sorted[TeamMemberList, TeamMemberOrder]):
    """List the members of one team, invited ones too. Permission: system.teams.get; NotFound for no team."""

    subject: ClassVar[str] = "identity.query.sorted_team_members"

    team_id: TeamId
