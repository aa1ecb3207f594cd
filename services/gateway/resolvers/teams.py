"""Teams, and the users in them."""

from collections.abc import Awaitable
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from services.gateway.context import Info
from services.gateway.paging import LAST_ID, all_rows, page_size, rows_after, rows_before
from services.gateway.resolvers.arguments import checked, payload_of, required, text_in
from services.gateway.resolvers.views import Binding, binding_of_team, shown
from services.identity.contract import (
    AddTeamMembers,
    CreateTeam,
    DeleteTeam,
    LoadTeams,
    RemoveTeamMember,
    TeamId,
    TeamList,
    TeamRow,
    Teams,
    UpdateTeam,
    UserId,
    UserRow,
    UserStatus,
)
from shared import auth
from shared.errors import Forbidden

query: Final = QueryType()
mutation: Final = MutationType()
team: Final = ObjectType("Team")
user: Final = ObjectType("User")

BINDABLES: Final = [query, mutation, team, user]

team.set_alias("uuid", "id")


@query.field("team")
async def resolve_team(_: object, info: Info, *, team_uuid: str, workspace_uuid: str | None = None) -> TeamRow:
    """Return one team; in whichever workspace the caller sees it."""
    del workspace_uuid
    return await _known(info, team_uuid)


@query.field("teamUsers")
async def resolve_team_users(_: object, info: Info, *, team_uuid: str) -> list[UserRow]:
    """Return the members of a team."""
    found = await info.context.loaders.team_members.load(required("teamUuid", team_uuid))
    if not found:
        await _known(info, team_uuid)
    return [member.user for member in found if member.user.status is not UserStatus.INVITED]


@query.field("paginatedTeams")
async def resolve_page_of_teams(
    _: object, info: Info, *, take: int | None = None, cursor: str | None = None, workspace_uuid: str | None = None
) -> dict[str, Any]:
    """Return the teams after the cursor or, where `take` is negative, right before it."""
    context, size, count = info.context, page_size(take), 0
    wanted = Teams(entity=auth.workspace(workspace_uuid) if workspace_uuid else "")

    async def page(place: str, id_: str, limit: int) -> TeamList:
        nonlocal count
        found = await context.ask(wanted.model_copy(update={place: id_, "limit": limit}))
        count = found.count
        return found

    def after(id_: str, limit: int) -> Awaitable[TeamList]:
        return page("after_id", id_, limit)

    def before(id_: str, limit: int) -> Awaitable[TeamList]:
        return page("before_id", id_, limit)

    if size > 0:
        rows = await rows_after(after, cursor=cursor or "", take=size)
    else:
        rows = await rows_before(before, cursor=cursor or LAST_ID, take=-size)
    return {"count": count, "teams": rows}


@query.field("workspaceTeams")
async def resolve_workspace_teams(_: object, info: Info, *, workspace_uuid: str) -> list[TeamRow]:
    """Return the teams with a role in a workspace."""
    return await _teams_on(info, auth.workspace(required("workspaceUuid", workspace_uuid)), "workspaceTeams")


@query.field("deploymentTeams")
async def resolve_deployment_teams(_: object, info: Info, *, deployment_uuid: str) -> list[TeamRow]:
    """Return the teams with a role on a deployment."""
    return await _teams_on(info, auth.deployment(required("deploymentUuid", deployment_uuid)), "deploymentTeams")


@mutation.field("createTeam")
async def resolve_create(_: object, info: Info, *, name: str, description: str | None = None) -> TeamRow:
    """Make a team."""
    with checked():
        command = CreateTeam(name=name, description=description or "")
    return await info.context.send(info, command)


@mutation.field("updateTeam")
async def resolve_update(_: object, info: Info, *, team_uuid: str, payload: Any) -> TeamRow:
    """Change the name or the description."""
    wanted = payload_of(payload, "name", "description")
    with checked():
        command = UpdateTeam(
            team_id=TeamId(required("teamUuid", team_uuid)),
            name=text_in(wanted, "name"),
            description=text_in(wanted, "description"),
        )
    return await info.context.send(info, command)


@mutation.field("deleteTeam")
async def resolve_delete(_: object, info: Info, *, team_uuid: str) -> TeamRow:
    """Delete a team and return it as it was."""
    with checked():
        command = DeleteTeam(team_id=TeamId(required("teamUuid", team_uuid)))
    return await info.context.send(info, command)


@mutation.field("teamAddUser")
async def resolve_add_user(_: object, info: Info, *, team_uuid: str, user_uuid: str) -> TeamRow:
    """Put a user into a team."""
    with checked():
        command = AddTeamMembers(
            team_id=TeamId(required("teamUuid", team_uuid)), user_ids=(UserId(required("userUuid", user_uuid)),)
        )
    return await info.context.send(info, command)


@mutation.field("teamRemoveUser")
async def resolve_remove_user(_: object, info: Info, *, team_uuid: str, user_uuid: str) -> TeamRow:
    """Take a user out of a team."""
    with checked():
        command = RemoveTeamMember(
            team_id=TeamId(required("teamUuid", team_uuid)), user_id=UserId(required("userUuid", user_uuid))
        )
    return await info.context.send(info, command)


@team.field("sortId")
def resolve_sort_id(_: TeamRow, _info: Info) -> None:
    """Return null: teams come in the order of their ids."""


@team.field("roleBindings")
async def resolve_role_bindings(row: TeamRow, info: Info) -> list[Binding]:
    """Return a team's bindings, asked for only where the row does not hold them all."""
    found = await info.context.loaders.team_bindings.load(row.id) if row.more_roles else row.roles
    return shown([binding_of_team(each, row.id) for each in found])


@team.field("users")
async def resolve_users(row: TeamRow, info: Info) -> list[UserRow] | None:
    """Return the members; nothing to those who may not see them, so that the team itself is shown."""
    try:
        found = await info.context.loaders.team_members.load(row.id)
    except Forbidden:
        return None
    return [member.user for member in found if member.user.status is not UserStatus.INVITED]


@user.field("teams")
async def resolve_teams(row: UserRow, info: Info) -> list[TeamRow] | None:
    """Return the teams that a user is in; nothing to those who may not see them, so that the user is shown."""
    loaders = info.context.loaders
    try:
        found = await loaders.memberships.load(row.id)
    except Forbidden:
        return None
    teams = await loaders.teams.load_many([each.team_id for each in found])
    return [each for each in teams if each]


async def _known(info: Info, team_uuid: str) -> TeamRow:
    id_ = TeamId(required("teamUuid", team_uuid))
    return (await info.context.ask(LoadTeams(ids=(id_,), strict=True))).rows[0]


async def _teams_on(info: Info, entity: str, field: str) -> list[TeamRow]:
    context = info.context
    return await all_rows(lambda after: context.ask(Teams(entity=entity, after_id=after)), field=field)
