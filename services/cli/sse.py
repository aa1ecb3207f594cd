"""Server-sent events as a client reads them. Source: the HTML standard, section 9.2."""

from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """What one event brought."""

    kind: str
    data: str


@dataclass(slots=True)
class Place:
    """Where a client is in its stream, over all connections: what to send as Last-Event-ID, and when to come back."""

    last_id: str = ""
    retry_s: float = 2.0


async def read_events(chunks: AsyncIterable[bytes], place: Place) -> AsyncGenerator[Event]:
    """Yield the events in a body; `place` moves on with each, so what came in part does not count."""
    members: dict[str, str] = {}
    data: list[str] = []
    async for line in _lines(chunks):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "data":
                data.append(value)
            case "id" | "event":
                members[name] = value
            case "retry" if value.isascii() and value.isdigit():
                place.retry_s = int(value) / 1_000
            case "" if not line:
                place.last_id = members.get("id", place.last_id)
                if data:
                    yield Event(members.get("event", "message"), "\n".join(data))
                members, data = {}, []
            case _:
                pass  # a comment, or what is not known


async def _lines(chunks: AsyncIterable[bytes]) -> AsyncGenerator[str]:
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r").decode(errors="replace")
