"""The bytes behind an event's hash tell every two events apart."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.store.hashing import Link, run_on

LINK = Link(
    previous=b"",
    stream="thing-1",
    version=1,
    event_id=UUID(int=7),
    type_name="thing.named",
    schema_version=1,
    data='{"name":"a"}',
    metadata="{}",
    recorded_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
)

LINKS = st.builds(
    Link,
    previous=st.binary(max_size=32),
    stream=st.text(max_size=5),
    version=st.integers(1, 2**63),
    event_id=st.uuids(),
    type_name=st.text(max_size=5),
    schema_version=st.integers(1, 2**31),
    data=st.text(max_size=10),
    metadata=st.text(max_size=10),
    recorded_at=st.datetimes(timezones=st.just(UTC)),
)


def test_the_format_never_changes() -> None:
    assert LINK.hash().hex() == "090e5798c83e39163d6de36a6596f447809b43e83d2709365ee86d8377877fc8"
    assert run_on(b"", LINK.hash()).hex() == "c433bbd3b3ed5679b8e65d76297e0abdfbc7a685c3dfc7822bdb648780eed9c8"


@given(LINKS, LINKS)
def test_other_fields_give_another_hash(one: Link, other: Link) -> None:
    assert (one.hash() == other.hash()) == (one == other)


@given(st.text(min_size=1, max_size=8), st.data())
def test_what_moves_between_neighbouring_fields_changes_the_hash(text: str, data: st.DataObject) -> None:
    at, other = (data.draw(st.integers(0, len(text))) for _ in range(2))
    for split in (_stream_and_type, _type_and_data, _data_and_metadata):
        assert (split(text, at).hash() == split(text, other).hash()) == (at == other)


def test_a_microsecond_changes_the_hash() -> None:
    later = LINK._replace(recorded_at=LINK.recorded_at + timedelta(microseconds=1))

    assert later.hash() != LINK.hash()


def test_the_running_hash_depends_on_the_order() -> None:
    a, b = b"a" * 32, b"b" * 32

    assert run_on(run_on(b"", a), b) != run_on(run_on(b"", b), a)


def _stream_and_type(text: str, at: int) -> Link:
    return LINK._replace(stream=text[:at], type_name=text[at:])


def _type_and_data(text: str, at: int) -> Link:
    return LINK._replace(type_name=text[:at], data=text[at:])


def _data_and_metadata(text: str, at: int) -> Link:
    return LINK._replace(data=text[:at], metadata=text[at:])
