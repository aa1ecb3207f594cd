"""Personal data in events: marked in the model, encrypted with one key a person, forgotten when the key is gone."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from shared.messages import Event
from shared.store.model import PgPool


class Forgotten(BaseModel):
    """Stands where personal data was whose key has been destroyed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    forgotten: Literal[True] = True


FORGOTTEN: Final = Forgotten()


class Personal:
    """Marks a top-level field of an event that is stored encrypted.

    `person` names the field of the event that holds the id of the person whose key is used; the event's own `person`
    where it is "".
    """

    def __init__(self, person: str = "") -> None:
        self.person = person


PersonalText: TypeAlias = Annotated[str | Forgotten, Personal()]
"""A text about the event's person; `PersonalText | None` is the optional form."""


def clear_text(text: str | Forgotten | None) -> str:
    """Return the text, or "" where it is forgotten or absent."""
    return text if isinstance(text, str) else ""


def public_json(event: Event) -> str:
    """Return the JSON of `event` without its personal fields, fit to be published."""
    raise NotImplementedError


class PersonalKeys:
    """The keys of people, wrapped by the master key in the table person_keys; only identity has them."""

    def __init__(self, pool: PgPool, master_key: bytes) -> None:
        """`master_key`: 32 bytes."""
        raise NotImplementedError

    async def destroy(self, person_id: str) -> None:
        """Destroy the key of a person: what it encrypted reads as FORGOTTEN from now on, and no new key is made."""
        raise NotImplementedError

    def claim_value(self, kind: str, value: str) -> str:
        """Return what is stored for a personal claim: HMAC-SHA256 in hex."""
        raise NotImplementedError
