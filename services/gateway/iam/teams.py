"""The operations on teams. Source: iam.md, sections 7 and 8."""

from collections.abc import Iterable, Sequence
from typing import Final

from services.gateway.iam.call import Call, Operation
from services.gateway.iam.lists import Page, read_list, read_orders, read_page, read_texts
from services.gateway.iam.models import (
    AddTeamMembersRequest,
    CreateTeamRequest,
    OrganizationRole,
    SubjectRoles,
    Team,
    TeamMember,
    TeamMembersPaginated,
    TeamsPaginated,
    UpdateTeamRequest,
    UpdateTeamRolesRequest,
)
from services.gateway.iam.refusals import Refused, not_found
from services.gateway.iam.roles import UNSAID, given_roles, shown_roles, stored
from services.gateway.iam.subjects import profiles
from services.identity.contract import (
    AddTeamMembers,
    CreateTeam,
    DeleteTeam,
    GivenRole,
    LoadTeams,
    LoadUsers,
    LoadWorkspaces,
    RemoveTeamMember,
    SetTeamRoles,
    SortedTeamMembers,
    SortedTeams,
    TeamBindings,
    TeamId,
    TeamMemberOrder,
    TeamMemberRow,
    TeamOrder,
    TeamRow,
    UpdateTeam,
    UserId,
    WorkspaceId,
    entity_id,
    entity_kind,
)
from services.identity.contract.rows import BindingRow
from shared.errors import NotFound
from shared.messages import MOST_ROWS

_TEAM_ORDERS: Final = {
    "name": TeamOrder.NAME,
    "description": TeamOrder.DESCRIPTION,
    "createdAt": TeamOrder.CREATED_AT,
    "updatedAt": TeamOrder.UPDATED_AT,
}
_MEMBER_ORDERS: Final = {
    "userId": TeamMemberOrder.USER_ID,
    "fullName": TeamMemberOrder.FULL_NAME,
    "username": TeamMemberOrder.EMAIL,
    "createdAt": TeamMemberOrder.CREATED_AT,
}
_MOST_MEMBERS: Final = 2**31 - 1
_GET: Final = ("system.teams.get",)
_CHANGE: Final = ("system.teams.update",)
_ROLES: Final = ("system.iam.update", "workspace.iam.update")


async def list_teams(call: Call) -> TeamsPaginated:
    """Return a page of teams."""
    query = call.request.query
    page, names = read_page(query), read_texts(query, "names")
    wanted = SortedTeams(names=names, orders=read_orders(query, _TEAM_ORDERS))

    async def fetch(offset: int, limit: int) -> tuple[Sequence[TeamRow], bool, int]:
        found = await call.ask(wanted.model_copy(update={"offset": offset, "limit": limit}))
        return found.rows, found.more, found.count

    rows, count = await read_list(page, fetch)
    return TeamsPaginated(limit=page.limit, offset=page.offset, total_count=count, teams=await _shown(call, rows))


async def get_team(call: Call) -> Team:
    """Return one team."""
    return await _one(call, await _team(call))


async def create_team(call: Call) -> Team:
    """Make a team; its members have a role in the organization, MEMBER if none is named."""
    body = await call.body(CreateTeamRequest)
    command = CreateTeam(
        name=body.name,
        description=body.description or "",
        member_ids=tuple(map(UserId, body.member_ids)),
        role=stored(body.organization_role or OrganizationRole.MEMBER),
    )
    try:
        return await _one(call, await call.send(command))
    except NotFound:
        raise await _missing_user(call, body.member_ids) from None


async def update_team(call: Call) -> Team:
    """Change the name and the description."""
    body = await call.body(UpdateTeamRequest)
    command = UpdateTeam(team_id=_id(call), name=body.name, description=body.description)
    try:
        return await _one(call, await call.send(command))
    except NotFound:
        raise _no_team(call) from None


async def delete_team(call: Call) -> None:
    """Delete a team, with all that it gives."""
    try:
        await call.send(DeleteTeam(team_id=_id(call)))
    except NotFound:
        raise _no_team(call) from None


async def list_members(call: Call) -> TeamMembersPaginated:
    """Return a page of a team's members."""
    query = call.request.query
    page = read_page(query, most=_MOST_MEMBERS)
    wanted = SortedTeamMembers(team_id=_id(call), orders=read_orders(query, _MEMBER_ORDERS))

    async def fetch(offset: int, limit: int) -> tuple[Sequence[TeamMemberRow], bool, int]:
        found = await call.ask(wanted.model_copy(update={"offset": offset, "limit": limit}))
        return found.rows, found.more, found.count

    try:
        rows, count = await read_list(Page(page.offset, page.limit), fetch)
    except NotFound:
        raise _no_team(call) from None
    return TeamMembersPaginated(
        limit=page.limit, offset=page.offset, total_count=count, team_members=tuple(map(_member, rows))
    )


async def add_members(call: Call) -> None:
    """Put users into a team, all or none."""
    body = await call.body(AddTeamMembersRequest)
    user_ids = tuple(dict.fromkeys(map(UserId, body.member_ids)))
    try:
        await call.send(AddTeamMembers(team_id=_id(call), user_ids=user_ids))
    except NotFound:
        await _team(call)
        raise await _missing_user(call, user_ids) from None


async def remove_member(call: Call) -> None:
    """Take a user out of a team."""
    user_id = UserId(call.path("memberId"))
    try:
        await call.send(RemoveTeamMember(team_id=_id(call), user_id=user_id))
    except NotFound:
        await _team(call)
        raise not_found("team member", user_id) from None


async def update_roles(call: Call) -> SubjectRoles:
    """Give a team exactly the roles of the body."""
    body = await call.body(UpdateTeamRolesRequest)
    wanted = given_roles(body.organization_role, body.workspace_roles, body.deployment_roles)
    try:
        row = await call.send(SetTeamRoles(team_id=_id(call), roles=wanted))
    except NotFound:
        await _team(call)
        raise await _missing_place(call, wanted) from None
    return _roles(await _bindings(call, row))


def _id(call: Call) -> TeamId:
    return TeamId(call.path("teamId"))


def _no_team(call: Call) -> Refused:
    return not_found("team", _id(call))


async def _team(call: Call) -> TeamRow:
    """Return the team of the path; raise Refused where there is none."""
    try:
        (row,) = (await call.ask(LoadTeams(ids=(_id(call),), strict=True))).rows
    except NotFound:
        raise _no_team(call) from None
    return row


async def _missing_user(call: Call, ids: Iterable[str]) -> Refused:
    """Return the answer that names the first user who is nobody."""
    wanted = list(dict.fromkeys(ids))
    rows = (await call.ask(LoadUsers(ids=tuple(map(UserId, wanted)), with_roles=False))).rows
    known = {row.id for row in rows}
    return not_found("user", next((id_ for id_ in wanted if id_ not in known), wanted[0]))


async def _missing_place(call: Call, given: Iterable[GivenRole]) -> Refused:
    """Return the answer that names the first workspace that is not there, else the first deployment."""
    named = [entity_id(each.entity) for each in given if entity_kind(each.entity) == "workspace"]
    rows = (await call.ask(LoadWorkspaces(ids=tuple(map(WorkspaceId, named))))).rows if named else ()
    known = {row.id for row in rows}
    if missing := next((id_ for id_ in named if id_ not in known), ""):
        return not_found("workspace", missing)
    deployments = [entity_id(each.entity) for each in given if entity_kind(each.entity) == "deployment"]
    return not_found("deployment", ", ".join(deployments))


async def _one(call: Call, row: TeamRow) -> Team:
    (team,) = await _shown(call, [row])
    return team


async def _shown(call: Call, rows: Sequence[TeamRow]) -> tuple[Team, ...]:
    who = await profiles(
        call, [each for row in rows for each in ((row.created_by_kind, row.created_by), _updater(row))]
    )
    teams: list[Team] = []
    for row in rows:
        roles = _roles(await _bindings(call, row))
        count = 1 + len(roles.workspace_roles or ()) + len(roles.deployment_roles or ())
        teams.append(
            Team(
                **roles.model_dump(),
                id=row.id,
                name=row.name,
                description=row.description,
                organization_id=call.organization.id,
                roles_count=count,
                created_at=row.created_at,
                created_by=who[row.created_by_kind, row.created_by],
                updated_at=row.updated_at,
                updated_by=who[_updater(row)],
            )
        )
    return tuple(teams)


def _updater(row: TeamRow) -> tuple[str, str]:
    return row.updated_by_kind, row.updated_by


def _roles(bindings: Iterable[BindingRow]) -> SubjectRoles:
    roles = shown_roles(bindings)
    return roles if roles.organization_role else roles.model_copy(update={"organization_role": UNSAID.value})


async def _bindings(call: Call, row: TeamRow) -> Sequence[BindingRow]:
    """Return all roles of a team, also those that its row could not carry."""
    if not row.more_roles:
        return row.roles
    found: list[BindingRow] = []
    question = TeamBindings(team_ids=(row.id,), limit=MOST_ROWS)
    while True:
        page = await call.ask(question)
        found += page.rows
        if not page.more:
            return found
        question = question.model_copy(update={"after_id": page.rows[-1].id})


def _member(row: TeamMemberRow) -> TeamMember:
    user = row.user
    return TeamMember(
        user_id=user.id,
        username=user.email,
        full_name=user.full_name,
        avatar_url=user.avatar_url,
        created_at=row.created_at,
    )


OPERATIONS: Final = (
    Operation("ListTeams", "GET", "/teams", _GET, list_teams),
    Operation("CreateTeam", "POST", "/teams", ("system.teams.create",), create_team),
    Operation("GetTeam", "GET", "/teams/{teamId}", _GET, get_team),
    Operation("UpdateTeam", "POST", "/teams/{teamId}", _CHANGE, update_team),
    Operation("DeleteTeam", "DELETE", "/teams/{teamId}", ("system.teams.delete",), delete_team),
    Operation("ListTeamMembers", "GET", "/teams/{teamId}/members", _GET, list_members),
    Operation("AddTeamMembers", "POST", "/teams/{teamId}/members", _CHANGE, add_members),
    Operation("RemoveTeamMember", "DELETE", "/teams/{teamId}/members/{memberId}", _CHANGE, remove_member),
    Operation("UpdateTeamRoles", "POST", "/teams/{teamId}/roles", _ROLES, update_roles),
)
"""The operations on teams."""
