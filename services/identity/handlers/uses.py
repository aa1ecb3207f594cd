"""When service accounts were last used: no events, but rows that are written in batches."""

from datetime import datetime, timedelta
from typing import Final

from services.identity.contract import CredentialId
from services.identity.sql import QUERIES
from shared.clock import utc_now
from shared.store.model import PgPool

WRITE_EVERY_S: Final = 1.0
SELDOM: Final = timedelta(minutes=1)
"""How far apart the writes for one service account are at least."""
_FORGET_EVERY: Final = timedelta(hours=1)


class Uses:
    """Notes uses as they come and writes them together; what a process that dies has not written is lost."""

    def __init__(self, pool: PgPool) -> None:
        self._pool = pool
        self._written: dict[CredentialId, datetime] = {}
        self._waiting: dict[CredentialId, datetime] = {}
        self._forgot: datetime | None = None

    def note(self, credential_id: CredentialId, *, at: datetime) -> None:
        """Have a use written with the next batch, unless one of the last minute has been."""
        last = self._written.get(credential_id)
        if last is None or at - last >= SELDOM:
            self._written[credential_id] = at
            self._waiting[credential_id] = at

    async def write(self) -> None:
        """Write what waits, in one statement; what could not be written waits on."""
        now = utc_now()
        waiting, self._waiting = self._waiting, {}
        if waiting:
            try:
                await self._pool.execute(
                    QUERIES["note_uses"], sorted(waiting), [waiting[id_] for id_ in sorted(waiting)]
                )
            except BaseException:
                self._waiting = {**waiting, **self._waiting}
                raise
        self._written = {id_: at for id_, at in self._written.items() if now - at < SELDOM}
        if self._forgot is None or now - self._forgot >= _FORGET_EVERY:
            self._forgot = now
            await self._pool.execute(QUERIES["forget_uses"])
