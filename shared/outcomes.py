"""What the receipt of a command keeps, for whoever sends it again."""

from hashlib import sha256
from typing import Any, TypeAlias
from uuid import UUID

from pydantic import BaseModel

from shared.messages import Command, Fault

Need: TypeAlias = tuple[str, ...]
"""A permission, and the entities of which one has to carry it."""


class Outcome(BaseModel):
    """The outcome in a receipt: the streams to read again, or the refusal to tell again.

    `asked_in` is the request that it was done for; who sends it again for another one has to hold `needs`.
    """

    stream: str = ""
    streams: tuple[str, ...] = ()
    fault: Fault | None = None
    needs: tuple[Need, ...] = ()
    asked_in: UUID | None = None

    def text(self) -> str:
        """Return what the receipt keeps."""
        return self.model_dump_json(exclude_defaults=True)


def digest(command: Command[Any]) -> bytes:
    """Return what tells a command apart from another with the same id: SHA-256 of its subject and its wish."""
    return sha256(f"{command.subject}\n{command.wish()}".encode()).digest()
