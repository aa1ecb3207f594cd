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
    "log of the command line": Sent(
        "subscription log($deploymentId: Uuid!, $component: String, $timestamp: DateTime, $search: String) { "
        "log(deploymentUuid: $deploymentId, component: $component, timestamp: $timestamp, search: $search) "
        "{ id createdAt: timestamp log: message } }",
        {"deploymentId": "cid", "component": "worker", "timestamp": "2026-08-13T16:51:53.123456789Z", "search": ""},
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
    "authConfig": Sent(
        "query ($redirect: String, $state: String) { authConfig(redirect: $redirect, state: $state) { publicSignup "
        "initialSignup localEnabled googleEnabled githubEnabled auth0Enabled googleOAuthUrl githubOAuthUrl "
        "auth0OAuthUrl providers { name displayName url } } }",
        {"redirect": "", "state": ""},
    ),
    "confirmEmail": Sent(
        "mutation ($token: String!, $duration: Int) { confirmEmail(token: $token, duration: $duration) { user { uuid "
        "status } token { value payload { uuid iat exp } } } }",
        {"token": "x", "duration": 1},
    ),
    "resendConfirmation": Sent("mutation ($e: String!) { resendConfirmation(email: $e) }", {"e": "a@b.c"}),
    "forgotPassword": Sent("mutation ($e: String!) { forgotPassword(email: $e) }", {"e": "a@b.c"}),
    "resetPassword": Sent(
        "mutation ($t: String!, $p: String!) { resetPassword(token: $t, password: $p) { user { uuid } token { value } "
        "permissions isAdmin } }",
        {"t": "x", "p": "y"},
    ),
    "updateUser of 2018": Sent(
        'mutation { updateUser(userUuid: "cid", payload: {fullName: "A", avatarUrl: "https://b.c/d.png"}) { uuid '
        "fullName profile { key value category } } }"
    ),
    "updateUser of 2019": Sent(
        "mutation ($id: Uuid, $payload: JSON!) { updateUser(userId: $id, payload: $payload) { id fullName } }",
        {"id": "", "payload": {"fullName": "A"}},
    ),
    "verifyEmail": Sent("mutation ($e: String!) { verifyEmail(email: $e) }", {"e": "a@b.c"}),
    "createToken for a workspace": Sent(
        'mutation { createToken(identity: "a", password: "x", orgId: "cid") { token { value } } }'
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
    "workspaceInvites": Sent(
        "query workspaceInvites ($w: Uuid!) { workspaceInvites(workspaceUuid: $w) { id email role token } }",
        {"w": "cid"},
    ),
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
    "workspaceAddUser of 2018": Sent(
        "mutation ($w: Uuid, $e: String!, $g: String) { workspaceAddUser(workspaceUuid: $w, email: $e, groupUuids: $g) "
        "{ uuid groups { uuid label users { uuid } } users { uuid } } }",
        {"w": "cid", "e": "a@b.c", "g": ""},
    ),
    "workspaceRemoveUser by address": Sent(
        'mutation { workspaceRemoveUser(workspaceUuid: "cid", email: "a@b.c") { uuid users { uuid } } }'
    ),
    "groups": Sent(
        "query ($g: Uuid, $t: String, $i: Uuid) { groups(groupUuid: $g, entityType: $t, entityUuid: $i) { uuid label "
        "description custom active users { uuid username } createdAt updatedAt } }",
        {"g": "", "t": "WORKSPACE", "i": "cid"},
    ),
    "groupAddUser": Sent(
        "mutation ($g: Uuid, $u: String) { groupAddUser(groupUuid: $g, userUuid: $u) { uuid users { uuid } } }",
        {"g": "cid", "u": "cid"},
    ),
    "groupRemoveUser": Sent(
        "mutation ($g: Uuid, $u: Uuid) { groupRemoveUser(groupUuid: $g, userUuid: $u) { uuid users { uuid } } }",
        {"g": "cid", "u": "cid"},
    ),
    "updateServiceAccount": Sent(
        'mutation { updateServiceAccount(serviceAccountUuid: "cid", payload: {label: "x", category: "y"}) '
        "{ uuid label } }"
    ),
    "createSystemServiceAccount of the docs": Sent(
        'mutation { createSystemServiceAccount(label: "x", category: "y", role: SYSTEM_ADMIN) { apiKey } }'
    ),
    "createSystemRoleBinding": Sent(
        "mutation ($u: ID!, $r: Role!) { createSystemRoleBinding(userId: $u, role: $r) { id role } }",
        {"u": "cid", "r": "SYSTEM_VIEWER"},
    ),
    "workspaceAddUser": Sent(
        'mutation { workspaceAddUser(workspaceUuid: "cid", email: "a@b.c") { uuid users { uuid emails { address } } } }'
    ),
}

_WS: Final = "id label description createdAt updatedAt"
_ROLES: Final = "roleBindings { role user { id username } serviceAccount { id label } }"

_SA: Final = "id apiKey label category entityType entityUuid active createdAt updatedAt lastUsedAt"

COMMAND_LINE: Final = {
    "createBasicToken": Sent(
        "mutation createBasicToken($identity: String, $password: String!) { createToken(identity: $identity, password: "
        "$password) { user { id fullName username status createdAt updatedAt } token { value } } }",
        {"identity": "a", "password": "x"},
    ),
    "GetAuthConfig": Sent(
        "query GetAuthConfig($redirect: String) { authConfig(redirect: $redirect) { localEnabled publicSignup "
        "initialSignup providers { name displayName url } } }",
        {},
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
    "GetWorkspace": Sent(
        "query GetWorkspace($workspaceUuid: Uuid!) { workspace(workspaceUuid: $workspaceUuid) "
        f"{{ {_WS} {_ROLES} }} }}",
        {"workspaceUuid": "cid"},
    ),
    "paginatedWorkspaces": Sent(
        "query paginatedWorkspaces($pageSize: Int, $pageNumber: Int) { paginatedWorkspaces(take: $pageSize, "
        f"pageNumber: $pageNumber) {{ {_WS} }} }}",
        {"pageSize": 2, "pageNumber": 0},
    ),
    "workspaceGetUser": Sent(
        "query workspaceGetUser($workspaceUuid: Uuid!, $email: String!) { workspaceUser(workspaceUuid: $workspaceUuid, "
        "user: { email: $email }) { id username roleBindings { workspace { id } role } } }",
        {"workspaceUuid": "cid", "email": "a@b.c"},
    ),
    "workspaceUpsertUserRole": Sent(
        "mutation workspaceUpsertUserRole($workspaceUuid: Uuid!, $email: String!, $role: Role!) { "
        "workspaceUpsertUserRole(workspaceUuid: $workspaceUuid, email: $email, role: $role) }",
        {"workspaceUuid": "cid", "email": "a@b.c", "role": "WORKSPACE_EDITOR"},
    ),
    "RemoveWorkspaceUser": Sent(
        "mutation RemoveWorkspaceUser($workspaceId: Uuid!, $userId: Uuid!) { workspaceRemoveUser(workspaceUuid: "
        "$workspaceId, userUuid: $userId) { id label description users { id username } createdAt updatedAt } }",
        {"workspaceId": "cid", "userId": "cid"},
    ),
    "workspaceListUsers": Sent(
        "query workspaceListUsers($workspaceUuid: Uuid!) { workspaceUsers(workspaceUuid: $workspaceUuid) { id username "
        "fullName emails { address } roleBindings { workspace { id } role } } }",
        {"workspaceUuid": "cid"},
    ),
    "paginatedWorkspaceUsers": Sent(
        "query paginatedWorkspaceUsers($workspaceUuid: Uuid!, $cursorUuid: Uuid, $take: Int) { paginatedWorkspaceUsers("
        "workspaceUuid: $workspaceUuid, cursor: $cursorUuid, take: $take) { id username fullName emails { address } "
        "roleBindings { workspace { id } role } } }",
        {"workspaceUuid": "cid", "cursorUuid": "", "take": 20},
    ),
    "createWorkspaceServiceAccount": Sent(
        "mutation createWorkspaceServiceAccount($label: String!, $category: String, $workspaceUuid: Uuid!, $role: "
        "Role!) { createWorkspaceServiceAccount(label: $label, category: $category, workspaceUuid: $workspaceUuid, "
        "role: $role) { id label apiKey entityType workspaceUuid category active lastUsedAt createdAt updatedAt } }",
        {"label": "x", "workspaceUuid": "cid", "role": "WORKSPACE_VIEWER", "deploymentUuid": ""},
    ),
    "GetWorkspaceServiceAccounts": Sent(
        "query GetWorkspaceServiceAccounts($workspaceUuid: Uuid!) { workspaceServiceAccounts(workspaceUuid: "
        f"$workspaceUuid) {{ {_SA} }} }}",
        {"workspaceUuid": "cid"},
    ),
    "deleteWorkspaceServiceAccount": Sent(
        "mutation deleteWorkspaceServiceAccount($serviceAccountUuid: Uuid!, $workspaceUuid: Uuid!) { "
        "deleteWorkspaceServiceAccount(serviceAccountUuid: $serviceAccountUuid, workspaceUuid: $workspaceUuid) "
        f"{{ {_SA} }} }}",
        {"serviceAccountUuid": "cid", "workspaceUuid": "cid"},
    ),
    "createDeploymentServiceAccount": Sent(
        "mutation createDeploymentServiceAccount($label: String!, $category: String, $deploymentUuid: Uuid!, $role: "
        "Role!) { createDeploymentServiceAccount(label: $label, category: $category, deploymentUuid: $deploymentUuid, "
        "role: $role) { id label apiKey entityType deploymentUuid category active lastUsedAt createdAt updatedAt } }",
        {"label": "x", "deploymentUuid": "cid", "role": "DEPLOYMENT_VIEWER"},
    ),
    "GetDeploymentServiceAccounts": Sent(
        "query GetDeploymentServiceAccounts($deploymentUuid: Uuid!) { deploymentServiceAccounts(deploymentUuid: "
        f"$deploymentUuid) {{ {_SA} }} }}",
        {"deploymentUuid": "cid"},
    ),
    "deleteDeploymentServiceAccount": Sent(
        "mutation deleteDeploymentServiceAccount($serviceAccountUuid: Uuid!, $deploymentUuid: Uuid!) { "
        "deleteDeploymentServiceAccount(serviceAccountUuid: $serviceAccountUuid, deploymentUuid: $deploymentUuid) "
        f"{{ {_SA} }} }}",
        {"serviceAccountUuid": "cid", "deploymentUuid": "cid"},
    ),
    "deploymentUsers": Sent(
        "query deploymentUsers($deploymentId: Id!, $user: UserSearch) { deploymentUsers(deploymentId: $deploymentId, "
        "user: $user) { id fullName username roleBindings { role deployment { id } } } }",
        {"deploymentId": "cid", "user": {"userId": "", "email": "", "fullName": ""}},
    ),
    "AddDeploymentUser": Sent(
        "mutation AddDeploymentUser($userId: Id, $email: String!, $deploymentId: Id!, $role: Role!) { "
        "deploymentAddUserRole(userId: $userId, email: $email, deploymentId: $deploymentId, role: $role) { id user "
        "{ username } role deployment { id releaseName } } }",
        {"email": "a@b.c", "deploymentId": "cid", "role": "DEPLOYMENT_VIEWER"},
    ),
    "UpdateDeploymentUser": Sent(
        "mutation UpdateDeploymentUser($userId: Id, $email: String!, $deploymentId: Id!, $role: Role!) { "
        "deploymentUpdateUserRole(userId: $userId, email: $email, deploymentId: $deploymentId, role: $role) { id user "
        "{ username } role deployment { id releaseName } } }",
        {"email": "a@b.c", "deploymentId": "cid", "role": "DEPLOYMENT_VIEWER"},
    ),
    "DeleteDeploymentUser": Sent(
        "mutation DeleteDeploymentUser($userId: Id, $email: String!, $deploymentId: Id!) { deploymentRemoveUserRole("
        "userId: $userId, email: $email, deploymentId: $deploymentId) { id role } }",
        {"email": "a@b.c", "deploymentId": "cid"},
    ),
}
