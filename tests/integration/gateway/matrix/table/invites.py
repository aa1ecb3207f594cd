"""Who may see, make and withdraw invitations."""

from collections.abc import Sequence
from typing import Final

from tests.integration.gateway.matrix.rows import ADMINS, SYSTEM_ADMINS, SYSTEM_VIEWERS, Operation, Row

INVITES: Final[Sequence[Row]] = [
    Row(
        operation="invites",
        permission="system.users.get",
        kind=Operation.QUERY,
        sent="invites { id }",
        anywhere=SYSTEM_VIEWERS,
        shows="<system_invite>",
    ),
    Row(
        operation="invites",
        form="email",
        permission="system.users.get",
        kind=Operation.QUERY,
        sent='invites(email: "<system_invited>") { id }',
        anywhere=SYSTEM_VIEWERS,
        shows="<system_invite>",
    ),
    Row(
        operation="invites",
        form="workspaceUuid",
        permission="workspace.invites.get",
        kind=Operation.QUERY,
        sent='invites(workspaceUuid: "<workspace>") { id }',
        own=ADMINS,
        anywhere=SYSTEM_ADMINS,
        shows="<invite>",
    ),
    Row(
        operation="workspaceInvites",
        permission="workspace.invites.get",
        kind=Operation.QUERY,
        sent='workspaceInvites(workspaceUuid: "<workspace>") { id }',
        own=ADMINS,
        anywhere=SYSTEM_ADMINS,
        shows="<invite>",
    ),
    Row(
        operation="inviteUser",
        permission="system.user.invite",
        sent='inviteUser(email: "<new_email>") { id }',
        anywhere=SYSTEM_ADMINS,
    ),
    Row(
        operation="inviteUser",
        form="teamUuids",
        permission="system.user.invite and system.teams.update",
        sent='inviteUser(email: "<new_email>", teamUuids: ["<team>"]) { id }',
        anywhere=SYSTEM_ADMINS,
    ),
    Row(
        operation="createInviteToken",
        permission="system.user.invite",
        sent='createInviteToken(email: "<new_email>") { id }',
        anywhere=SYSTEM_ADMINS,
    ),
    Row(
        operation="deleteInviteToken",
        form="one to a workspace",
        permission="workspace.iam.update",
        sent='deleteInviteToken(inviteUuid: "<invite>") { id }',
        own=ADMINS,
        anywhere=SYSTEM_ADMINS,
        shows="<invite>",
        alone=True,
    ),
    Row(
        operation="deleteInviteToken",
        form="one to the system",
        permission="system.user.invite",
        sent='deleteInviteToken(inviteUuid: "<system_invite>") { id }',
        anywhere=SYSTEM_ADMINS,
        shows="<system_invite>",
        alone=True,
    ),
]
