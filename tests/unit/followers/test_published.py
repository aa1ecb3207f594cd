"""The form of what is published: CloudEvents, pages, and the order in which a consumer takes them."""

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID, uuid4

import pytest

from shared.bus.kernel import MOST_BYTES, PublishedEvent, PublishedEvents
from shared.followers.consumer import Consumer
from shared.followers.intake import behind
from shared.followers.published import Published, chained, from_message, page, published, to_message
from shared.followers.source_row import Place
from shared.messages import Event, Metadata, Reply
from shared.store.model import PgConnection, Recorded
from shared.store.personal import PersonalText

EPOCH = UUID(int=1)
METADATA = Metadata(
    message_id=UUID(int=2),
    correlation_id=UUID(int=3),
    causation_id=UUID(int=4),
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    subject="cmuser",
    kind="user",
    credential="cmsession",
    role="SYSTEM_ADMIN",
)


class PersonNamed(Event):
    type_name: ClassVar[str] = "person.named"
    schema_version: ClassVar[int] = 3
    person: ClassVar[str] = "person_id"

    person_id: str
    name: PersonalText


class PersonSeen(Event):
    """What another service reads of it."""

    type_name: ClassVar[str] = "person.named"

    person_id: str


def recorded(position: int, stream: str = "person-1") -> Recorded:
    event = PersonNamed(person_id="1", name="Jane Doe")
    time = datetime(2026, 11, 22, 12, 30, 0, 123456, tzinfo=UTC)
    return Recorded(
        position, stream, position, uuid4(), "person.named", 2, event, b"", time, METADATA.model_dump_json()
    )


def test_an_event_survives_the_way_over_nats() -> None:
    event = published(recorded(7), epoch=EPOCH, prevposition=6)

    subject, data, headers = to_message("identity", event)
    back = from_message("identity", data, headers)

    assert subject == "identity.events.person.named.1"
    assert back is not None
    assert back == Published(source="identity", **dict(event))
    assert back.metadata == METADATA
    assert back.read(PersonSeen) == PersonSeen(person_id="1")


def test_personal_data_stays_at_home() -> None:
    sealed = METADATA.model_copy(update={"origin_seal": "1.cmuser.secret"})
    event = published(recorded(7)._replace(metadata_text=sealed.model_dump_json()), epoch=EPOCH, prevposition=6)

    assert event.metadata == METADATA
    assert "secret" not in str(to_message("identity", event))
    assert event.data == '{"person_id":"1"}'
    assert event.schema_version == 3  # the present shape, whatever was stored


@pytest.mark.parametrize(
    ("stream", "token"), [("person-a.b *>c", "a_b___c"), ("person-", "_"), ("organization", "_"), ("a_b-c1", "c1")]
)
def test_a_subject_has_no_token_that_means_something(stream: str, token: str) -> None:
    event = published(recorded(7, stream), epoch=EPOCH, prevposition=6)

    assert to_message("identity", event)[0] == f"identity.events.person.named.{token}"


@pytest.mark.parametrize("header", ["ce-id", "ce-epoch", "ce-position", "ce-prevposition", "ce-type", "ce-subject"])
def test_a_message_without_what_it_needs_is_none_of_ours(header: str) -> None:
    _, data, headers = to_message("identity", published(recorded(7), epoch=EPOCH, prevposition=6))

    assert from_message("identity", data, {k: v for k, v in headers.items() if k != header}) is None
    assert from_message("identity", data, headers | {header: "\x00"}) is None or header in {"ce-type", "ce-subject"}
    assert from_message("identity", b"\xff", headers) is None


def test_a_page_ends_before_it_is_too_large_but_holds_one_event() -> None:
    small = published(recorded(1), epoch=EPOCH, prevposition=0)
    large = small.model_copy(update={"data": "x" * MOST_BYTES})

    assert page(iter([small, small])) == (small, small)
    assert page(iter([small, large, small])) == (small,)
    assert page(iter([large, small])) == (large,)
    assert page(iter(())) == ()


def test_a_page_is_small_enough_on_the_wire() -> None:
    busy = published(recorded(1), epoch=EPOCH, prevposition=0).model_copy(update={"data": '{"a":"b\\\\"}' * 400})

    events = page(iter([busy] * 500))
    reply = Reply(value=PublishedEvents(epoch=EPOCH, head=1, events=events).model_dump_json()).model_dump_json()

    assert 1 < len(events) < 500
    assert MOST_BYTES * 0.8 < len(reply) <= MOST_BYTES


def test_events_name_the_one_before_them() -> None:
    events = chained([recorded(4), recorded(5), recorded(9)], epoch=EPOCH, after=3)

    assert [(each.prevposition, each.position) for each in events] == [(3, 4), (4, 5), (5, 9)]


def taken(*positions: tuple[int, int], epoch: UUID = EPOCH) -> list[Published]:
    events: list[PublishedEvent] = [
        published(recorded(position), epoch=epoch, prevposition=before) for before, position in positions
    ]
    return [Published(source="identity", **dict(event)) for event in events]


def test_what_comes_right_behind_is_taken() -> None:
    events = taken((2, 3), (3, 4), (4, 6))

    assert behind(Place(EPOCH, 2), events) == (events, True)


def test_what_has_been_taken_is_left_out() -> None:
    events = taken((0, 1), (1, 2), (2, 3), (1, 2), (3, 4))

    assert behind(Place(EPOCH, 2), events) == ([events[2], events[4]], True)


def test_nothing_behind_a_gap_is_taken() -> None:
    events = taken((2, 3), (4, 5), (3, 4))

    assert behind(Place(EPOCH, 2), events) == (events[:1], False)


def test_nothing_of_another_epoch_is_taken() -> None:
    assert behind(Place(EPOCH, 2), taken((2, 3), epoch=UUID(int=9))) == ([], False)
    assert behind(None, taken((0, 1))) == ([], False)
    assert behind(None, []) == ([], True)


def test_a_consumer_has_exactly_one_form_of_effect() -> None:
    async def rows(_connection: PgConnection, _events: object) -> None:
        """Nothing."""

    with pytest.raises(TypeError, match="exactly one"):
        Consumer(source="identity")
    assert Consumer(source="identity", rows=rows).follower == "consumer:identity"
    assert Consumer(source="identity", rows=rows, name="mails").follower == "consumer:mails"
