"""Wishes about teams: their members, their roles, their end."""

from services.identity.contract import BindingId, BindMode, Interface, TeamId, UserId
from services.identity.domain import team
from services.identity.domain.user import Absent, Removed
from services.identity.handlers.streams import TEAM, USER
from shared.auth import SYSTEM
from shared.errors import NotFound
from tests.unit.identity.memory import Attempt
from tests.unit.identity.wishes.world import Bound, Wish, World, updating


class Teams(World):
    """Wishes about teams."""

    def make_team(self, asker: str, id_: TeamId, user: UserId) -> Wish:
        """Make a team with a first member."""

        def wish(attempt: Attempt) -> None:
            self.authorise(attempt, asker, "system.teams.create", SYSTEM)
            _require_known(attempt, user)
            attempt.write(TEAM, id_, team.Create(id_, "Pilots", "", (user,), self.now))

        return wish

    def delete_team(self, asker: str, id_: TeamId) -> Wish:
        """Delete a team."""

        def wish(attempt: Attempt) -> None:
            self.authorise(attempt, asker, "system.teams.delete", SYSTEM)
            attempt.write(TEAM, id_, team.Delete(self.now))

        return wish

    def join(self, asker: str, id_: TeamId, user: UserId) -> Wish:
        """Put a person into a team, if the asker holds all that it gives."""

        def wish(attempt: Attempt) -> None:
            self.authorise_addition(attempt, asker, id_)
            _require_known(attempt, user)
            attempt.write(TEAM, id_, team.AddMembers((user,), self.now))

        return wish

    def leave(self, asker: str, id_: TeamId, user: UserId) -> Wish:
        """Take a person out of a team."""

        def wish(attempt: Attempt) -> None:
            self.authorise(attempt, asker, "system.teams.update", SYSTEM)
            attempt.write(TEAM, id_, team.RemoveMember(user, self.now))

        return wish

    def set_team_role(self, asker: str, id_: TeamId, bound: Bound) -> Wish:
        """Give a team a role, or another one."""
        entity, role = bound
        binding = BindingId(self.new("binding"))

        def wish(attempt: Attempt) -> None:
            self.authorise(attempt, asker, updating(entity), entity, bound)
            self.require_live(attempt, entity)
            made = team.SetRole(binding, entity, role, BindMode.SET, Interface.GRAPHQL, self.now)
            attempt.write(TEAM, id_, made)

        return wish

    def remove_team_role(self, asker: str, id_: TeamId, entity: str) -> Wish:
        """Take a team's role away."""

        def wish(attempt: Attempt) -> None:
            self.authorise(attempt, asker, updating(entity), entity)
            attempt.write(TEAM, id_, team.RemoveRole(entity, None, Interface.GRAPHQL, self.now))

        return wish

    def clear_team(self, id_: TeamId, entity: str) -> Wish:
        """Drop what a team has on something that is gone."""
        return lambda attempt: attempt.write(TEAM, id_, team.Clear(entity, self.now))


def _require_known(attempt: Attempt, user: UserId) -> None:
    if isinstance(attempt.load(USER, user), Absent | Removed):
        raise NotFound("there is no such person")
