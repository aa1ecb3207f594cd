"""Tells the gateways whose grants, session or credential has changed, before the change is answered."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.identity.contract import Revoked, TeamMembersAdded
from services.identity.handlers.streams import USER
from shared.bus.client import Bus
from shared.errors import Unavailable
from shared.store.model import NewEvent

log: Final = logging.getLogger(__name__)

MOST_STREAMS: Final = 1_000
"""Streams in one message."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """Publishes Revoked; see EventStore.on_change."""

    bus: Bus

    async def tell(self, changes: Sequence[NewEvent], position: int) -> None:
        """Publish which streams have changed; who came into a team has changed like it.

        While NATS is away that is lost, and told to the log: what a gateway keeps ends by itself after 5 s.
        """
        joined = [id_ for each in changes if isinstance(each.event, TeamMembersAdded) for id_ in each.event.user_ids]
        streams = sorted({*(change.stream for change in changes), *map(USER.stream, joined)})
        try:
            for page in _pages(streams):
                told = Revoked(streams=page, position=position)
                await self.bus.publish(Revoked.subject, told.model_dump_json().encode())
        except Unavailable:
            log.warning("a revocation was not sent", extra={"position": position})


def _pages(streams: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for first in range(0, len(streams), MOST_STREAMS):
        yield tuple(streams[first : first + MOST_STREAMS])
