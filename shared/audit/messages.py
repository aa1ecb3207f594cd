"""The question about a service's audit, which every audited service answers alike."""

from datetime import datetime
from typing import ClassVar, Final, Literal
from uuid import UUID

from pydantic import Field

from shared.messages import MOST_ROWS, Message, Query, Row

SEE_ALL: Final = "system.audit.get"
SEE_WORKSPACE: Final = "workspace.audit.get"


class AuditRow(Row):
    """One record: an event, or a command that was refused.

    `action`: the type of the event or the name of the command. `position` and `stream` are an event's, 0 and "" for a
    refusal, whose `code` and `rule` say why. `origin_seal`: from where, readable by identity until the key under it is
    destroyed. `source`: where nobody is known to have asked, a digest by which attempts from one address are told.
    """

    id: UUID
    time: datetime
    outcome: Literal["done", "refused"]
    action: str
    position: int = 0
    stream: str = ""
    subject: str = ""
    kind: str = ""
    credential: str = ""
    role: str = ""
    target_kind: str = ""
    target_id: str = ""
    workspace_id: str = ""
    code: str = ""
    rule: str = ""
    message_id: UUID
    correlation_id: UUID
    origin_seal: str = ""
    source: str = ""


class Before(Message):
    """The place of a record in the order of the audit: newest first, equal times by id."""

    time: datetime
    id: UUID


class AuditPage(Message):
    """Records, newest first; `more`: ask again from `before` the last one."""

    rows: tuple[AuditRow, ...] = ()
    more: bool = False


class Audit(Query[AuditPage]):
    """The records of a service that match, newest first; asked with `bus.ask(..., to=service)`.

    Every filter that is given narrows. `action`: the beginning of a type or of a command's name, such as `user.`;
    `until` itself is left out. Permission: system.audit.get, or workspace.audit.get on `workspace_id`, which must be
    given then. A page may end before `limit`, where it would grow too large for a message.
    """

    subject: ClassVar[str] = "*.query.audit"

    workspace_id: str = ""
    actor: str = ""
    target_id: str = ""
    action: str = ""
    outcome: Literal["", "done", "refused"] = ""
    since: datetime | None = None
    until: datetime | None = None
    before: Before | None = None
    limit: int = Field(default=100, ge=1, le=MOST_ROWS)
