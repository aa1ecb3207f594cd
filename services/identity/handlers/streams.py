"""The kinds of streams of identity, as the write path knows them."""

from collections.abc import Sequence
from functools import reduce
from typing import Any, Final, TypeVar

from services.identity.contract import (
    CredentialEvent,
    DeploymentEvent,
    OrganizationEvent,
    SessionEvent,
    TeamEvent,
    UserId,
    VisitEvent,
    WorkspaceEvent,
)
from services.identity.domain import credential, deployment, organization, session, team, user, visit, workspace
from services.identity.domain.events import UserEvent
from shared.decider import Decider
from shared.store.model import Recorded

S = TypeVar("S")

ORGANIZATION: Final[Decider[organization.OrganizationCommand, organization.Organization, OrganizationEvent]] = Decider(
    kind="organization", initial=organization.ABSENT, decide=organization.decide, evolve=organization.evolve
)
USER: Final[Decider[user.UserCommand, user.User, UserEvent]] = Decider(
    kind="user", initial=user.ABSENT, decide=user.decide, evolve=user.evolve
)
TEAM: Final[Decider[team.TeamCommand, team.Team, TeamEvent]] = Decider(
    kind="team", initial=team.ABSENT, decide=team.decide, evolve=team.evolve
)
WORKSPACE: Final[Decider[workspace.WorkspaceCommand, workspace.Workspace, WorkspaceEvent]] = Decider(
    kind="workspace", initial=workspace.ABSENT, decide=workspace.decide, evolve=workspace.evolve
)
DEPLOYMENT: Final[Decider[deployment.DeploymentCommand, deployment.Deployment, DeploymentEvent]] = Decider(
    kind="deployment", initial=deployment.ABSENT, decide=deployment.decide, evolve=deployment.evolve
)
CREDENTIAL: Final[Decider[credential.CredentialCommand, credential.Credential, CredentialEvent]] = Decider(
    kind="credential", initial=credential.ABSENT, decide=credential.decide, evolve=credential.evolve
)
SESSION: Final[Decider[session.SessionCommand, session.Session, SessionEvent]] = Decider(
    kind="session", initial=session.ABSENT, decide=session.decide, evolve=session.evolve
)
VISIT: Final[Decider[visit.Begin, visit.Visit, VisitEvent]] = Decider(
    kind="visit", initial=visit.ABSENT, decide=visit.decide, evolve=visit.evolve
)


def state_of(decider: Decider[Any, S, Any], history: Sequence[Recorded]) -> S:
    """Return the state that the events of one stream make."""
    return reduce(decider.evolve, (recorded.event for recorded in history), decider.initial)


def user_of(stream: str) -> UserId:
    """Return the id of the person whose stream this is."""
    return UserId(stream.removeprefix(f"{USER.kind}-"))
