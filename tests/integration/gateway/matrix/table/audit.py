"""Who may read the audit."""

from collections.abc import Sequence
from typing import Final

from tests.integration.gateway.matrix.rows import ADMINS, SYSTEM_ADMINS, Operation, Row

AUDIT: Final[Sequence[Row]] = [
    Row(
        operation="auditLog",
        permission="system.audit.get",
        kind=Operation.QUERY,
        sent="auditLog { records { id } }",
        anywhere=SYSTEM_ADMINS,
    ),
    Row(
        operation="auditLog",
        form="workspaceUuid",
        permission="workspace.audit.get",
        kind=Operation.QUERY,
        sent='auditLog(workspaceUuid: "<workspace>") { records { workspace } }',
        own=ADMINS,
        anywhere=SYSTEM_ADMINS,
        shows="<workspace>",
    ),
]
