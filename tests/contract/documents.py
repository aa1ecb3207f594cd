"""Documents that existing clients send, as they send them; the parts that later issues complete are not among them.

Source: the seed users' documents; the command line's documents of houston.md, sections 5.4 and 5.5; its docs' examples.
"""

from typing import Any, Final, NamedTuple


class Sent(NamedTuple):
    """A document with the variables that are sent along, declared or not."""

    document: str
    variables: dict[str, Any] | None = None


SEEDS: Final = {
    "inviteUser": Sent('mutation inviteUser { inviteUser(email: "jane@example.com") { id } }'),
    "inviteUser with a variable": Sent(
        "mutation ($e: String!) { inviteUser(email: $e) { id } }", {"e": "ann@example.com"}
    ),
    "users": Sent('query User { users(user: { email: "jane@example.com" }) { id username status } }'),
    "workspaceUpdateUserRole": Sent(
        'mutation workspaceUpdateUserRole { workspaceUpdateUserRole(workspaceUuid: "cid", email: "jane@example.com", '
        "role: WORKSPACE_EDITOR) }"
    ),
    "removeUser": Sent('mutation removeUser { removeUser(userUuid: "cid") { id } }'),
    "removeUser of the docs": Sent('mutation removeUser { removeUser(id: "cid") { uuid emails { address } status } }'),
    "deploymentLogStream": Sent(
        'subscription { deploymentLogStream(deploymentUuid: "cid", component: "scheduler", interval: 1000) '
        "{ uuid timestamp level message } }"
    ),
    "createToken": Sent(
        "mutation createToken($identity: String, $password: String!, $duration: Int) { createToken(identity: $identity,"
        " password: $password, duration: $duration) { user { uuid username fullName status } token { value payload "
        "{ uuid iat exp } } permissions isAdmin } }",
        {"identity": "a@b.c", "password": "x", "duration": 1},
    ),
    "createUser": Sent(
        "mutation ($email: String!, $password: String!, $profile: JSON, $token: String) { createUser(email: $email, "
        "password: $password, profile: $profile, inviteToken: $token, duration: 1) { user { uuid emails { address } } "
        "token { value } } }",
        {"email": "a@b.c", "password": "x", "profile": {"fullName": "A"}, "token": None},
    ),
    "self": Sent("{ self { user { uuid id username } token { value } permissions isAdmin } }"),
    "workspaces of 2018": Sent(
        "query ($w: Uuid) { workspaces(workspaceUuid: $w) { uuid label description active users { uuid } "
        "deploymentCount deployments { uuid label releaseName } invites { uuid email } createdAt updatedAt } }",
        {"w": ""},
    ),
    "createServiceAccount of 2018": Sent(
        "mutation ($label: String!, $type: EntityType!, $id: Uuid) { createServiceAccount(label: $label, "
        'category: "", entityType: $type, entityUuid: $id) { uuid apiKey label category entityType entityUuid '
        "active } }",
        {"label": "ci", "type": "SYSTEM", "id": ""},
    ),
    "serviceAccounts": Sent(
        "query ($type: EntityType, $id: Uuid) { serviceAccounts(entityType: $type, entityUuid: $id) { uuid apiKey "
        "label lastUsedAt roleBinding { role } } }",
        {"type": "WORKSPACE", "id": "cid"},
    ),
    "deleteServiceAccount": Sent('mutation { deleteServiceAccount(serviceAccountUuid: "cid") { uuid } }'),
    "createInviteToken": Sent(
        "mutation ($e: String!) { createInviteToken(email: $e) { uuid email role } }", {"e": "a"}
    ),
    "deleteInviteToken": Sent("mutation ($i: Uuid) { deleteInviteToken(inviteUuid: $i) { uuid } }", {"i": "cid"}),
    "invites": Sent("query ($w: Uuid) { invites(workspaceUuid: $w) { uuid email workspace { uuid } } }", {"w": "cid"}),
    "deployments": Sent(
        "query ($d: Uuid, $w: Uuid, $r: String) { deployments(deploymentUuid: $d, workspaceUuid: $w, releaseName: $r) "
        "{ uuid type label description releaseName status version workspace { uuid } createdAt updatedAt } }",
        {"d": "", "w": "", "r": ""},
    ),
    "createDeployment": Sent(
        'mutation { createDeployment(workspaceUuid: "cid", type: "airflow", label: "x", version: "1", '
        'config: {executor: "LocalExecutor"}) { uuid releaseName } }'
    ),
    "updateWorkspace": Sent('mutation { updateWorkspace(workspaceUuid: "cid", payload: {label: "x"}) { uuid label } }'),
    "deleteWorkspace": Sent("mutation ($w: Uuid) { deleteWorkspace(workspaceUuid: $w) { uuid } }", {"w": "cid"}),
    "workspaceAddUser": Sent(
        'mutation { workspaceAddUser(workspaceUuid: "cid", email: "a@b.c") { uuid users { uuid emails { address } } } }'
    ),
}

_WS: Final = "id label description createdAt updatedAt"
_ROLES: Final = "roleBindings { role user { id username } serviceAccount { id label } }"

COMMAND_LINE: Final = {
    "createBasicToken": Sent(
        "mutation createBasicToken($identity: String, $password: String!) { createToken(identity: $identity, password: "
        "$password) { user { id fullName username status createdAt updatedAt } token { value } } }",
        {"identity": "a", "password": "x"},
    ),
    "GetWorkspaces": Sent(f"query GetWorkspaces {{ workspaces {{ {_WS} {_ROLES} }} }}"),
    "CreateWorkspace": Sent(
        'mutation CreateWorkspace($label: String!, $description: String = "N/A") { createWorkspace(label: $label, '
        f"description: $description) {{ {_WS} }} }}",
        {"label": "x"},
    ),
    "UpdateWorkspace": Sent(
        "mutation UpdateWorkspace($workspaceId: Uuid!, $payload: JSON!) { updateWorkspace(workspaceUuid: $workspaceId, "
        f"payload: $payload) {{ {_WS} }} }}",
        {"workspaceId": "cid", "payload": {"label": "x"}, "label": "x", "sync": True},
    ),
    "DeleteWorkspace": Sent(
        "mutation DeleteWorkspace($workspaceId: Uuid!) { deleteWorkspace(workspaceUuid: $workspaceId) "
        "{ id label description } }",
        {"workspaceId": "cid"},
    ),
    "AddWorkspaceUser": Sent(
        "mutation AddWorkspaceUser($workspaceId: Uuid!, $email: String!, $role: Role!) { workspaceAddUser("
        "workspaceUuid: $workspaceId, email: $email, role: $role) { id label description users { id username "
        "roleBindings { role } } createdAt updatedAt } }",
        {"workspaceId": "cid", "email": "a@b.c", "role": "WORKSPACE_VIEWER"},
    ),
    "CreateUser": Sent(
        "mutation CreateUser($email: String!, $password: String!, $username: String, $inviteToken: String) { "
        "createUser(email: $email, password: $password, username: $username, inviteToken: $inviteToken) { user { id "
        "username status createdAt updatedAt } token { value } } }",
        {"email": "a@b.c", "password": "x"},
    ),
    "DeleteDeployment": Sent(
        "mutation DeleteDeployment($deploymentId: Uuid!, $deploymentHardDelete: Boolean) { deleteDeployment("
        "deploymentUuid: $deploymentId, deploymentHardDelete: $deploymentHardDelete) { id type label description "
        "releaseName version workspace { id } createdAt updatedAt } }",
        {"deploymentId": "cid", "deploymentHardDelete": True},
    ),
}
