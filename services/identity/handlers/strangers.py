"""What can be told of a refused sign-in or sign-up, whose sender was not known."""

from dataclasses import dataclass
from typing import Any, Final

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
        stream = await claimed_by(self.kit, name) if name else None
        if stream is None:
            return row.model_copy(update={"source": self.kit.origins.digest(origin.address)})
        person = user_of(stream)
        seal = await self.kit.origins.seal(person, origin)
        return row.model_copy(update={"target_kind": USER.kind, "target_id": person, "origin_seal": seal})
