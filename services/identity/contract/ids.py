"""The kinds of ids that identity names, the streams behind them, and what the service is called."""

from typing import Final, NewType

from shared.ids import new_id

OrganizationId = NewType("OrganizationId", str)
UserId = NewType("UserId", str)
WorkspaceId = NewType("WorkspaceId", str)
DeploymentId = NewType("DeploymentId", str)
CredentialId = NewType("CredentialId", str)
SessionId = NewType("SessionId", str)
BindingId = NewType("BindingId", str)
InvitationId = NewType("InvitationId", str)
TeamId = NewType("TeamId", str)
VisitId = NewType("VisitId", str)

SERVICE: Final = "identity"
"""The name of the service on the bus and in `service:identity`."""


def new_user_id() -> UserId:
    """Return a new id for a person."""
    return UserId(new_id())


def new_workspace_id() -> WorkspaceId:
    """Return a new id for a workspace."""
    return WorkspaceId(new_id())


def new_credential_id() -> CredentialId:
    """Return a new id for a service account."""
    return CredentialId(new_id())


def new_session_id() -> SessionId:
    """Return a new id for a session."""
    return SessionId(new_id())


def new_binding_id() -> BindingId:
    """Return a new id for a role binding."""
    return BindingId(new_id())


def new_invitation_id() -> InvitationId:
    """Return a new id for an invitation."""
    return InvitationId(new_id())


def new_team_id() -> TeamId:
    """Return a new id for a team."""
    return TeamId(new_id())


def new_visit_id() -> VisitId:
    """Return a new id for a visit."""
    return VisitId(new_id())
