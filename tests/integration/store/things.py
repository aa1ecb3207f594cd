"""Things with names: the events that the tests of the store write, and short ways to write them."""

from collections.abc import Sequence
from typing import Annotated, ClassVar
from uuid import UUID, uuid4

from shared.messages import Event, Metadata
from shared.store.events import EventTypes
from shared.store.model import Claim, Entry, Expected, NewEvent, Receipt, Recorded, SourceMark
from shared.store.personal import Forgotten, Personal, PersonalText

MASTER_KEY = bytes(range(32))


class ThingNamed(Event):
    type_name = "thing.named"

    name: str


class PersonMet(Event):
    type_name = "person.met"
    person: ClassVar[str] = "person_id"

    person_id: str
    met_by: str
    email: PersonalText
    nickname: PersonalText | None = None
    address: Annotated[str | Forgotten, Personal("met_by")] = ""


TYPES = EventTypes([ThingNamed])
PERSONAL_TYPES = EventTypes([ThingNamed, PersonMet])

NEW = 0


def metadata(message_id: UUID | None = None) -> Metadata:
    """Return the metadata of a new message, or of the one with this id."""
    id_ = message_id or uuid4()
    return Metadata(message_id=id_, correlation_id=id_, causation_id=id_, subject="cjane", kind="user")


def head(recorded: Sequence[Recorded]) -> Expected:
    """Return what a writer expects who has read these events of a stream."""
    last = recorded[-1]
    return Expected(last.stream, last.version, last.hash)


def entry(
    *parts: tuple[Expected, Sequence[str]],
    message_id: UUID | None = None,
    take: Sequence[Claim] = (),
    release: Sequence[Claim] = (),
    receipt: Receipt | None = None,
    source: SourceMark | None = None,
) -> Entry:
    """Return an entry that gives names to the streams of `parts`."""
    return Entry(
        expected=tuple(expected for expected, _ in parts),
        events=tuple(NewEvent(expected.stream, ThingNamed(name=name)) for expected, names in parts for name in names),
        metadata=metadata(message_id),
        take=tuple(take),
        release=tuple(release),
        receipt=receipt,
        source=source,
    )


def new_thing(stream: str, *names: str) -> Entry:
    """Return an entry that starts a stream."""
    return entry((Expected(stream), names or ("first",)))


def names(recorded: Sequence[Recorded]) -> list[str]:
    """Return the names that the events gave."""
    return [each.event.name for each in recorded if isinstance(each.event, ThingNamed)]
