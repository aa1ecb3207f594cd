"""What a resolver hands to the fields below it where a row alone does not say it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from services.identity.contract import (
    BindingRow,
    Interface,
    InvitedRole,
    MemberRow,
    Role,
    ServiceAccountRow,
    TeamId,
    UserBindingRow,
    UserRow,
    shown_role,
)
from services.invites.contract import InviteRow


@dataclass(frozen=True, slots=True)
class Binding:
    """A role binding with the one who holds it; a user may be known by their id alone."""

    id: str
    role: Role
    entity: str
    created_at: datetime
    updated_at: datetime
    user: UserRow | None = None
    user_id: str = ""
    service_account: dict[str, Any] | None = None
    team_id: str = ""

    @property
    def workspace_id(self) -> str:
        """Return the workspace that it is on, "" for none."""
        return id_of(self.entity, "workspace")

    @property
    def deployment_id(self) -> str:
        """Return the deployment that it is on, "" for none."""
        return id_of(self.entity, "deployment")


@dataclass(frozen=True, slots=True)
class Inviter:
    """Who asked for an invite, as the type AuditActor shows it."""

    subject: str
    kind: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """An open invite; `email` is known where it was just sent, else looked up."""

    id: str
    user_id: str
    workspace_id: str | None
    role: Role | None
    created_at: datetime
    updated_at: datetime
    email: str
    inviter: "Inviter | None"
    deployment_roles: tuple[InvitedRole, ...]
    team_ids: tuple[TeamId, ...]

    @property
    def uuid(self) -> str:
        """Return the id once more."""
        return self.id


def shown(bindings: Iterable[Binding]) -> list[Binding]:
    """Return those bindings whose role this interface has a name for."""
    return [each for each in bindings if shown_role(each.role, Interface.GRAPHQL)]


def id_of(entity: str, kind: str) -> str:
    """Return the id in an entity of this kind, "" when it is of another."""
    own, _, id_ = entity.partition(":")
    return id_ if own == kind else ""


def binding_of_user(row: BindingRow | UserBindingRow, user: UserRow) -> Binding:
    """Return a person's binding."""
    return Binding(row.id, row.role, row.entity, row.created_at, row.updated_at, user=user)


def binding_of_holder(row: UserBindingRow) -> Binding:
    """Return a person's binding, where that person is not known yet."""
    return Binding(row.id, row.role, row.entity, row.created_at, row.updated_at, user_id=row.user_id)


def binding_of_team(row: BindingRow, team_id: str) -> Binding:
    """Return a team's binding."""
    return Binding(row.id, row.role, row.entity, row.created_at, row.updated_at, team_id=team_id)


def binding_of_member(row: MemberRow) -> Binding:
    """Return a member's binding to its workspace."""
    return Binding(row.id, row.role, f"workspace:{row.workspace_id}", row.created_at, row.updated_at, user=row.user)


def binding_of_account(row: ServiceAccountRow) -> Binding:
    """Return the one binding of a service account; it has the account's id."""
    return Binding(row.id, row.role, row.entity, row.created_at, row.updated_at, service_account=shown_account(row))


def invitation_of(row: InviteRow, email: str = "") -> Invitation:
    """Return an invite as the interface shows it."""
    return Invitation(
        id=row.id,
        user_id=row.user_id,
        workspace_id=row.workspace_id,
        role=row.role,
        created_at=row.created_at,
        updated_at=row.updated_at,
        email=email,
        inviter=Inviter(row.inviter, row.inviter_kind) if row.inviter else None,
        deployment_roles=row.deployment_roles,
        team_ids=row.team_ids,
    )


def _lazily(row: ServiceAccountRow, _info: object) -> Binding:
    return binding_of_account(row)


def shown_account(row: ServiceAccountRow, *, key: str | None = None) -> dict[str, Any]:
    """Return the fields of a service account; `key` in clear where it was just made, else masked."""
    kind, _, id_ = row.entity.partition(":")
    return {
        "id": row.id,
        "uuid": row.id,
        "api_key": key or row.key_masked,
        "label": row.label,
        "category": row.category,
        "active": row.active,
        "entity_type": kind.upper(),
        "entity_uuid": id_ or None,
        "workspace_uuid": id_of(row.entity, "workspace") or None,
        "deployment_uuid": id_of(row.entity, "deployment") or None,
        "role_binding": partial(_lazily, row),
        "last_used_at": row.last_used_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
