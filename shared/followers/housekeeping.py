"""Shows the state of the followers to Prometheus and deletes what the outbox need not keep."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from shared.followers import metrics, outbox
from shared.followers.loops import Loop
from shared.followers.settings import FollowerSettings
from shared.followers.status import Status
from shared.store.model import PgPool

_SHOW_EVERY: Final = timedelta(seconds=5)
_PURGE_EVERY_S: Final = 3600.0


class Housekeeping(Loop):
    """Does what has no hurry."""

    def __init__(
        self, service: str, *, pool: PgPool, settings: FollowerSettings, status: Callable[[], Awaitable[Status]]
    ) -> None:
        super().__init__("housekeeping")
        self._service = service
        self._pool = pool
        self._settings = settings
        self._status = status
        self._purged_at = float("-inf")

    async def once(self) -> None:
        """Show where everybody stands, tidy now and then, and wait."""
        metrics.show(self._service, await self._status())
        now = time.monotonic()
        if now - self._purged_at > _PURGE_EVERY_S:
            await outbox.purge_done(self._pool, self._settings.keep_done)
            self._purged_at = now
        await self.wake.wait(_SHOW_EVERY)
