"""The command line's documents about teams.

Source: houston.md, section 5.4.
"""

from typing import Final

from tests.contract.documents import Sent

_TEAM: Final = "name id createdAt roleBindings { id role workspace { id label } deployment { id label releaseName } }"
_LISTED: Final = "id name roleBindings { role workspace { id label } deployment { id label } }"

TEAMS: Final = {
    "team of a workspace": Sent(
        "query GetWorkspaceTeamRole($workspaceUuid: Uuid!, $teamUuid: Uuid!) { team(teamUuid: $teamUuid, "
        f"workspaceUuid: $workspaceUuid) {{ {_TEAM} }} }}",
        {"workspaceUuid": "cid", "teamUuid": "cid"},
    ),
    "team": Sent(f"query team($teamUuid: Uuid!) {{ team(teamUuid: $teamUuid) {{ {_TEAM} }} }}", {"teamUuid": "cid"}),
    "GetTeamUsers": Sent(
        "query GetTeamUsers($teamUuid: Uuid!) { teamUsers(teamUuid: $teamUuid) { username id emails { address verified "
        "primary } status } }",
        {"teamUuid": "cid"},
    ),
    "paginatedTeams": Sent(
        "query paginatedTeams($take: Int, $cursor: Uuid, $workspaceUuid: Uuid) { paginatedTeams(take: $take, cursor: "
        "$cursor, workspaceUuid: $workspaceUuid) { count teams { id name roleBindings { role } } } }",
        {"take": 20, "cursor": ""},
    ),
    "workspaceGetTeams": Sent(
        "query workspaceGetTeams($workspaceUuid: Uuid!) { workspaceTeams(workspaceUuid: $workspaceUuid) "
        f"{{ {_LISTED} }} }}",
        {"workspaceUuid": "cid"},
    ),
    "AddWorkspaceTeam": Sent(
        "mutation AddWorkspaceTeam($workspaceUuid: Uuid!, $teamUuid: Uuid!, $role: Role! = WORKSPACE_VIEWER, "
        "$deploymentRoles: [DeploymentRoles!] = []) { workspaceAddTeam(workspaceUuid: $workspaceUuid, teamUuid: "
        "$teamUuid, role: $role, deploymentRoles: $deploymentRoles) { id label description createdAt updatedAt } }",
        {"workspaceUuid": "cid", "teamUuid": "cid", "role": "WORKSPACE_VIEWER"},
    ),
    "workspaceUpdateTeamRole": Sent(
        "mutation workspaceUpdateTeamRole($workspaceUuid: Uuid!, $teamUuid: Uuid!, $role: Role!) { "
        "workspaceUpdateTeamRole(workspaceUuid: $workspaceUuid, teamUuid: $teamUuid, role: $role) }",
        {"workspaceUuid": "cid", "teamUuid": "cid", "role": "WORKSPACE_ADMIN"},
    ),
    "workspaceRemoveTeam": Sent(
        "mutation workspaceRemoveTeam($workspaceUuid: Uuid!, $teamUuid: Uuid!) { workspaceRemoveTeam(workspaceUuid: "
        "$workspaceUuid, teamUuid: $teamUuid) { id label } }",
        {"workspaceUuid": "cid", "teamUuid": "cid"},
    ),
    "createTeamSystemRoleBinding": Sent(
        "mutation createTeamSystemRoleBinding($teamUuid: Uuid!, $role: Role!) { createTeamSystemRoleBinding(teamUuid: "
        "$teamUuid, role: $role) { role } }",
        {"teamUuid": "cid", "role": "SYSTEM_VIEWER"},
    ),
    "deleteTeamSystemRoleBinding": Sent(
        "mutation deleteTeamSystemRoleBinding($teamUuid: Uuid!, $role: Role!) { deleteTeamSystemRoleBinding(teamUuid: "
        "$teamUuid, role: $role) { role } }",
        {"teamUuid": "cid", "role": "SYSTEM_VIEWER"},
    ),
    "deploymentTeams": Sent(
        "query deploymentTeams($deploymentUuid: Uuid!) { deploymentTeams(deploymentUuid: $deploymentUuid) "
        f"{{ {_LISTED} }} }}",
        {"deploymentUuid": "cid"},
    ),
    "deploymentAddTeamRole": Sent(
        "mutation deploymentAddTeamRole($teamUuid: Uuid!, $deploymentUuid: Uuid!, $role: Role! = WORKSPACE_VIEWER) { "
        "deploymentAddTeamRole(teamUuid: $teamUuid, deploymentUuid: $deploymentUuid, role: $role) { id role } }",
        {"teamUuid": "cid", "deploymentUuid": "cid", "role": "DEPLOYMENT_VIEWER"},
    ),
    "deploymentUpdateTeamRole": Sent(
        "mutation deploymentUpdateTeamRole($deploymentUuid: Uuid!, $teamUuid: Uuid!, $role: Role!) { "
        "deploymentUpdateTeamRole(deploymentUuid: $deploymentUuid, teamUuid: $teamUuid, role: $role) { id role } }",
        {"teamUuid": "cid", "deploymentUuid": "cid", "role": "DEPLOYMENT_ADMIN"},
    ),
    "deploymentRemoveTeamRole": Sent(
        "mutation deploymentRemoveTeamRole($deploymentUuid: Uuid!, $teamUuid: Uuid!) { deploymentRemoveTeamRole("
        "deploymentUuid: $deploymentUuid, teamUuid: $teamUuid) { id } }",
        {"teamUuid": "cid", "deploymentUuid": "cid"},
    ),
}
