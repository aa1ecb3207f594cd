"""What can be told of a refused command that names a person: a sign-in or sign-up, and whatever has an address."""

from dataclasses import dataclass
from typing import Any, Final

from services.identity.contract import UserId
from services.identity.handlers.kit import Kit
from services.identity.handlers.sessions import claimed_by
from services.identity.handlers.streams import USER, user_of
from shared.audit.messages import AuditRow
from shared.auth import Origin
from shared.messages import Command

_NAMES: Final = ("identity", "email")


@dataclass(frozen=True, slots=True)
class RefusedStrangers:
    """Tells whose account was meant; what is unknown leaves a digest of the address it came from, and no more."""

    kit: Kit

    def name(self, command: Command[Any]) -> str:
        """Return the username or the address that was typed."""
        typed = (getattr(command, field, "") for field in _NAMES)
        return next((text for text in typed if isinstance(text, str) and text), "")

    async def attribute(self, row: AuditRow, name: str, origin: Origin) -> AuditRow:
        """Return the record with the person who was meant, and its origin under their key."""
        person = await self._person(name)
        if person is None:
            return row.model_copy(update={"source": self.kit.origins.digest(origin.address)})
        return _at(row, person).model_copy(update={"origin_seal": await self.kit.origins.seal(person, origin)})

    async def aim(self, row: AuditRow, name: str) -> AuditRow:
        """Return the record with the person who was meant; from where stays under the key of who asked."""
        person = await self._person(name)
        return row if person is None else _at(row, person)

    async def _person(self, name: str) -> UserId | None:
        stream = await claimed_by(self.kit, name) if name else None
        return None if stream is None else user_of(stream)


def _at(row: AuditRow, person: UserId) -> AuditRow:
    return row.model_copy(update={"target_kind": USER.kind, "target_id": person})
