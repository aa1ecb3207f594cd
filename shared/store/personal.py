"""Personal data in events: marked in the model, encrypted with one key a person, forgotten when the key is gone."""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shared.messages import Event
from shared.store.connections import fetch
from shared.store.model import PgPool
from shared.store.sealing import new_wrapped_key, unwrap_key
from shared.store.secrets import derive_key


class Forgotten(BaseModel):
    """Stands where personal data was whose key has been destroyed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    forgotten: Literal[True] = True


FORGOTTEN: Final = Forgotten()
FORGOTTEN_JSON: Final[dict[str, Any]] = {"forgotten": True}
"""What FORGOTTEN is in the JSON that upcasters see."""


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


@cache
def personal_fields(event: type[Event]) -> Mapping[str, str]:
    """Return the personal fields of an event type, each with the name of the field that holds the person's id."""
    found: dict[str, str] = {}
    for name, field in event.model_fields.items():
        mark = _mark([field.annotation, *field.metadata])
        if mark is not None:
            found[name] = mark.person or event.person
    return found


def accepts_forgotten(event: type[Event], field: str) -> bool:
    """Say whether a field of an event may hold FORGOTTEN."""
    annotation: Any = event.model_fields[field].annotation
    try:
        TypeAdapter[Any](annotation).validate_python(FORGOTTEN)
    except ValidationError:
        return False
    return True


def holds_nested_marks(model: type[BaseModel]) -> bool:
    """Say whether a model inside `model` has fields that are marked personal."""
    for field in model.model_fields.values():
        for part in _parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel) and part is not model:
                marked = any(_mark([inner.annotation, *inner.metadata]) for inner in part.model_fields.values())
                if marked or holds_nested_marks(part):
                    return True
    return False


def public_json(event: Event) -> str:
    """Return the JSON of `event` without its personal fields, fit to be published."""
    return event.model_dump_json(exclude=set(personal_fields(type(event))))


class PersonalKeys:
    """The keys of people, wrapped by the master key in the table person_keys; only identity has them.

    Keys are read afresh for each batch of events, so that a destroyed one is gone in every process at once.
    """

    def __init__(self, pool: PgPool, master_key: bytes) -> None:
        """`master_key`: 32 bytes."""
        self._pool = pool
        self._wrapping = AESGCM(derive_key(master_key, "person keys"))
        self._claims = derive_key(master_key, "personal claims")

    async def for_writing(self, people: Iterable[str]) -> Mapping[str, AESGCM]:
        """Return the key of each of `people`, made where there was none; destroyed ones are absent."""
        wanted = sorted(set(people))
        fresh = [new_wrapped_key(self._wrapping, person) for person in wanted]
        rows = await fetch(self._pool, "select person, wrapped_key from public.take_person_keys($1, $2)", wanted, fresh)
        return {row[0]: self._unwrap(row[0], row[1]) for row in rows if row[1] is not None}

    async def for_reading(self, people: Iterable[str]) -> Mapping[str, AESGCM]:
        """Return the key of each of `people` whose key exists."""
        rows = await fetch(
            self._pool,
            "select person, wrapped_key from public.person_keys where person = any($1) and wrapped_key is not null",
            list(people),
        )
        return {row[0]: self._unwrap(row[0], row[1]) for row in rows}

    async def destroy(self, person_id: str) -> None:
        """Destroy the key of a person: what it encrypted reads as FORGOTTEN from now on, and no new key is made."""
        await fetch(self._pool, "select public.destroy_person_key($1)", person_id)

    def claim_value(self, kind: str, value: str) -> str:
        """Return what is stored for a personal claim: HMAC-SHA256 in hex."""
        framed = f"{len(kind)}:{kind}:{value}".encode()
        return hmac.digest(self._claims, framed, "sha256").hex()

    def _unwrap(self, person: str, wrapped: bytes) -> AESGCM:
        try:
            return unwrap_key(self._wrapping, wrapped, person)
        except InvalidTag as error:
            raise ValueError("a person's key was wrapped by another master key: check the setting") from error


def _mark(annotations: Iterable[Any]) -> Personal | None:
    return next((part for each in annotations for part in _parts(each) if isinstance(part, Personal)), None)


def _parts(annotation: Any) -> Iterator[Any]:
    """Walk through an annotation: `X | None` and containers hide a mark from pydantic's own list."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)
