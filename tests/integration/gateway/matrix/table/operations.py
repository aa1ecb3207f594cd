"""Who may know what is offered, read the audit, and see and change the keys that sign tokens."""

from collections.abc import Sequence
from typing import Final

from tests.integration.gateway.matrix.rows import ADMINS, ANYBODY, SIGNED_IN, SYSTEM_ADMINS, Operation, Row

OPERATIONS: Final[Sequence[Row]] = [
    Row(
        operation="appConfig",
        permission="none",
        kind=Operation.QUERY,
        sent="appConfig { version }",
        anywhere=ANYBODY,
        shows="version",
    ),
    Row(
        operation="auditLog",
        permission="system.audit.get",
        kind=Operation.QUERY,
        sent="auditLog(take: 1) { records { id } }",
        anywhere=SYSTEM_ADMINS,
        shows="records",
    ),
    Row(
        operation="auditLog",
        form="workspaceUuid",
        permission="workspace.audit.get",
        kind=Operation.QUERY,
        sent='auditLog(workspaceUuid: "<workspace>", take: 500) { records { target } }',
        own=ADMINS,
        anywhere=SYSTEM_ADMINS,
        shows="<workspace>",
    ),
    Row(
        operation="signingKeys",
        permission="any login",
        kind=Operation.QUERY,
        sent="signingKeys { kid }",
        anywhere=SIGNED_IN,
        shows="kid",
    ),
    Row(
        operation="rotateSigningKey",
        permission="system.iam.update",
        sent="rotateSigningKey { kid }",
        anywhere=SYSTEM_ADMINS,
        shows="kid",
    ),
    Row(
        operation="revokeSigningKey",
        permission="system.iam.update",
        sent='revokeSigningKey(kid: "<text>") { kid }',
        anywhere=SYSTEM_ADMINS,
        says="The requested resource was not found",
        silent=True,
    ),
]
