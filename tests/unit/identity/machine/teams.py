"""Rules about teams."""

from hypothesis.stateful import precondition, rule

from services.identity.contract import TeamId
from tests.unit.identity.machine.doing import Doing, Late, there_is_a_team, waiting
from tests.unit.identity.machine.drawing import anybody, askers, places, roles, teams
from tests.unit.identity.wishes import Bound


class TeamRules(Doing):
    """Teams are made, get members and roles, and are deleted."""

    @rule(asker=askers, team=teams, user=anybody)
    def a_team_is_made(self, asker: int, team: TeamId, user: int) -> None:
        self.do(self.wishes.make_team(self.asker(asker), team, self.somebody(user)))

    @precondition(there_is_a_team)
    @rule(asker=anybody, team=anybody)
    def a_team_is_deleted(self, asker: int, team: int) -> None:
        self.do(self.wishes.delete_team(self.asker(asker), self.team(team)))

    @precondition(there_is_a_team)
    @rule(asker=askers, team=anybody, user=anybody)
    def somebody_joins_a_team(self, asker: int, team: int, user: int) -> None:
        self.do(self.wishes.join(self.asker(asker), self.team(team), self.somebody(user)))

    @precondition(there_is_a_team)
    @rule(target=waiting, asker=askers, team=anybody, user=anybody)
    def joining_a_team_waits(self, asker: int, team: int, user: int) -> Late:
        return self.later(self.wishes.join(self.asker(asker), self.team(team), self.somebody(user)))

    @precondition(there_is_a_team)
    @rule(asker=askers, team=anybody, user=anybody)
    def somebody_leaves_a_team(self, asker: int, team: int, user: int) -> None:
        self.do(self.wishes.leave(self.asker(asker), self.team(team), self.somebody(user)))

    @precondition(there_is_a_team)
    @rule(asker=askers, team=anybody, bound=roles)
    def a_team_gets_a_role(self, asker: int, team: int, bound: Bound) -> None:
        self.do(self.wishes.set_team_role(self.asker(asker), self.team(team), bound))

    @precondition(there_is_a_team)
    @rule(target=waiting, asker=askers, team=anybody, bound=roles)
    def a_role_of_a_team_waits(self, asker: int, team: int, bound: Bound) -> Late:
        return self.later(self.wishes.set_team_role(self.asker(asker), self.team(team), bound))

    @precondition(there_is_a_team)
    @rule(asker=askers, team=anybody, place=places)
    def a_team_loses_a_role(self, asker: int, team: int, place: str) -> None:
        self.do(self.wishes.remove_team_role(self.asker(asker), self.team(team), place))
