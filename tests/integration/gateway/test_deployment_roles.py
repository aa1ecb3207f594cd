"""Who holds a role on a deployment, and what the caller may do with it, as fields of the deployment."""

from typing import Any

import pytest

from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

CREATE = "mutation ($w: Uuid!, $l: String!) { createDeployment(workspaceUuid: $w, label: $l) { id } }"
ROLES = (
    "query ($w: Uuid!) { workspaceDeployments(workspaceUuid: $w) { id roleBindings { role user { id username } "
    "serviceAccount { id label } team { id name } deployment { id } workspace { id } } "
    "deploymentCapabilities { canDeploy } } }"
)
ADD = (
    "mutation ($d: Id!, $e: String!, $r: Role!) { deploymentAddUserRole(deploymentId: $d, email: $e, role: $r) { id } }"
)
ACCOUNT = (
    'mutation ($d: Uuid!) { createDeploymentServiceAccount(deploymentUuid: $d, label: "ci", role: DEPLOYMENT_EDITOR) '
    "{ id } }"
)
TEAM = 'mutation { createTeam(name: "pilots") { id } }'
ADD_TEAM = (
    "mutation ($d: Uuid!, $t: Uuid!) { deploymentAddTeamRole(deploymentUuid: $d, teamUuid: $t, role: DEPLOYMENT_ADMIN) "
    "{ id } }"
)
MEMBER = "mutation ($w: Uuid!, $e: String!) { workspaceAddUser(workspaceUuid: $w, email: $e) { id } }"


async def roles_in(aerodrome: Aerodrome, workspace: str, token: str) -> dict[str, Any]:
    """Return the deployments of a workspace by their ids."""
    return {row["id"]: row for row in await aerodrome.data(ROLES, token, w=workspace)}


async def test_users_service_accounts_and_teams_are_told_of_each_deployment(aerodrome: Aerodrome) -> None:
    admin, place = aerodrome.admin, await aerodrome.make_workspace()
    one, other = [(await aerodrome.data(CREATE, admin, w=place, l=label))["id"] for label in ("one", "other")]
    users = [await aerodrome.make_user(f"holder{n}@example.com") for n in range(2)]
    await aerodrome.data(ADD, admin, d=one, e="holder0@example.com", r="DEPLOYMENT_VIEWER")
    await aerodrome.data(ADD, admin, d=other, e="holder1@example.com", r="DEPLOYMENT_EDITOR")
    account = (await aerodrome.data(ACCOUNT, admin, d=one))["id"]
    team = (await aerodrome.data(TEAM, admin))["id"]
    await aerodrome.data(ADD_TEAM, admin, d=other, t=team)
    async with aerodrome.overheard() as subjects:
        found = await roles_in(aerodrome, place, admin)
    told = {
        id_: {
            (each["role"], next(part["id"] for part in (each["user"], each["serviceAccount"], each["team"]) if part))
            for each in row["roleBindings"]
        }
        for id_, row in found.items()
    }
    assert told == {
        one: {("DEPLOYMENT_VIEWER", users[0][0]), ("DEPLOYMENT_EDITOR", account)},
        other: {("DEPLOYMENT_EDITOR", users[1][0]), ("DEPLOYMENT_ADMIN", team)},
    }
    assert {each["deployment"]["id"] for row in found.values() for each in row["roleBindings"]} == {one, other}
    assert subjects.count("identity.query.bindings") == 1
    assert subjects.count("identity.query.load_users") == 1


@pytest.mark.parametrize(("role", "can_deploy"), [("DEPLOYMENT_VIEWER", False), ("DEPLOYMENT_EDITOR", True)])
async def test_who_may_deploy_is_told_so(aerodrome: Aerodrome, role: str, can_deploy: bool) -> None:
    admin, place = aerodrome.admin, await aerodrome.make_workspace()
    id_ = (await aerodrome.data(CREATE, admin, w=place, l="one"))["id"]
    email = f"{role.lower()}@example.com"
    user, token = await aerodrome.make_user(email)
    await aerodrome.data(ADD, admin, d=id_, e=email, r=role)
    document = (
        "query ($d: Uuid) { deployments(deploymentUuid: $d) { deploymentCapabilities { canDeploy } "
        "roleBindings { user { id } } } }"
    )
    (shown,) = await aerodrome.data(document, token, d=id_)
    assert shown == {"deploymentCapabilities": {"canDeploy": can_deploy}, "roleBindings": [{"user": {"id": user}}]}


async def test_a_member_of_the_workspace_sees_the_holders(aerodrome: Aerodrome) -> None:
    admin, place = aerodrome.admin, await aerodrome.make_workspace()
    id_ = (await aerodrome.data(CREATE, admin, w=place, l="one"))["id"]
    holder, _ = await aerodrome.make_user("somebody@example.com")
    await aerodrome.data(ADD, admin, d=id_, e="somebody@example.com", r="DEPLOYMENT_VIEWER")
    _, token = await aerodrome.make_user("member@example.com")
    await aerodrome.data(MEMBER, admin, w=place, e="member@example.com")
    found = (await roles_in(aerodrome, place, token))[id_]
    assert [each["user"]["id"] for each in found["roleBindings"]] == [holder]
    assert found["deploymentCapabilities"] == {"canDeploy": False}
