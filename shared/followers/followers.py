"""All followers of one service: started, stopped, woken, waited for, looked at, rebuilt and replayed."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.bus.client import Bus
from shared.followers.consumer import Consumer
from shared.followers.policy import Policy, Worker
from shared.followers.projection import Projection
from shared.followers.settings import FollowerSettings
from shared.followers.status import Status
from shared.store.events import EventStore
from shared.store.model import PgPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What a service brings for its followers to run."""

    projections: Sequence[Projection] = ()
    policies: Sequence[Policy] = ()
    workers: Sequence[Worker] = ()
    consumers: Sequence[Consumer] = ()


class Followers:
    """The followers of one service in this process; other replicas run the same ones beside it."""

    def __init__(
        self,
        service: str,
        *,
        store: EventStore,
        pool: PgPool,
        bus: Bus | None,
        followed: Followed,
        settings: FollowerSettings | None = None,
    ) -> None:
        """Take what follows; `pool` serves followers only. Without a `bus` nothing is published, nudged or consumed."""
        raise NotImplementedError

    async def start(self) -> None:
        """Start every follower and return at once; each waits for its servers by itself."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Finish the batches and jobs under way, then stop."""
        raise NotImplementedError

    def wake(self, position: int) -> None:
        """Tell the followers that there are events up to `position`."""
        raise NotImplementedError

    async def wait_for(self, *, position: int, stream: str = "", timeout_s: float = 2.0) -> bool:
        """Say whether all projections have reached `position` in time; False at once where `stream` is parked."""
        raise NotImplementedError

    async def wait_for_source(self, source: str, position: int, *, timeout_s: float = 2.0) -> bool:
        """Say whether what `source` had published up to `position` shows in our own projections in time."""
        raise NotImplementedError

    async def status(self) -> Status:
        """Return where every follower stands, in all replicas together."""
        raise NotImplementedError

    async def rebuild(self, name: str) -> int:
        """Fill the tables of a projection anew beside the running ones, swap them, and return the position reached.

        Raises NotFound where no projection has this name. Runs beside the live service, in any process.
        """
        raise NotImplementedError

    async def replay(self, follower: str, stream: str) -> bool:
        """Apply the backlog of a parked stream in order and unpark it; False where it failed again.

        Raises NotFound where it is not parked.
        """
        raise NotImplementedError

    async def requeue(self, job_id: int) -> bool:
        """Give a dead letter another round of attempts; False where there is no such dead letter."""
        raise NotImplementedError

    async def republish(self, *, after: int = 0, timeout_s: float = 60.0) -> int:
        """Empty the JetStream stream and fill it with the events > `after`; return the last position."""
        raise NotImplementedError
