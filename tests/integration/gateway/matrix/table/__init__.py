"""The permission table: every operation of the schema and who may use it, on what is theirs and on what is not.

It is written from the contract of the interface (houston.md: "Who" in section 2, sections 4.2 and 4.3) and from the
design of the identity model, never from the code: the test runs each cell of it against the whole product.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from tests.integration.gateway.matrix.rows import Row
from tests.integration.gateway.matrix.table.accounts import ACCOUNTS
from tests.integration.gateway.matrix.table.deploying import DEPLOYING
from tests.integration.gateway.matrix.table.deployments import DEPLOYMENTS
from tests.integration.gateway.matrix.table.groups import GROUPS
from tests.integration.gateway.matrix.table.invites import INVITES
from tests.integration.gateway.matrix.table.members import MEMBERS
from tests.integration.gateway.matrix.table.operations import OPERATIONS
from tests.integration.gateway.matrix.table.people import PEOPLE
from tests.integration.gateway.matrix.table.scoped_accounts import SCOPED_ACCOUNTS
from tests.integration.gateway.matrix.table.service_accounts import SERVICE_ACCOUNTS
from tests.integration.gateway.matrix.table.teams import TEAMS
from tests.integration.gateway.matrix.table.workspaces import WORKSPACES

PENDING: Final = frozenset[str]()
"""Operations that land one after the other; each leaves this list when its rows have been seen to hold."""

_ALL: Final[Mapping[str, Sequence[Row]]] = {
    "People": [*PEOPLE, *ACCOUNTS],
    "Workspaces": WORKSPACES,
    "Roles": MEMBERS,
    "Groups": GROUPS,
    "Teams": TEAMS,
    "Service accounts": [*SERVICE_ACCOUNTS, *SCOPED_ACCOUNTS],
    "Invites": INVITES,
    "Deployments": [*DEPLOYMENTS, *DEPLOYING],
    "Running it": OPERATIONS,
}
SUBJECTS: Final = {
    title: found for title, rows in _ALL.items() if (found := [row for row in rows if row.operation not in PENDING])
}

TABLE: Final[Sequence[Row]] = [row for rows in SUBJECTS.values() for row in rows]
