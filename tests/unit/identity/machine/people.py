"""Rules about who there is and who has which role."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.unit.identity.machine.doing import Doing, Late, an_invitation_is_open, there_is_a_team, waiting
from tests.unit.identity.machine.drawing import anybody, askers, days, emails, names, picks, roles
from tests.unit.identity.wishes import Bound


class PeopleRules(Doing):
    """People come and go."""

    @rule(target=waiting, asker=askers, user=anybody)
    def a_removal_waits(self, asker: int, user: int) -> Late:
        return self.later(self.wishes.remove(self.asker(asker), self.somebody(user)))

    @rule(target=waiting, email=emails, name=names)
    def a_sign_up_waits(self, email: str, name: str) -> Late:
        return self.later(self.wishes.sign_up(email, name, confirmed=True))

    @precondition(an_invitation_is_open)
    @rule(target=waiting, pick=picks)
    def an_acceptance_waits(self, pick: int) -> Late:
        return self.later(self.wishes.accept(pick, ""))

    @rule(email=emails, name=names, confirmed=st.booleans())
    def somebody_signs_up(self, email: str, name: str, confirmed: bool) -> None:
        self.do(self.wishes.sign_up(email, name, confirmed=confirmed))

    @rule(asker=askers, email=emails, bound=roles, lasts=days)
    def somebody_is_invited(self, asker: int, email: str, bound: Bound, lasts: timedelta) -> None:
        self.do(self.wishes.invite(self.asker(asker), email, bound, lasts))

    @precondition(there_is_a_team)
    @rule(asker=askers, email=emails, bound=roles, lasts=days, team=picks)
    def somebody_is_invited_into_a_team(
        self, asker: int, email: str, bound: Bound, lasts: timedelta, team: int
    ) -> None:
        self.do(self.wishes.invite(self.asker(asker), email, bound, lasts, into=self.team(team)))

    @precondition(an_invitation_is_open)
    @rule(pick=picks, name=names)
    def an_invitation_is_accepted(self, pick: int, name: str) -> None:
        self.do(self.wishes.accept(pick, name))

    @precondition(an_invitation_is_open)
    @rule(asker=askers, pick=picks, bound=roles)
    def an_invitation_gets_other_roles(self, asker: int, pick: int, bound: Bound) -> None:
        self.do(self.wishes.change_invitation(self.asker(asker), pick, bound))

    @precondition(an_invitation_is_open)
    @rule(pick=picks)
    def an_invitation_is_withdrawn(self, pick: int) -> None:
        self.do(self.wishes.withdraw(pick))

    @rule(asker=askers, user=anybody)
    def somebody_is_removed(self, asker: int, user: int) -> None:
        self.do(self.wishes.remove(self.asker(asker), self.somebody(user)))


class RoleRules(Doing):
    """People get roles and other ones."""

    @rule(target=waiting, asker=askers, user=anybody, bound=roles)
    def a_change_of_role_waits(self, asker: int, user: int, bound: Bound) -> Late:
        return self.later(self.wishes.change(self.asker(asker), self.somebody(user), bound))

    @rule(asker=askers, user=anybody, bound=roles)
    def a_role_is_granted(self, asker: int, user: int, bound: Bound) -> None:
        self.do(self.wishes.grant(self.asker(asker), self.somebody(user), bound))

    @rule(asker=askers, user=anybody, bound=roles)
    def a_role_is_changed(self, asker: int, user: int, bound: Bound) -> None:
        self.do(self.wishes.change(self.asker(asker), self.somebody(user), bound))
