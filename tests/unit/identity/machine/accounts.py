"""Rules about accounts: kept out and let in again, and what mailed links do."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from services.identity.contract import MailPurpose
from tests.unit.identity.machine.doing import Doing, Late, a_link_was_mailed, somebody_is_kept_out, waiting
from tests.unit.identity.machine.drawing import anybody, askers, picks, purposes, seldom


class SuspensionRules(Doing):
    """People are suspended and reinstated."""

    @rule(asker=askers, user=anybody, banned=st.booleans())
    def somebody_is_suspended(self, asker: int, user: int, banned: bool) -> None:
        self.do(self.wishes.suspend(self.asker(asker), self.somebody(user), banned=banned))

    @rule(target=waiting, asker=askers, user=anybody)
    def a_suspension_waits(self, asker: int, user: int) -> Late:
        return self.later(self.wishes.suspend(self.asker(asker), self.somebody(user), banned=True))

    @precondition(somebody_is_kept_out)
    @rule(asker=askers, user=anybody)
    def somebody_is_reinstated(self, asker: int, user: int) -> None:
        self.do(self.wishes.reinstate(self.asker(asker), self.somebody_kept_out(user)))

    @precondition(somebody_is_kept_out)
    @rule(target=waiting, asker=askers, user=anybody)
    def a_reinstatement_waits(self, asker: int, user: int) -> Late:
        return self.later(self.wishes.reinstate(self.asker(asker), self.somebody_kept_out(user)))


class LinkRules(Doing):
    """Addresses are confirmed and passwords reset."""

    @rule(asker=askers, user=anybody)
    def an_address_is_vouched_for(self, asker: int, user: int) -> None:
        self.do(self.wishes.vouch(self.asker(asker), self.somebody(user)))

    @rule(purpose=purposes, user=anybody)
    def a_link_is_asked_for(self, purpose: MailPurpose, user: int) -> None:
        self.do(self.wishes.ask(purpose, self.somebody(user)))

    @precondition(a_link_was_mailed)
    @rule(pick=picks, crossed=seldom)
    def a_link_is_followed(self, pick: int, crossed: bool) -> None:
        self.do(self.wishes.follow(pick, crossed=crossed))

    @precondition(a_link_was_mailed)
    @rule(target=waiting, pick=picks)
    def the_use_of_a_link_waits(self, pick: int) -> Late:
        return self.later(self.wishes.follow(pick, crossed=False))
