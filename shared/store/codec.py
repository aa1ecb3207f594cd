"""The event types of a service: from an event to its stored text and back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

from asyncpg import Record
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from shared.errors import Invalid
from shared.messages import Event
from shared.store.model import Recorded, Undecodable
from shared.store.personal import FORGOTTEN_JSON, accepts_forgotten, holds_nested_marks, personal_fields
from shared.store.sealing import open_value, seal_value
from shared.text import check_json

Upcaster: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""A pure function from the JSON of one schema version to that of the next."""

Keys: TypeAlias = Mapping[str, AESGCM]
"""The key of each person whose key exists."""

# Sealed values stand under a key that no field can have: {"…": …, "$personal": {person: {field: base64}}}.
_SEALED: Final = "$personal"
_SEALED_TEXT: Final = '"$personal":{'


@dataclass(frozen=True, slots=True)
class _Kind:
    event: type[Event]
    version: int
    write: Callable[[Event], bytes]
    parse: Callable[[str | bytes], Event]
    personal: Mapping[str, str]


class EventTypes:
    """Knows every event type of a service and the upcasters from their older shapes."""

    def __init__(
        self, events: Sequence[type[Event]], upcasters: Mapping[tuple[str, int], Upcaster] | None = None
    ) -> None:
        """Raise TypeError where a type name is given twice, an upcaster is missing, or a personal field is unfit."""
        self._upcasters = dict(upcasters or {})
        self._by_name: dict[str, _Kind] = {}
        self._by_class: dict[type[Event], _Kind] = {}
        for event in events:
            if event.type_name in self._by_name:
                raise TypeError(f"event type {event.type_name} is given twice")
            self._by_name[event.type_name] = self._by_class[event] = _kind(event)
        self._check_upcasters()
        self.holds_personal_data: Final = any(kind.personal for kind in self._by_class.values())
        """Whether any event has personal fields, so that PersonalKeys are needed."""

    def people(self, event: Event) -> set[str]:
        """Return the ids of the people whose keys the event needs."""
        kind = self._known(event)
        return {getattr(event, person) for person in kind.personal.values()} if kind.personal else set()

    def encode(self, event: Event, *, event_id: UUID, keys: Keys) -> str:
        """Return the JSON to store, personal fields sealed; those of a person without a key are forgotten at once.

        Raises Invalid if a text holds what can't be stored, TypeError if the event's type is not one of these.
        """
        kind = self._known(event)
        try:
            text = kind.write(event).decode()
        except (PydanticSerializationError, UnicodeError) as error:
            raise Invalid(f"{kind.event.type_name} can't be written as JSON text") from error
        if "\\u0000" in text:
            check_json(text)
        return _seal(text, kind, event_id, keys) if kind.personal else text

    def sealed_for(self, rows: Iterable[Record]) -> set[str]:
        """Return the ids of the people whose keys the stored events need."""
        people: set[str] = set()
        for row in rows:
            if _SEALED_TEXT in row["data"]:
                people.update(from_json(row["data"]).get(_SEALED, ()))
        return people

    def decode(self, row: Record, keys: Keys) -> Recorded:
        """Return a row of `events` (columns as in the table) decrypted, raised to the present shape and validated.

        Raises Undecodable where this program knows no way to read it.
        """
        position, stream, version, event_id, type_name, schema_version, data, metadata, hash_, recorded_at = row
        try:
            event = self.read(type_name, schema_version, data, event_id=event_id, keys=keys)
        except (ValidationError, LookupError, InvalidTag) as error:
            raise Undecodable(position=position, stream=stream, type_name=type_name) from error
        return Recorded(
            position, stream, version, event_id, type_name, schema_version, event, hash_, recorded_at, metadata
        )

    def read(self, type_name: str, schema_version: int, data: str, *, event_id: UUID, keys: Keys) -> Event:
        """Return the event that was stored as `data`: decrypted, then raised to the present shape, then validated.

        Raises LookupError for an unknown type or a newer version, ValidationError and InvalidTag for unfit data.
        """
        kind = self._by_name[type_name]
        if schema_version == kind.version and _SEALED_TEXT not in data:
            return kind.parse(data)
        shape: dict[str, Any] = from_json(data)
        for person, fields in shape.pop(_SEALED, {}).items():
            for field, sealed in fields.items():
                shape[field] = _open(keys.get(person), sealed, event_id, field)
        for version in range(schema_version, kind.version):
            shape = self._upcasters[type_name, version](shape)
        if schema_version > kind.version:
            raise LookupError(f"schema version {schema_version} of {type_name} is newer than {kind.version}")
        return kind.parse(to_json(shape))

    def _known(self, event: Event) -> _Kind:
        kind = self._by_class.get(type(event))
        if kind is None:
            raise TypeError(f"{type(event).__name__} is not an event type of this service")
        return kind

    def _check_upcasters(self) -> None:
        for kind in self._by_name.values():
            for version in range(1, kind.version):
                if (kind.event.type_name, version) not in self._upcasters:
                    raise TypeError(f"{kind.event.type_name} {version} has no upcaster")


def _kind(event: type[Event]) -> _Kind:
    personal = personal_fields(event)
    for name, person in personal.items():
        if person not in event.model_fields or person in personal:
            raise TypeError(f"{event.__name__}.{name} is personal, but no field names the person")
        if not accepts_forgotten(event, name):
            raise TypeError(f"{event.__name__}.{name} is personal, but its type does not accept Forgotten")
    if holds_nested_marks(event):
        raise TypeError(f"{event.__name__} has personal data in a nested model; it must stand at the top level")
    # What model_dump_json and model_validate_json call, without their many options: twice as fast.
    write, parse = event.__pydantic_serializer__.to_json, event.__pydantic_validator__.validate_json
    return _Kind(event, event.schema_version, write, parse, personal)


def _seal(text: str, kind: _Kind, event_id: UUID, keys: Keys) -> str:
    data: dict[str, Any] = from_json(text)
    sealed: dict[str, dict[str, str]] = {}
    for field, person_field in kind.personal.items():
        value, person = data[field], data[person_field]
        if value is None or value == FORGOTTEN_JSON:
            continue
        if person in keys:
            del data[field]
            sealed.setdefault(person, {})[field] = seal_value(keys[person], value, event_id=event_id, field=field)
        else:
            data[field] = FORGOTTEN_JSON
    return to_json(data | {_SEALED: sealed} if sealed else data).decode()


def _open(key: AESGCM | None, sealed: str, event_id: UUID, field: str) -> Any:
    return FORGOTTEN_JSON if key is None else open_value(key, sealed, event_id=event_id, field=field)
