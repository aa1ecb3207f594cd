"""Roles on workspaces and deployments through the gateway and every service behind it."""

import pytest

from tests.contract.documents import COMMAND_LINE, SEEDS
from tests.integration.gateway.test_whole import NOT_ALLOWED, NOT_FOUND, somebody
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_deployment_is_known_to_who_authorises_on_it_once_it_is_answered(aerodrome: Aerodrome) -> None:
    workspace = await aerodrome.make_workspace()
    create = 'mutation ($w: Uuid!) { createDeployment(workspaceUuid: $w, label: "prod") { id } }'
    drop = "mutation ($d: Uuid) { deleteDeployment(deploymentUuid: $d) { id } }"
    places = "select id from read.deployments where workspace_id = $1"
    made = await aerodrome.data(create, aerodrome.admin, w=workspace)
    assert [row["id"] for row in await aerodrome.installation.fetch("identity", places, workspace)] == [made["id"]]
    await aerodrome.data(drop, aerodrome.admin, d=made["id"])
    assert await aerodrome.installation.fetch("identity", places, workspace) == []


async def test_the_command_line_manages_the_members_of_a_workspace(aerodrome: Aerodrome) -> None:
    workspace = await aerodrome.make_workspace()
    people = sorted([await member(aerodrome, workspace) for _ in range(3)])
    listing = sent("workspaceListUsers")
    listed = await aerodrome.data(listing, aerodrome.admin, workspaceUuid=workspace)
    assert {user["id"] for user in listed} > {id_ for id_, _ in people}
    viewer = {"workspace": {"id": workspace}, "role": "WORKSPACE_VIEWER"}
    assert all(viewer in user["roleBindings"] for user in listed if user["id"] in dict(people))

    async def page(cursor: str, take: int) -> list[str]:
        document = sent("paginatedWorkspaceUsers")
        found = await aerodrome.data(document, aerodrome.admin, workspaceUuid=workspace, cursorUuid=cursor, take=take)
        return [user["id"] for user in found]

    everybody = [user["id"] for user in listed]
    assert everybody == sorted(everybody)
    assert await page("", 2) == everybody[:2]
    assert await page(everybody[1], 2) == everybody[2:]
    assert await page(everybody[3], -2) == everybody[1:3]
    assert await page("", -1) == everybody[-1:]

    id_, email = people[0]
    named = {"workspaceUuid": workspace, "email": email}
    found = await aerodrome.data(sent("workspaceGetUser"), aerodrome.admin, **named)
    assert (found["id"], found["roleBindings"]) == (id_, [viewer])
    upsert = await aerodrome.data(sent("workspaceUpsertUserRole"), aerodrome.admin, role="WORKSPACE_EDITOR", **named)
    assert upsert == "WORKSPACE_EDITOR"
    found = await aerodrome.data(sent("workspaceGetUser"), aerodrome.admin, **named)
    assert [role["role"] for role in found["roleBindings"]] == ["WORKSPACE_EDITOR"]
    removal = {"workspaceId": workspace, "userId": id_}
    removed = await aerodrome.data(sent("RemoveWorkspaceUser"), aerodrome.admin, **removal)
    assert id_ not in [user["id"] for user in removed["users"]]
    assert await aerodrome.refused(sent("workspaceGetUser"), aerodrome.admin, **named) == NOT_FOUND


async def test_a_member_is_removed_by_id_or_by_address(aerodrome: Aerodrome) -> None:
    workspace = await aerodrome.make_workspace()
    id_, email = await member(aerodrome, workspace)
    document = (
        "mutation ($w: Uuid!, $u: Uuid, $e: String) { workspaceRemoveUser(workspaceUuid: $w, userUuid: $u, email: $e) "
        "{ users { id } } }"
    )
    message, code = await aerodrome.refused(document, aerodrome.admin, w=workspace, u="", e="")
    assert (message, code) == ("Either userUuid or email is required", "BAD_USER_INPUT")
    message, _ = await aerodrome.refused(document, aerodrome.admin, w=workspace, u=id_, e=email)
    assert message == "Cannot process request with both a userUuid & email"
    removed = await aerodrome.data(document, aerodrome.admin, w=workspace, e=email.upper())
    assert {"id": id_} not in removed["users"]


async def test_a_deployment_has_the_roles_of_its_workspace_and_its_own(aerodrome: Aerodrome) -> None:
    workspace = await aerodrome.make_workspace()
    create = 'mutation ($w: Uuid!) { createDeployment(workspaceUuid: $w, label: "prod") { id releaseName } }'
    made = await aerodrome.data(create, aerodrome.admin, w=workspace)
    id_, email = await member(aerodrome, workspace)
    stranger = somebody()
    other, token = await aerodrome.make_user(stranger)
    assert await aerodrome.refused(sent("deploymentUsers"), token, deploymentId=made["id"]) == NOT_ALLOWED

    where = {"deploymentId": made["id"], "email": email}
    added = await aerodrome.data(sent("AddDeploymentUser"), aerodrome.admin, role="DEPLOYMENT_ADMIN", **where)
    assert added == {"id": added["id"], "user": {"username": email}, "role": "DEPLOYMENT_ADMIN", "deployment": made}
    again = await aerodrome.refused(sent("AddDeploymentUser"), aerodrome.admin, role="DEPLOYMENT_VIEWER", **where)
    assert again == ("A duplicate role binding already exists", "BAD_USER_INPUT")
    wrong = await aerodrome.refused(sent("UpdateDeploymentUser"), aerodrome.admin, role="SYSTEM_ADMIN", **where)
    assert wrong == ("Invalid role", "BAD_USER_INPUT")
    outside = {"deploymentId": made["id"], "email": stranger}
    await aerodrome.data(sent("AddDeploymentUser"), aerodrome.admin, role="DEPLOYMENT_VIEWER", **outside)

    async def effective(**user: str) -> dict[str, list[str]]:
        found = await aerodrome.data(sent("deploymentUsers"), aerodrome.admin, deploymentId=made["id"], user=user)
        return {
            each["id"]: [role["role"] for role in each["roleBindings"] if role["deployment"] == {"id": made["id"]}]
            for each in found
        }

    seen = await effective(userId="", email="", fullName="")
    assert (seen[id_], seen[other]) == (["DEPLOYMENT_ADMIN"], ["DEPLOYMENT_VIEWER"])
    lowered = await aerodrome.data(sent("UpdateDeploymentUser"), aerodrome.admin, role="DEPLOYMENT_VIEWER", **where)
    assert lowered["role"] == "DEPLOYMENT_VIEWER"
    upsert = sent("workspaceUpsertUserRole")
    await aerodrome.data(upsert, aerodrome.admin, workspaceUuid=workspace, email=email, role="WORKSPACE_EDITOR")
    assert await effective(email=email) == {id_: ["DEPLOYMENT_EDITOR"]}
    removed = await aerodrome.data(sent("DeleteDeploymentUser"), aerodrome.admin, **where)
    assert removed == {"id": added["id"], "role": "DEPLOYMENT_VIEWER"}
    assert await effective(userId=id_) == {id_: ["DEPLOYMENT_EDITOR"]}
    assert await aerodrome.refused(sent("DeleteDeploymentUser"), aerodrome.admin, **where) == NOT_FOUND
    assert len(await aerodrome.data(sent("deploymentUsers"), token, deploymentId=made["id"])) == 3


async def test_groups_of_2018_give_and_take_roles(aerodrome: Aerodrome) -> None:
    workspace = await aerodrome.make_workspace()
    email = somebody()
    id_, token = await aerodrome.make_user(email)
    listing = "query ($w: Uuid) { groups(workspaceUuid: $w) { id uuid label entityType role users { id } } }"
    groups = {group["label"]: group for group in await aerodrome.data(listing, aerodrome.admin, w=workspace)}
    assert list(groups) == ["Workspace Owner", "Workspace Editor", "Workspace Viewer"]
    assert groups["Workspace Editor"]["users"] == []
    assert groups["Workspace Owner"]["role"] == "WORKSPACE_ADMIN"
    change = {"g": groups["Workspace Editor"]["id"], "u": id_}
    added = await aerodrome.data(sent("groupAddUser"), aerodrome.admin, **change)
    assert added == {"uuid": change["g"], "users": [{"uuid": id_}]}
    duplicate = await aerodrome.refused(sent("groupAddUser"), aerodrome.admin, **change)
    assert duplicate == ("A duplicate role binding already exists", "BAD_USER_INPUT")
    mine = await aerodrome.data("{ workspaces { groups { label users { id } } } }", token)
    assert {"label": "Workspace Editor", "users": [{"id": id_}]} in mine[0]["groups"]
    removed = await aerodrome.data(sent("groupRemoveUser"), aerodrome.admin, **change)
    assert removed["users"] == []
    assert await aerodrome.refused(listing, token, w=workspace) == NOT_ALLOWED

    system = await aerodrome.data('{ groups(entityType: "SYSTEM") { id users { id } } }', aerodrome.admin)
    by_id = {group["id"]: [user["id"] for user in group["users"]] for group in system}
    assert by_id["default_admin"] == [aerodrome.installation.admin.id]
    assert id_ in by_id["default_user"]
    message, _ = await aerodrome.refused(
        sent("groupRemoveUser"), aerodrome.admin, g="default_admin", u=aerodrome.installation.admin.id
    )
    assert message.startswith("There are no other system administrators.")
    fixed = await aerodrome.refused(sent("groupAddUser"), aerodrome.admin, g="default_user", u=id_)
    assert fixed == ("Everybody is in this group for good", "BAD_USER_INPUT")
    one = await aerodrome.data("query ($g: Uuid) { groups(groupUuid: $g) { label } }", aerodrome.admin, g=change["g"])
    assert one == [{"label": "Workspace Editor"}]
    missing = await aerodrome.refused("{ groups { id } }", aerodrome.admin)
    assert missing == ("A required argument was not sent: groupUuid", "BAD_USER_INPUT")


async def test_service_accounts_of_workspaces_and_deployments_live_in_their_own_fields(aerodrome: Aerodrome) -> None:
    workspace, other = [await aerodrome.make_workspace() for _ in range(2)]
    create = 'mutation ($w: Uuid!) { createDeployment(workspaceUuid: $w, label: "prod") { id } }'
    deployment = (await aerodrome.data(create, aerodrome.admin, w=workspace))["id"]
    here = {"label": "ci", "workspaceUuid": workspace, "role": "WORKSPACE_VIEWER"}
    made = await aerodrome.data(sent("createWorkspaceServiceAccount"), aerodrome.admin, **here)
    assert (made["entityType"], made["workspaceUuid"], len(made["apiKey"])) == ("WORKSPACE", workspace, 32)
    there = {"label": "cd", "deploymentUuid": deployment, "role": "DEPLOYMENT_EDITOR"}
    on_deployment = await aerodrome.data(sent("createDeploymentServiceAccount"), aerodrome.admin, **there)
    assert (on_deployment["entityType"], on_deployment["deploymentUuid"]) == ("DEPLOYMENT", deployment)
    wrong = {**there, "role": "WORKSPACE_VIEWER"}
    refused = await aerodrome.refused(sent("createDeploymentServiceAccount"), aerodrome.admin, **wrong)
    assert refused == ("Entity and role types don't match", "BAD_USER_INPUT")

    listed = await aerodrome.data(sent("GetWorkspaceServiceAccounts"), aerodrome.admin, workspaceUuid=workspace)
    assert [account["id"] for account in listed] == [made["id"]]
    listed = await aerodrome.data(sent("GetDeploymentServiceAccounts"), aerodrome.admin, deploymentUuid=deployment)
    assert [account["id"] for account in listed] == [on_deployment["id"]]
    single = "query ($i: Uuid!) { workspaceServiceAccount(serviceAccountUuid: $i) { label } }"
    assert await aerodrome.data(single, aerodrome.admin, i=made["id"]) == {"label": "ci"}
    assert await aerodrome.refused(single, aerodrome.admin, i=on_deployment["id"]) == NOT_FOUND

    update = "mutation ($i: Uuid!, $p: JSON!) { updateServiceAccount(serviceAccountUuid: $i, payload: $p) "
    update += "{ label category roleBinding { role } } }"
    payload = {"label": "new", "category": "build", "role": "WORKSPACE_EDITOR"}
    changed = await aerodrome.data(update, aerodrome.admin, i=made["id"], p=payload)
    assert changed == {"label": "new", "category": "build", "roleBinding": {"role": "WORKSPACE_EDITOR"}}
    for role in ("WORKSPACE_AUTHOR", "NONE"):
        refused = await aerodrome.refused(update, aerodrome.admin, i=made["id"], p={"role": role})
        assert refused == ("Invalid role", "BAD_USER_INPUT")
    elsewhere = {"serviceAccountUuid": made["id"], "workspaceUuid": other}
    assert await aerodrome.refused(sent("deleteWorkspaceServiceAccount"), aerodrome.admin, **elsewhere) == NOT_FOUND
    whole = "mutation ($i: Uuid!) { deleteSystemServiceAccount(serviceAccountUuid: $i) { id } }"
    assert await aerodrome.refused(whole, aerodrome.admin, i=made["id"]) == NOT_FOUND
    right = {**elsewhere, "workspaceUuid": workspace}
    gone = await aerodrome.data(sent("deleteWorkspaceServiceAccount"), aerodrome.admin, **right)
    assert (gone["id"], gone["label"]) == (made["id"], "new")


async def test_when_a_key_was_used_last_is_shown(aerodrome: Aerodrome) -> None:
    create = 'mutation { createSystemServiceAccount(label: "x", role: SYSTEM_VIEWER) { id apiKey lastUsedAt } }'
    made = await aerodrome.data(create, aerodrome.admin)
    assert made["lastUsedAt"] is None
    await aerodrome.data("{ self { isAdmin } }", made["apiKey"])
    written = "select 1 from credential_uses where credential_id = $1"
    await aerodrome.installation.until("identity", written, made["id"])
    listing = "query ($i: Uuid) { serviceAccounts(serviceAccountUuid: $i) { lastUsedAt } }"
    (seen,) = await aerodrome.data(listing, aerodrome.admin, i=made["id"])
    assert seen["lastUsedAt"] is not None


async def test_people_and_workspaces_are_paged(aerodrome: Aerodrome) -> None:
    id_, token = await aerodrome.make_user(somebody())
    labels = ["a", "b", "c"]
    for label in labels:
        await aerodrome.data("mutation ($l: String!) { createWorkspace(label: $l) { id } }", token, l=label)
    pages = [
        await aerodrome.data(sent("paginatedWorkspaces"), token, pageSize=2, pageNumber=number) for number in range(3)
    ]
    assert [[each["label"] for each in page] for page in pages] == [["a", "b"], ["c"], []]
    one = await aerodrome.data(sent("GetWorkspace"), token, workspaceUuid=pages[0][0]["id"])
    assert one["label"] == "a"
    assert await aerodrome.refused(sent("GetWorkspace"), token, workspaceUuid="cnone") == NOT_ALLOWED
    assert await aerodrome.refused(sent("GetWorkspace"), aerodrome.admin, workspaceUuid="cnone") == NOT_FOUND

    document = (
        "query ($t: Int, $c: Uuid, $s: String) { paginatedUsers(take: $t, cursor: $c, search: $s) { id username } }"
    )
    everybody = [user["id"] for user in await aerodrome.data(document, aerodrome.admin)]
    assert everybody == sorted(everybody)
    second = await aerodrome.data(document, aerodrome.admin, t=1, c=everybody[0])
    assert [user["id"] for user in second] == everybody[1:2]
    found = await aerodrome.data(document, aerodrome.admin, s="ADMIN@ex")
    assert [user["username"] for user in found] == ["admin@example.com"]
    assert await aerodrome.data(document, aerodrome.admin, s="xample") == []
    assert await aerodrome.refused(document, token, s="admin") == NOT_ALLOWED
    assert id_ in everybody
    for take in (0, -1, 10_001):
        assert (await aerodrome.refused(document, aerodrome.admin, t=take))[1] == "BAD_USER_INPUT"


async def test_a_workspace_says_what_the_caller_may_do_and_that_nobody_is_billed(aerodrome: Aerodrome) -> None:
    workspace = await aerodrome.make_workspace()
    _, token = await aerodrome.make_user(email := somebody())
    add = "mutation ($w: Uuid, $e: String!) { workspaceAddUser(workspaceUuid: $w, email: $e) { id } }"
    await aerodrome.data(add, aerodrome.admin, w=workspace, e=email)
    document = (
        "query ($w: Uuid!) { workspace(workspaceUuid: $w) { workspaceCapabilities { canUpdateBilling canUpdateIAM } "
        "properties stripeCustomerId trialEndsAt billingEnabled paywallEnabled } }"
    )
    mine = await aerodrome.data(document, token, w=workspace)
    assert mine == {
        "workspaceCapabilities": {"canUpdateBilling": False, "canUpdateIAM": False},
        "properties": {},
        "stripeCustomerId": None,
        "trialEndsAt": None,
        "billingEnabled": False,
        "paywallEnabled": False,
    }
    whole = await aerodrome.data(document, aerodrome.admin, w=workspace)
    assert whole["workspaceCapabilities"] == {"canUpdateBilling": True, "canUpdateIAM": True}


async def test_the_table_of_roles_is_told(aerodrome: Aerodrome) -> None:
    _, token = await aerodrome.make_user(somebody())
    roles = {role["name"]: role for role in await aerodrome.data("{ roles { name scope permissions } }", token)}
    assert roles["USER"] == {"name": "USER", "scope": "", "permissions": ["system.workspace.create"]}
    assert roles["WORKSPACE_AUTHOR"]["scope"] == "workspace"
    assert "workspace.serviceAccounts.create" not in roles["WORKSPACE_AUTHOR"]["permissions"]


def sent(name: str) -> str:
    """Return the document that a known client sends."""
    return {**SEEDS, **COMMAND_LINE}[name].document


async def member(aerodrome: Aerodrome, workspace: str) -> tuple[str, str]:
    """Return id and address of a new user who is in a workspace."""
    email = somebody()
    id_, _ = await aerodrome.make_user(email)
    add = "mutation ($w: Uuid, $e: String!) { workspaceAddUser(workspaceUuid: $w, email: $e) { id } }"
    await aerodrome.data(add, aerodrome.admin, w=workspace, e=email)
    return id_, email
