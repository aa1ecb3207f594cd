"""The audit of all services as one list: their pages merged, newest first, with one cursor."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from services.deployments.contract import SERVICE as DEPLOYMENTS
from services.identity.contract import SERVICE as IDENTITY
from services.invites.contract import SERVICE as INVITES
from shared.audit.messages import AuditPage, AuditRow, Before
from shared.errors import Invalid

SERVICES: Final = (IDENTITY, INVITES, DEPLOYMENTS)


@dataclass(frozen=True, slots=True)
class Found:
    """A record and the service that it is of."""

    service: str
    row: AuditRow

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Return its place in the order of the audit."""
        return self.row.time, self.row.id


@dataclass(frozen=True, slots=True)
class Merged:
    """Records of several services, newest first; `before`: where the next page begins, None at the end."""

    records: Sequence[Found]
    before: Before | None


def merge(pages: Mapping[str, AuditPage], *, take: int) -> Merged:
    """Return the newest `take` records of the services' pages, all asked for from the same place.

    A page that ended early says nothing of what is older than its last record, so neither does the answer.
    """
    ends = [(page.rows[-1].time, page.rows[-1].id) for page in pages.values() if page.more and page.rows]
    everything = [Found(service, row) for service, page in pages.items() for row in page.rows]
    known = [found for found in everything if not ends or found.place >= max(ends)]
    records = sorted(known, key=lambda found: found.place, reverse=True)[:take]
    if not records or (not ends and len(records) == len(everything)):
        return Merged(records, None)
    last = records[-1].row
    return Merged(records, Before(time=last.time, id=last.id))


def write_cursor(before: Before | None) -> str | None:
    """Return the place of the next page as text that is nobody's business, None at the end."""
    return None if before is None else base64.urlsafe_b64encode(before.model_dump_json().encode()).decode()


def read_cursor(text: str | None) -> Before | None:
    """Return the place that a cursor names, None where none was given; raise Invalid for what is none of ours."""
    if not text:
        return None
    try:
        return Before.model_validate_json(base64.urlsafe_b64decode(text.encode()))
    except (binascii.Error, ValueError, ValidationError):
        raise Invalid("the cursor is not one of an answer") from None
