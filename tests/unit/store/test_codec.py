"""Events to text and back: shapes of the past, unknown types, unfit declarations."""

from typing import Annotated, Any, ClassVar
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from shared.errors import Invalid
from shared.messages import Event
from shared.store.codec import EventTypes
from shared.store.personal import FORGOTTEN, Forgotten, Personal, PersonalText, clear_text, personal_fields, public_json

ID = UUID(int=7)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


class PersonRenamed(Event):
    """First `name`, then `first` and `last`, now `full_name` too."""

    type_name = "person.renamed"
    schema_version = 3
    person: ClassVar[str] = "person_id"

    person_id: str
    full_name: PersonalText
    note: PersonalText | None = None
    tags: tuple[str, ...] = ()


def _split_name(shape: dict[str, Any]) -> dict[str, Any]:
    name = shape.pop("name")
    return shape | (
        {"first": name, "last": name}
        if isinstance(name, dict)
        else dict(zip(("first", "last"), name.split(), strict=True))
    )


def _join_name(shape: dict[str, Any]) -> dict[str, Any]:
    first, last = shape.pop("first"), shape.pop("last")
    return shape | {"full_name": first if isinstance(first, dict) else f"{first} {last}"}


TYPES = EventTypes([PersonRenamed], {("person.renamed", 1): _split_name, ("person.renamed", 2): _join_name})
KEYS = {"cjane": AESGCM(bytes(32))}
JANE = PersonRenamed(person_id="cjane", full_name="Jane Doe", tags=("a", "b"))


def sealed(event: PersonRenamed, event_id: UUID = ID) -> str:
    return TYPES.encode(event, event_id=event_id, keys=KEYS)


def read(data: str, *, version: int = 3, keys: dict[str, AESGCM] = KEYS, event_id: UUID = ID) -> Event:
    return TYPES.read("person.renamed", version, data, event_id=event_id, keys=keys)


@given(name=TEXTS, note=st.none() | TEXTS, tags=st.lists(TEXTS, max_size=3))
def test_what_is_written_is_read(name: str, note: str | None, tags: list[str]) -> None:
    event = PersonRenamed(person_id="cjane", full_name=name, note=note, tags=tuple(tags))

    assert read(sealed(event)) == event


def test_an_old_shape_is_raised_step_by_step() -> None:
    assert read('{"person_id":"cjane","name":"Jane Doe"}', version=1) == JANE.model_copy(update={"tags": ()})
    assert read('{"person_id":"cjane","first":"J","last":"D"}', version=2).model_dump()["full_name"] == "J D"


def test_upcasters_see_what_was_sealed_and_what_is_forgotten() -> None:
    class PersonNamed(Event):
        type_name = "person.renamed"
        person: ClassVar[str] = "person_id"

        person_id: str
        name: PersonalText

    first_shape = EventTypes([PersonNamed])
    stored = first_shape.encode(PersonNamed(person_id="cjane", name="Jane Doe"), event_id=ID, keys=KEYS)

    assert "Jane" not in stored
    assert read(stored, version=1) == JANE.model_copy(update={"tags": ()})
    assert read(stored, version=1, keys={}) == JANE.model_copy(update={"tags": (), "full_name": FORGOTTEN})


def test_personal_fields_are_sealed_and_the_rest_is_not() -> None:
    stored = sealed(JANE)

    assert "Jane" not in stored
    assert '"person_id":"cjane"' in stored
    assert '"tags":["a","b"]' in stored
    assert stored != sealed(JANE), "a nonce is never used twice"


def test_a_sealed_value_opens_only_in_its_place() -> None:
    stored = sealed(JANE)

    with pytest.raises(InvalidTag):
        read(stored, event_id=uuid4())
    with pytest.raises(InvalidTag):
        read(stored.replace('"full_name":', '"note":'))
    with pytest.raises(InvalidTag):
        read(stored, keys={"cjane": AESGCM(bytes(range(32)))})


def test_data_that_looks_sealed_deeper_down_is_only_data() -> None:
    class Configured(Event):
        type_name = "thing.configured"

        config: dict[str, Any]

    types = EventTypes([Configured])
    event = Configured(config={"$personal": {"cjane": {"email": "x"}}})
    stored = types.encode(event, event_id=ID, keys={})

    assert types.read("thing.configured", 1, stored, event_id=ID, keys={}) == event


def test_an_unknown_field_is_ignored() -> None:
    assert read('{"person_id":"cjane","full_name":"Jane Doe","tags":["a","b"],"later":1}') == JANE


@pytest.mark.parametrize(("name", "version"), [("person.lost", 1), ("person.renamed", 4)])
def test_what_a_newer_program_wrote_is_not_guessed(name: str, version: int) -> None:
    with pytest.raises(LookupError):
        TYPES.read(name, version, "{}", event_id=ID, keys={})


def test_unfit_data_is_not_read() -> None:
    with pytest.raises(ValidationError):
        read('{"person_id":1}')


@pytest.mark.parametrize("name", ["\x00", "a\x00", "\ud800"])
def test_text_that_can_not_be_stored_is_invalid(name: str) -> None:
    with pytest.raises(Invalid):
        sealed(JANE.model_copy(update={"full_name": name}))


def test_an_event_of_another_service_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="not an event type"):
        EventTypes([]).encode(JANE, event_id=ID, keys=KEYS)


def test_a_type_name_is_given_once() -> None:
    with pytest.raises(TypeError, match="twice"):
        EventTypes([PersonRenamed, PersonRenamed], {("person.renamed", 1): _split_name, ("person.renamed", 2): dict})


def test_every_older_version_needs_an_upcaster() -> None:
    with pytest.raises(TypeError, match=r"person\.renamed 2 has no upcaster"):
        EventTypes([PersonRenamed], {("person.renamed", 1): _split_name})


class Address(BaseModel):
    street: PersonalText


class NoPerson(Event):
    type_name = "person.no"

    email: PersonalText


class NotForgettable(Event):
    type_name = "person.not"
    person: ClassVar[str] = "person_id"

    person_id: str
    email: Annotated[str, Personal()]


class Nested(Event):
    type_name = "person.nested"
    person: ClassVar[str] = "person_id"

    person_id: str
    addresses: tuple[Address, ...]


@pytest.mark.parametrize(
    ("event", "text"),
    [(NoPerson, "no field names the person"), (NotForgettable, "accept Forgotten"), (Nested, "top level")],
)
def test_personal_data_that_would_stay_in_the_clear_is_refused(event: type[Event], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        EventTypes([event])


def test_the_person_of_each_personal_field_is_known() -> None:
    class Seen(Event):
        type_name = "person.seen"
        person: ClassVar[str] = "person_id"

        person_id: str
        seen_by: str
        email: PersonalText | None = None
        address: Annotated[str | Forgotten, Personal("seen_by")]

    assert personal_fields(Seen) == {"email": "person_id", "address": "seen_by"}
    assert EventTypes([Seen]).people(Seen(person_id="cjane", seen_by="cjohn", address="x")) == {"cjane", "cjohn"}


def test_published_events_leave_personal_data_out() -> None:
    assert public_json(JANE) == '{"person_id":"cjane","tags":["a","b"]}'


def test_forgotten_text_is_shown_as_nothing() -> None:
    assert [clear_text(text) for text in ("a", None, FORGOTTEN)] == ["a", "", ""]
