"""Rules about workspaces, service accounts and sessions."""

from hypothesis.stateful import rule

from services.identity.contract import CredentialId, SessionId, WorkspaceId
from shared import auth
from tests.unit.identity.machine.doing import Doing
from tests.unit.identity.machine.drawing import accounts, anybody, askers, roles, sessions, workspaces
from tests.unit.identity.wishes import TEAMS, USERS, Bound


class ThingRules(Doing):
    """People make things, and things end."""

    @rule(user=anybody, place=workspaces)
    def somebody_makes_a_workspace(self, user: int, place: WorkspaceId) -> None:
        self.do(self.wishes.make(self.somebody(user), place))

    @rule(asker=askers, place=workspaces)
    def a_workspace_is_deleted_and_cleared(self, asker: int, place: WorkspaceId) -> None:
        if self.do(self.wishes.delete(self.asker(asker), place)):
            for user in USERS:
                self.do(self.wishes.clear(user, place))
            for team in TEAMS:
                self.do(self.wishes.clear_team(team, auth.workspace(place)))

    @rule(asker=askers, account=accounts, bound=roles)
    def a_service_account_is_made(self, asker: int, account: CredentialId, bound: Bound) -> None:
        self.do(self.wishes.make_account(self.asker(asker), account, bound))

    @rule(account=accounts)
    def a_service_account_is_deleted(self, account: CredentialId) -> None:
        self.do(self.wishes.delete_account(account))

    @rule(user=anybody, session=sessions)
    def somebody_signs_in(self, user: int, session: SessionId) -> None:
        self.do(self.wishes.sign_in(self.somebody(user), session))

    @rule(session=sessions)
    def a_session_ends(self, session: SessionId) -> None:
        self.do(self.wishes.end_session(session))
