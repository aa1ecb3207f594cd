"""Teams through the gateway and every service behind it, as the command line and our own fields manage them."""

from typing import Any
from uuid import uuid4

import pytest

from tests.contract.team_documents import TEAMS
from tests.integration.gateway.test_whole import NOT_ALLOWED, NOT_FOUND, somebody
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

DUPLICATE = ("A duplicate role binding already exists", "BAD_USER_INPUT")
INVALID_ROLE = ("Invalid role", "BAD_USER_INPUT")


def sent(name: str) -> str:
    """Return a document of the command line."""
    return TEAMS[name].document


async def make_team(aerodrome: Aerodrome, *members: str) -> str:
    """Return the id of a new team with members."""
    create = "mutation ($n: String!) { createTeam(name: $n) { id uuid } }"
    made = await aerodrome.data(create, aerodrome.admin, n=f"team-{uuid4().hex[:6]}")
    assert made["id"] == made["uuid"]
    for user_id in members:
        add = "mutation ($t: Uuid!, $u: Uuid!) { teamAddUser(teamUuid: $t, userUuid: $u) { users { id } } }"
        added = await aerodrome.data(add, aerodrome.admin, t=made["id"], u=user_id)
        assert {"id": user_id} in added["users"]
    id_: str = made["id"]
    return id_


async def test_the_command_line_lists_every_team_and_ends(aerodrome: Aerodrome) -> None:
    document, before = sent("paginatedTeams"), set[str]()
    for missing in (0, 1, 20, 20):
        for _ in range(missing):
            await make_team(aerodrome)
        ids: list[str] = []
        while True:
            found = await aerodrome.data(document, aerodrome.admin, take=20, cursor=ids[-1] if ids else "")
            ids += [each["id"] for each in found["teams"]]
            if len(ids) >= found["count"]:
                break
        assert ids == sorted(set(ids))
        assert len(ids) == found["count"] == len(before) + missing
        before = set(ids)
    page = await aerodrome.data(document, aerodrome.admin, take=-5, cursor=ids[10])
    assert [each["id"] for each in page["teams"]] == ids[5:10]
    page = await aerodrome.data(document, aerodrome.admin, take=-2, cursor="")
    assert [each["id"] for each in page["teams"]] == ids[-2:]


async def test_the_command_line_manages_the_teams_of_a_workspace(aerodrome: Aerodrome) -> None:
    workspace = await aerodrome.make_workspace("hangar")
    user_id, token = await aerodrome.make_user(somebody())
    team = await make_team(aerodrome, user_id)
    named = {"workspaceUuid": workspace, "teamUuid": team}
    rename = 'mutation ($w: Uuid!) { updateWorkspace(workspaceUuid: $w, payload: {label: "ours"}) { label } }'
    assert await aerodrome.refused(rename, token, w=workspace) == NOT_ALLOWED

    added = await aerodrome.data(sent("AddWorkspaceTeam"), aerodrome.admin, **named)
    assert (added["id"], added["label"]) == (workspace, "hangar")
    assert await aerodrome.refused(sent("AddWorkspaceTeam"), aerodrome.admin, **named) == DUPLICATE
    assert await aerodrome.refused(rename, token, w=workspace) == NOT_ALLOWED
    changed = await aerodrome.data(sent("workspaceUpdateTeamRole"), aerodrome.admin, role="WORKSPACE_EDITOR", **named)
    assert changed == "WORKSPACE_EDITOR"
    assert (await aerodrome.data(rename, token, w=workspace))["label"] == "ours"
    (mine,) = await aerodrome.data("{ workspaces { id roleBindings { role team { id } user { id } } } }", token)
    assert {"role": "WORKSPACE_EDITOR", "team": {"id": team}, "user": None} in mine["roleBindings"]

    (listed,) = await aerodrome.data(sent("workspaceGetTeams"), token, workspaceUuid=workspace)
    place = {"role": "WORKSPACE_EDITOR", "workspace": {"id": workspace, "label": "ours"}, "deployment": None}
    assert (listed["id"], listed["roleBindings"]) == (team, [place])
    shown = await aerodrome.data(sent("team of a workspace"), token, **named)
    assert [each["role"] for each in shown["roleBindings"]] == ["WORKSPACE_EDITOR"]
    wrong = await aerodrome.refused(sent("workspaceUpdateTeamRole"), aerodrome.admin, role="SYSTEM_ADMIN", **named)
    assert wrong == INVALID_ROLE

    removed = await aerodrome.data(sent("workspaceRemoveTeam"), aerodrome.admin, **named)
    assert removed == {"id": workspace, "label": "ours"}
    assert await aerodrome.refused(sent("workspaceRemoveTeam"), aerodrome.admin, **named) == NOT_FOUND
    assert await aerodrome.refused(rename, token, w=workspace) == NOT_ALLOWED


async def test_the_command_line_manages_the_teams_of_a_deployment(aerodrome: Aerodrome) -> None:
    workspace = await aerodrome.make_workspace()
    create = 'mutation ($w: Uuid!) { createDeployment(workspaceUuid: $w, label: "prod") { id } }'
    deployment = (await aerodrome.data(create, aerodrome.admin, w=workspace))["id"]
    user_id, token = await aerodrome.make_user(somebody())
    team = await make_team(aerodrome, user_id)
    named = {"deploymentUuid": deployment, "teamUuid": team}
    listing = sent("deploymentTeams")
    assert await aerodrome.refused(listing, token, deploymentUuid=deployment) == NOT_ALLOWED
    assert await aerodrome.refused(sent("deploymentAddTeamRole"), aerodrome.admin, **named) == INVALID_ROLE
    role = {"role": "DEPLOYMENT_VIEWER"}
    added = await aerodrome.data(sent("deploymentAddTeamRole"), aerodrome.admin, **named, **role)
    assert added == {"id": added["id"], **role}
    (listed,) = await aerodrome.data(listing, token, deploymentUuid=deployment)
    assert [each["deployment"] for each in listed["roleBindings"]] == [{"id": deployment, "label": "prod"}]
    admin = {"role": "DEPLOYMENT_ADMIN"}
    changed = await aerodrome.data(sent("deploymentUpdateTeamRole"), aerodrome.admin, **named, **admin)
    assert changed == {"id": added["id"], **admin}
    other = await make_team(aerodrome)
    others = {"deploymentUuid": deployment, "teamUuid": other}
    assert (await aerodrome.data(sent("deploymentAddTeamRole"), token, **others, **admin))["role"] == "DEPLOYMENT_ADMIN"
    assert await aerodrome.data(sent("deploymentRemoveTeamRole"), aerodrome.admin, **named) == {"id": added["id"]}
    assert await aerodrome.refused(sent("deploymentRemoveTeamRole"), aerodrome.admin, **named) == NOT_FOUND
    assert await aerodrome.refused(sent("deploymentRemoveTeamRole"), token, **others) == NOT_ALLOWED


async def test_roles_on_deployments_come_and_go_with_the_one_in_their_workspace(aerodrome: Aerodrome) -> None:
    workspace, elsewhere = [await aerodrome.make_workspace() for _ in range(2)]
    create = 'mutation ($w: Uuid!) { createDeployment(workspaceUuid: $w, label: "prod") { id } }'
    inside, outside = [(await aerodrome.data(create, aerodrome.admin, w=each))["id"] for each in (workspace, elsewhere)]
    team = await make_team(aerodrome)
    named = {"workspaceUuid": workspace, "teamUuid": team}

    def along(deployment: str) -> dict[str, Any]:
        return {"deploymentRoles": [{"deploymentId": deployment, "role": "DEPLOYMENT_EDITOR"}]}

    assert await aerodrome.refused(sent("AddWorkspaceTeam"), aerodrome.admin, **named, **along(outside)) == NOT_FOUND
    await aerodrome.data(sent("AddWorkspaceTeam"), aerodrome.admin, **named, **along(inside))
    there = {"deploymentUuid": outside, "teamUuid": team, "role": "DEPLOYMENT_VIEWER"}
    await aerodrome.data(sent("deploymentAddTeamRole"), aerodrome.admin, **there)
    held = await aerodrome.data(sent("team"), aerodrome.admin, teamUuid=team)
    assert {each["role"] for each in held["roleBindings"]} == {
        "WORKSPACE_VIEWER",
        "DEPLOYMENT_EDITOR",
        "DEPLOYMENT_VIEWER",
    }
    await aerodrome.data(sent("workspaceRemoveTeam"), aerodrome.admin, **named)
    held = await aerodrome.data(sent("team"), aerodrome.admin, teamUuid=team)
    assert [each["deployment"]["id"] for each in held["roleBindings"]] == [outside]


async def test_a_team_has_one_role_on_the_system_and_its_members_administer_with_it(aerodrome: Aerodrome) -> None:
    user_id, token = await aerodrome.make_user(somebody())
    team = await make_team(aerodrome, user_id)
    bind, unbind = sent("createTeamSystemRoleBinding"), sent("deleteTeamSystemRoleBinding")
    whoami = "{ self { isAdmin permissions user { roleBindings { role } teams { id } } } }"
    viewer, admin = {"teamUuid": team, "role": "SYSTEM_VIEWER"}, {"teamUuid": team, "role": "SYSTEM_ADMIN"}
    assert await aerodrome.data(bind, aerodrome.admin, **viewer) == {"role": "SYSTEM_VIEWER"}
    assert await aerodrome.refused(bind, aerodrome.admin, **viewer) == DUPLICATE
    assert await aerodrome.refused(bind, token, **admin) == NOT_ALLOWED
    assert await aerodrome.data(bind, aerodrome.admin, **admin) == {"role": "SYSTEM_ADMIN"}
    told = await aerodrome.data(whoami, token)
    assert (told["isAdmin"], told["permissions"]["global_user_create"]) == (True, True)
    assert told["user"] == {"roleBindings": [], "teams": [{"id": team}]}
    wrong = {"teamUuid": team, "role": "WORKSPACE_ADMIN"}
    assert await aerodrome.refused(bind, aerodrome.admin, **wrong) == INVALID_ROLE
    assert await aerodrome.refused(unbind, aerodrome.admin, **viewer) == NOT_FOUND
    assert await aerodrome.data(unbind, aerodrome.admin, **admin) == {"role": "SYSTEM_ADMIN"}
    assert (await aerodrome.data(whoami, token))["isAdmin"] is False


async def test_a_team_is_seen_as_far_as_one_may(aerodrome: Aerodrome) -> None:
    here, there = [await aerodrome.make_workspace(label) for label in ("here", "there")]
    member_id, member = await aerodrome.make_user(somebody())
    email = somebody()
    _, viewer = await aerodrome.make_user(email)
    _, stranger = await aerodrome.make_user(somebody())
    team = await make_team(aerodrome, member_id)
    for workspace in (here, there):
        added = {"workspaceUuid": workspace, "teamUuid": team}
        await aerodrome.data(sent("AddWorkspaceTeam"), aerodrome.admin, **added)
    add = "mutation ($w: Uuid, $e: String!) { workspaceAddUser(workspaceUuid: $w, email: $e) { id } }"
    await aerodrome.data(add, aerodrome.admin, w=here, e=email)

    document = "query ($t: Uuid!) { team(teamUuid: $t) { roleBindings { workspace { label } } users { id } } }"
    seen = {name: await aerodrome.door.run(document, each, t=team) for name, each in (("m", member), ("v", viewer))}
    labels = {
        name: {each["workspace"]["label"] for each in found["data"]["team"]["roleBindings"]}
        for name, found in seen.items()
    }
    assert labels == {"m": {"here", "there"}, "v": {"here"}}
    assert all(found["data"]["team"]["users"] is None for found in seen.values())
    for id_ in (team, "cnoteam"):
        assert await aerodrome.refused(document, stranger, t=id_) == NOT_ALLOWED
    assert await aerodrome.refused(document, aerodrome.admin, t="cnoteam") == NOT_FOUND
    pages = "query ($w: Uuid) { paginatedTeams(workspaceUuid: $w) { count teams { id } } }"
    assert await aerodrome.data(pages, viewer, w=here) == {"count": 1, "teams": [{"id": team}]}
    for hidden in (there, "", "cnone"):
        assert await aerodrome.refused(pages, viewer, w=hidden) == NOT_ALLOWED
    assert await aerodrome.refused(sent("GetTeamUsers"), viewer, teamUuid=team) == NOT_ALLOWED
    (user,) = await aerodrome.data(sent("GetTeamUsers"), aerodrome.admin, teamUuid=team)
    assert (user["id"], user["status"]) == (member_id, "active")
    assert await aerodrome.refused(sent("GetTeamUsers"), aerodrome.admin, teamUuid="cnoteam") == NOT_FOUND


async def test_a_team_is_renamed_and_ends_with_all_that_it_gave(aerodrome: Aerodrome) -> None:
    workspace = await aerodrome.make_workspace()
    user_id, token = await aerodrome.make_user(somebody())
    team = await make_team(aerodrome, user_id)
    await aerodrome.data(sent("AddWorkspaceTeam"), aerodrome.admin, workspaceUuid=workspace, teamUuid=team)
    update = 'mutation ($t: Uuid!) { updateTeam(teamUuid: $t, payload: {name: "crew", description: "all"}) { name } }'
    assert await aerodrome.data(update, aerodrome.admin, t=team) == {"name": "crew"}
    see = "query ($w: Uuid) { workspaces(workspaceUuid: $w) { id } }"
    assert await aerodrome.data(see, token, w=workspace) == [{"id": workspace}]
    remove = "mutation ($t: Uuid!, $u: Uuid!) { teamRemoveUser(teamUuid: $t, userUuid: $u) { users { id } } }"
    assert await aerodrome.data(remove, aerodrome.admin, t=team, u=user_id) == {"users": []}
    assert await aerodrome.refused(see, token, w=workspace) == NOT_ALLOWED
    delete = "mutation ($t: Uuid!) { deleteTeam(teamUuid: $t) { name description } }"
    assert await aerodrome.data(delete, aerodrome.admin, t=team) == {"name": "crew", "description": "all"}
    assert await aerodrome.refused(delete, aerodrome.admin, t=team) == NOT_FOUND


async def test_a_level_of_teams_costs_one_message(aerodrome: Aerodrome) -> None:
    user_id, _ = await aerodrome.make_user(somebody())
    for _ in range(3):
        await make_team(aerodrome, user_id)
    document = "{ paginatedTeams(take: 50) { teams { roleBindings { role } users { teams { name } } } } }"
    async with aerodrome.overheard() as asked:
        await aerodrome.data(document, aerodrome.admin)
    assert sorted(each for each in asked if "authenticate" not in each) == [
        "identity.query.load_teams",
        "identity.query.memberships",
        "identity.query.team_members",
        "identity.query.teams",
    ]
