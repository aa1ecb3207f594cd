"""Where wishes are made: who and what there is in it, and who may wish what."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from services.identity.contract import (
    CredentialId,
    InvitationId,
    Role,
    Roles,
    SessionId,
    TeamId,
    UserId,
    WorkspaceId,
    fits,
)
from services.identity.domain import credential, organization, team, workspace
from services.identity.domain.grants import also_holding, principal, require_all_of, user_principal
from services.identity.domain.team import held_through
from services.identity.domain.user import EMAIL, Active, Binding, Held, Profile, invitations_of
from services.identity.handlers.streams import CREDENTIAL, ORGANIZATION, TEAM, USER, WORKSPACE
from shared import auth
from shared.auth import SYSTEM, Principal, PrincipalKind
from shared.errors import Forbidden, NotFound, Rejected, Unauthenticated
from tests.unit.identity.examples import NOW
from tests.unit.identity.examples import ORGANIZATION as ORGANIZATION_ID
from tests.unit.identity.histories import Histories
from tests.unit.identity.memory import Attempt, Memory

USERS: Final = [UserId(f"cuser{n}") for n in range(8)]
WORKSPACES: Final = [WorkspaceId(f"cworkspace{n}") for n in range(2)]
TEAMS: Final = [TeamId(f"cteam{n}") for n in range(3)]
ACCOUNTS: Final = [CredentialId(f"ccredential{n}") for n in range(2)]
SESSIONS: Final = [SessionId(f"csession{n}") for n in range(4)]
PLACES: Final = (SYSTEM, *(auth.workspace(id_) for id_ in WORKSPACES))

_MORE: Final = {
    Role.SYSTEM_EDITOR: frozenset(
        {"system.iam.update", "system.teams.create", "system.teams.update", "workspace.iam.update"}
    ),
    Role.WORKSPACE_EDITOR: frozenset({"workspace.iam.update"}),
}


class OwnRoles(Roles):
    """An installation's own roles: editors change roles as well, so that only what they hold limits what they give.

    By the table as it is, who changes roles holds them all.
    """

    def permissions(self, role: Role) -> frozenset[str]:
        return super().permissions(role) | _MORE.get(role, frozenset())


ROLES: Final = OwnRoles()

Wish = Callable[[Attempt], object]
"""Reads and decides; raises where a rule forbids it."""

Bound = tuple[str, Role]
"""An entity and a role on it."""


class World:
    """What all wishes share."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.histories = Histories(self.memory, ROLES, USERS, TEAMS, PLACES)
        self.now: datetime = NOW
        self._made = 0
        found = Attempt(self.memory, self.now)
        found.write(ORGANIZATION, ORGANIZATION_ID, organization.Create(ORGANIZATION_ID, "Flight School", self.now))
        found.commit()

    def new(self, kind: str) -> str:
        """Return a new id."""
        self._made += 1
        return f"c{kind}{self._made}"

    def authorise(self, attempt: Attempt, asker: str, permission: str, entity: str, *given: Bound) -> None:
        """Check as the handlers do, and against what the asker holds by another way."""

        def check(who: Principal) -> None:
            who.require(permission, entity)
            for place, role in given:
                require_all_of(role, place, grantor=who, roles=ROLES)

        who = self._asker(attempt, asker)
        try:
            check(who)
        except Forbidden:
            check(self._with_teams(attempt, who))
        if not all(fits(role, place) for place, role in given):
            raise Rejected("the role does not fit")
        needed = {(entity, permission)}.union(*(_pairs(bound) for bound in given))
        assert needed <= self.histories.holdings(asker)
        attempt.giver = asker if given else ""

    def authorise_addition(self, attempt: Attempt, asker: str, id_: TeamId) -> None:
        """Check that the asker may put people into a team and holds all that it gives."""
        state = attempt.load(TEAM, id_)
        bound = state.bindings.values() if isinstance(state, team.Live) else ()
        self.authorise(attempt, asker, "system.teams.update", SYSTEM, *((each.entity, each.role) for each in bound))
        team.live(state)

    def invitation(self, pick: int) -> tuple[UserId, InvitationId]:
        """Return one of all invitations that are neither used nor withdrawn."""
        every = [(user, id_) for user in USERS for id_ in invitations_of(self.memory.read(USER, user))]
        if not every:
            raise NotFound("nobody is invited")
        return every[pick % len(every)]

    def holder(self, email: str) -> UserId:
        """Return who has the address, else the next person that there can be."""
        stream = self.memory.claims.get(Held(EMAIL, email))
        if stream is not None:
            return UserId(stream.removeprefix(f"{USER.kind}-"))
        unused = [user for user in USERS if not self.memory.version(USER.stream(user))]
        if not unused:
            raise NotFound("no more persons in this test")
        return unused[0]

    def live(self, attempt: Attempt, entities: Iterable[str]) -> frozenset[str]:
        """Return the system and those of the workspaces that are there."""
        return frozenset({SYSTEM, *(entity for entity in entities if self._is_live(attempt, entity))})

    def require_live(self, attempt: Attempt, entity: str) -> None:
        """Raise NotFound unless the system or a workspace is there."""
        if entity != SYSTEM and not self._is_live(attempt, entity):
            raise NotFound("the workspace is gone")

    def _asker(self, attempt: Attempt, asker: str) -> Principal:
        if asker in USERS:
            user = attempt.load(USER, asker)
            if not isinstance(user, Active):
                raise Unauthenticated("the asker may not sign in")
            every = frozenset(binding.entity for binding in user.bindings.values())
            return user_principal(user, credential="", entities=every, roles=ROLES)
        state = attempt.load(CREDENTIAL, asker)
        if not isinstance(state, credential.Live):
            raise Unauthenticated("the service account is gone")
        bound = [Binding(role=state.role, entity=state.entity)]
        return principal(PrincipalKind.SERVICE_ACCOUNT, asker, credential=asker, bindings=bound, roles=ROLES)[0]

    def _with_teams(self, attempt: Attempt, who: Principal) -> Principal:
        for id_ in TEAMS:
            if held_through(self.memory.read(TEAM, id_), who.subject):
                who = also_holding(who, held_through(attempt.load(TEAM, id_), who.subject), roles=ROLES)
        return who

    def _is_live(self, attempt: Attempt, entity: str) -> bool:
        return isinstance(attempt.load(WORKSPACE, entity.partition(":")[2]), workspace.Live)


def profile(email: str, name: str) -> Profile:
    """Return what somebody signs up with."""
    return Profile(email=email, username=name or email, full_name="", password_hash="hash")


def updating(entity: str) -> str:
    """Return the permission to change roles on an entity."""
    return "system.iam.update" if entity == SYSTEM else "workspace.iam.update"


def _pairs(bound: Bound) -> set[tuple[str, str]]:
    entity, role = bound
    return {(entity, permission) for permission in ROLES.permissions(role)}
