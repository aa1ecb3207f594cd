"""Wishes about workspaces, service accounts and sessions."""

from services.identity.contract import BindingId, CredentialId, Role, SessionId, UserId, WorkspaceId, fits
from services.identity.domain import credential, session, workspace
from services.identity.domain.user import Active, Clear, Grant
from services.identity.handlers.streams import CREDENTIAL, SESSION, USER, WORKSPACE
from shared import auth
from shared.auth import SYSTEM
from shared.errors import Rejected
from tests.unit.identity.memory import Attempt
from tests.unit.identity.wishes.world import Bound, Wish, World


class Things(World):
    """Wishes about what people make."""

    def make(self, user: UserId, place: WorkspaceId) -> Wish:
        """Make a workspace, and its maker the administrator of it."""
        grant = Grant(BindingId(self.new("binding")), Role.WORKSPACE_ADMIN, auth.workspace(place), self.now)

        def wish(attempt: Attempt) -> None:
            self.authorise(attempt, user, "system.workspace.create", SYSTEM)
            attempt.write(WORKSPACE, place, workspace.Create(place, "Main", "", self.now))
            attempt.person(user, grant)

        return wish

    def delete(self, asker: str, place: WorkspaceId) -> Wish:
        """Delete a workspace."""

        def wish(attempt: Attempt) -> None:
            self.authorise(attempt, asker, "workspace.config.delete", auth.workspace(place))
            attempt.write(WORKSPACE, place, workspace.Delete(place, self.now))

        return wish

    def clear(self, user: UserId, place: WorkspaceId) -> Wish:
        """Drop what a person held on a workspace that is gone."""
        return lambda attempt: attempt.person(user, Clear(entity=auth.workspace(place), now=self.now))

    def make_account(self, asker: str, account: CredentialId, bound: Bound) -> Wish:
        """Make a service account."""
        entity, role = bound

        def wish(attempt: Attempt) -> None:
            create = f"{entity.partition(':')[0]}.serviceAccounts.create"
            self.authorise(attempt, asker, create, entity, *([bound] if fits(role, entity) else []))
            self.require_live(attempt, entity)
            made = credential.Create(account, "ci", "", entity, role, account, "", self.now)
            attempt.write(CREDENTIAL, account, made)
            attempt.taken[account] = CREDENTIAL.stream(account)

        return wish

    def delete_account(self, account: CredentialId) -> Wish:
        """Delete a service account."""

        def wish(attempt: Attempt) -> None:
            attempt.write(CREDENTIAL, account, credential.Delete(account, self.now))
            attempt.released.add(account)

        return wish

    def sign_in(self, user: UserId, id_: SessionId) -> Wish:
        """Begin a session."""

        def wish(attempt: Attempt) -> None:
            state = attempt.load(USER, user)
            if not isinstance(state, Active):
                raise Rejected("only who is active may sign in")
            start = session.Start(id_, user, "key", None, self.now, generation=state.session_generation)
            attempt.write(SESSION, id_, start)

        return wish

    def end_session(self, id_: SessionId) -> Wish:
        """End a session."""
        return lambda attempt: attempt.write(SESSION, id_, session.End(id_, "user_removed", self.now))
