"""What travels in the bodies of the REST interface. Source: iam-v1beta1.openapi.yaml, components."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StrictStr
from pydantic.alias_generators import to_camel


def _written(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Time = Annotated[datetime, PlainSerializer(_written, return_type=str)]
"""A time, shown to the second; what is kept is more exact."""


class OrganizationRole(StrEnum):
    """A role in the organization."""

    OWNER = "ORGANIZATION_OWNER"
    BILLING_ADMIN = "ORGANIZATION_BILLING_ADMIN"
    MEMBER = "ORGANIZATION_MEMBER"


class WorkspaceRoleName(StrEnum):
    """A role in a workspace."""

    OWNER = "WORKSPACE_OWNER"
    OPERATOR = "WORKSPACE_OPERATOR"
    AUTHOR = "WORKSPACE_AUTHOR"
    MEMBER = "WORKSPACE_MEMBER"


class DeploymentRoleName(StrEnum):
    """A role on a deployment."""

    ADMIN = "DEPLOYMENT_ADMIN"


class Body(BaseModel):
    """A part of a request: unknown properties are left alone, clients send some."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, extra="ignore")


class Answer(BaseModel):
    """A part of an answer: what has no value is left out."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    def shown(self) -> dict[str, Any]:
        """Return it as it is sent."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def _empty_for_null(value: object) -> object:
    return () if value is None else value


Id = Annotated[StrictStr, Field(min_length=1, max_length=255)]
Name = Annotated[StrictStr, Field(min_length=1)]


class WorkspaceRole(Body):
    """A role in one workspace."""

    workspace_id: Id
    role: WorkspaceRoleName


class DeploymentRole(Body):
    """A role on one deployment."""

    deployment_id: Id
    role: DeploymentRoleName


WorkspaceRoles = Annotated[tuple[WorkspaceRole, ...], BeforeValidator(_empty_for_null), Field(max_length=100)]
DeploymentRoles = Annotated[tuple[DeploymentRole, ...], BeforeValidator(_empty_for_null), Field(max_length=100)]


class CreateTeamRequest(Body):
    """A new team."""

    name: Name
    description: StrictStr | None = None
    member_ids: Annotated[tuple[Id, ...], BeforeValidator(_empty_for_null), Field(max_length=500)] = ()
    organization_role: OrganizationRole | None = None


class UpdateTeamRequest(Body):
    """New details of a team; no description leaves it as it is."""

    name: Name
    description: StrictStr | None = None


class AddTeamMembersRequest(Body):
    """Users to add to a team."""

    member_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=500)]


class UpdateTeamRolesRequest(Body):
    """All roles of a team."""

    organization_role: OrganizationRole
    workspace_roles: WorkspaceRoles = ()
    deployment_roles: DeploymentRoles = ()


class SubjectType(StrEnum):
    """What kind of subject did something."""

    USER = "USER"
    SERVICEKEY = "SERVICEKEY"


class BasicSubjectProfile(Answer):
    """Who did something."""

    id: str
    subject_type: SubjectType
    username: str | None = None
    full_name: str | None = None
    avatar_url: str | None = None
    api_token_name: str | None = None


class ShownWorkspaceRole(Answer):
    """A role in one workspace."""

    workspace_id: str
    role: str


class ShownDeploymentRole(Answer):
    """A role on one deployment."""

    deployment_id: str
    role: str


class SubjectRoles(Answer):
    """All roles of a subject; lists without an entry are left out."""

    organization_role: str | None = None
    workspace_roles: tuple[ShownWorkspaceRole, ...] | None = None
    deployment_roles: tuple[ShownDeploymentRole, ...] | None = None


class UserStatusName(StrEnum):
    """The state of an account."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    PENDING = "PENDING"
    BANNED = "BANNED"


class User(SubjectRoles):
    """A person, with the roles that are their own."""

    id: str
    username: str
    full_name: str
    avatar_url: str
    status: UserStatusName
    created_at: Time
    updated_at: Time


class Team(SubjectRoles):
    """A team, without its members."""

    id: str
    name: str
    description: str
    is_idp_managed: bool = False
    organization_id: str
    roles_count: int
    created_at: Time
    created_by: BasicSubjectProfile
    updated_at: Time
    updated_by: BasicSubjectProfile


class TeamMember(Answer):
    """A member of a team; `created_at`: since when."""

    user_id: str
    username: str
    full_name: str
    avatar_url: str
    created_at: Time


class Listing(Answer):
    """What every page of a list tells beside its items."""

    limit: int
    offset: int
    total_count: int


class UsersPaginated(Listing):
    """A page of users."""

    users: tuple[User, ...]


class TeamsPaginated(Listing):
    """A page of teams."""

    teams: tuple[Team, ...]


class TeamMembersPaginated(Listing):
    """A page of members."""

    team_members: tuple[TeamMember, ...]
