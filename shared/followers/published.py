"""Events as other services see them, and the page of them that answers `<service>.query.events`."""

from typing import TypeVar

from shared.bus.kernel import PublishedEvent, PublishedEvents
from shared.messages import Event
from shared.store.events import EventStore

EventT = TypeVar("EventT", bound=Event)


class Published(PublishedEvent):
    """An event that a consumer has taken from the service `source`; `data` is its JSON without personal fields."""

    source: str

    def read(self, kind: type[EventT]) -> EventT:
        """Return the event as `kind`, the class in the contract of its source."""
        return kind.model_validate_json(self.data)


async def published_events(store: EventStore, *, after: int, limit: int) -> PublishedEvents:
    """Return the events of `store` with positions > `after` as other services see them, at most 512 kB of them."""
    raise NotImplementedError
