"""The words of the permission table: who calls, what one row says, and what it expects of every caller."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias


class Standing(StrEnum):
    """What a caller holds: nothing, or one role."""

    NOBODY = "nobody"
    NO_ROLE = "no role"
    WORKSPACE_VIEWER = "WORKSPACE_VIEWER"
    WORKSPACE_EDITOR = "WORKSPACE_EDITOR"
    WORKSPACE_ADMIN = "WORKSPACE_ADMIN"
    DEPLOYMENT_VIEWER = "DEPLOYMENT_VIEWER"
    DEPLOYMENT_EDITOR = "DEPLOYMENT_EDITOR"
    DEPLOYMENT_ADMIN = "DEPLOYMENT_ADMIN"
    SYSTEM_VIEWER = "SYSTEM_VIEWER"
    SYSTEM_EDITOR = "SYSTEM_EDITOR"
    SYSTEM_ADMIN = "SYSTEM_ADMIN"

    @property
    def local(self) -> bool:
        """Say whether it is held on a place, so that there are places where it counts for nothing."""
        return not self.startswith(("SYSTEM", "no"))


class Kind(StrEnum):
    """How a caller comes by its role."""

    NOBODY = "nobody"
    USER = "user"
    ACCOUNT = "service account"
    MEMBER = "member of a team"

    @property
    def person(self) -> bool:
        """Say whether it is somebody who can be a person; who shows nothing may be one."""
        return self is not Kind.ACCOUNT


@dataclass(frozen=True, slots=True)
class Caller:
    """One who asks."""

    kind: Kind
    standing: Standing

    @property
    def on_deployment(self) -> bool:
        """Say whether its role is held on a deployment."""
        return self.standing.startswith("DEPLOYMENT")

    def __str__(self) -> str:
        return f"{self.kind} with {self.standing}" if self.kind is not Kind.NOBODY else self.kind


S = Standing
Audience: TypeAlias = frozenset[Standing]

NOBODY_ELSE: Final[Audience] = frozenset()
ANYBODY: Final[Audience] = frozenset(S)
SIGNED_IN: Final[Audience] = ANYBODY - {S.NOBODY}
VIEWERS: Final[Audience] = frozenset({S.WORKSPACE_VIEWER, S.WORKSPACE_EDITOR, S.WORKSPACE_ADMIN})
EDITORS: Final[Audience] = VIEWERS - {S.WORKSPACE_VIEWER}
ADMINS: Final[Audience] = EDITORS - {S.WORKSPACE_EDITOR}
DEPLOYMENT_VIEWERS: Final[Audience] = VIEWERS | {S.DEPLOYMENT_VIEWER, S.DEPLOYMENT_EDITOR, S.DEPLOYMENT_ADMIN}
DEPLOYMENT_EDITORS: Final[Audience] = EDITORS | {S.DEPLOYMENT_EDITOR, S.DEPLOYMENT_ADMIN}
DEPLOYMENT_ADMINS: Final[Audience] = ADMINS | {S.DEPLOYMENT_ADMIN}
SYSTEM_VIEWERS: Final[Audience] = frozenset({S.SYSTEM_VIEWER, S.SYSTEM_EDITOR, S.SYSTEM_ADMIN})
SYSTEM_EDITORS: Final[Audience] = SYSTEM_VIEWERS - {S.SYSTEM_VIEWER}
SYSTEM_ADMINS: Final[Audience] = SYSTEM_EDITORS - {S.SYSTEM_EDITOR}

CALLERS: Final = (
    Caller(Kind.NOBODY, S.NOBODY),
    Caller(Kind.USER, S.NO_ROLE),
    *(Caller(kind, role) for kind in (Kind.USER, Kind.ACCOUNT, Kind.MEMBER) for role in S if role.isupper()),
)


class Outcome(StrEnum):
    """What a caller gets."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    HIDDEN = "not found"
    NOTHING = "nothing shown"


class Operation(StrEnum):
    """The kinds of operations of GraphQL."""

    QUERY = "query"
    MUTATION = "mutation"
    SUBSCRIPTION = "subscription"


PLACED: Final = frozenset(
    {
        "workspace",
        "label",
        "deployment",
        "release",
        "account",
        "deployment_account",
        "invite",
        "member",
        "member_email",
        "operator",
        "operator_email",
        "group",
        "local_team",
    }
)
"""The names of things that are in a workspace."""

_NAMES: Final = re.compile(r"<(\w+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way to use an operation, and who may.

    `sent` is the root field as it is sent, with things by name. `own`: the roles that allow it in the workspace that
    they are held on. `anywhere`: those that allow it whatever it is about. The others get `otherwise`, where HIDDEN is
    only for who has no role there: who has one knows of the thing, and is refused. `shows` is a text that stands in an
    allowed answer and in no other. `says` is the error that an allowed caller gets because of what is sent. `alone`:
    the call uses its things up. `silent`: it leaves no event; nor does it for those in `idle`. `people`: it is about a
    person, or machines are told something else, so they do not ask.
    """

    operation: str
    form: str = ""
    permission: str
    sent: str
    own: Audience = NOBODY_ELSE
    anywhere: Audience
    otherwise: Outcome = Outcome.REFUSED
    shows: str = ""
    says: str = ""
    alone: bool = False
    silent: bool = False
    idle: Audience = NOBODY_ELSE
    people: bool = False
    kind: Operation = Operation.MUTATION

    @property
    def name(self) -> str:
        """Return the operation with what tells this row from its others."""
        return f"{self.operation}({self.form})" if self.form else self.operation

    @property
    def things(self) -> frozenset[str]:
        """Return the names of the things that the call is about."""
        return frozenset(_NAMES.findall(f"{self.sent} {self.shows}"))

    @property
    def placed(self) -> bool:
        """Say whether the call is about something in a workspace."""
        return bool(self.things & PLACED) and self.anywhere != ANYBODY


@dataclass(frozen=True, slots=True)
class Cell:
    """One call: a row, a caller, and whether the thing is in the workspace that the caller's role is held on."""

    row: Row
    caller: Caller
    own: bool

    def __str__(self) -> str:
        where = (" on its own" if self.own else " on a foreign one") if self.row.placed else ""
        return f"{self.row.name} by {self.caller}{where}"

    @property
    def expected(self) -> Outcome:
        """Return what the table says."""
        row, standing = self.row, self.caller.standing
        if standing in row.anywhere or (self.own and standing in row.own):
            return Outcome.ALLOWED
        if standing is Standing.NOBODY:
            return Outcome.REFUSED
        knows = self.own or standing in SYSTEM_VIEWERS
        return Outcome.REFUSED if row.otherwise is Outcome.HIDDEN and knows else row.otherwise


def cells(rows: Iterable[Row]) -> Iterator[Cell]:
    """Yield every cell of the table."""
    for row in rows:
        for caller in CALLERS:
            if row.people and not caller.kind.person:
                continue
            if row.placed and caller.standing.local:
                yield Cell(row, caller, own=True)
            yield Cell(row, caller, own=False)
