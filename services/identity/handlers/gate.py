"""The one gate before every way to prove a secret: too many failures lock it, for a while and for few.

What is right costs no write; what is wrong is counted when it is known to be wrong. So that a burst can't outrun the
count, a secret that can be guessed counts as proved only where the gate is still open afterwards. Accounts and sources
stand in the table as HMACs. A mailed token can't be guessed: false ones are counted, but a true one always passes, so
whoever is locked out gets in by a mail, and is known from then on.
"""

import hmac
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from services.identity.sql import QUERIES
from shared.auth import Origin
from shared.errors import Rejected
from shared.store.model import PgConnection, PgPool
from shared.store.secrets import derive_key
from shared.telemetry import LOST

_PURPOSE: Final = "sign-in attempts"
_ANY: Final = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """From the `most`-th failure on the gate is shut for `first`, twice as long after each further one.

    It is never shut for more than `longest`; failures are forgotten when there was none for `memory`.
    """

    most: int
    first: timedelta
    longest: timedelta
    memory: timedelta


FOR_PAIR: Final = Limit(10, timedelta(minutes=1), timedelta(minutes=15), memory=timedelta(days=1))
"""One account from one source."""

FOR_SOURCE: Final = Limit(100, timedelta(minutes=1), timedelta(minutes=15), memory=timedelta(hours=1))
"""One source, whatever the account; not for accounts that it has proved a secret of."""

FOR_ACCOUNT: Final = Limit(100, timedelta(minutes=1), timedelta(minutes=5), memory=timedelta(hours=1))
"""One account, whatever the source; not for sources that have proved a secret of it."""


FOR_MAILS: Final = Limit(20, timedelta(minutes=1), timedelta(minutes=15), memory=timedelta(hours=1))
"""Wishes of one source that mail somebody, whoever that is: for links, and apart from them for added people."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt from a source on an account, both hidden. `admitted`: the gate was open when it came."""

    gate: "Gate"
    account: str
    source: str
    now: datetime
    admitted: bool

    async def still_admitted(self) -> bool:
        """Say whether the gate is open by now; others may have failed meanwhile."""
        return (await self.gate.standing(self.account, self.source, self.now)).is_open


@dataclass(frozen=True, slots=True)
class Standing:
    """What the counts say. `clean`: the source has proved a secret of the account, and no failure has followed."""

    is_open: bool
    clean: bool


class Gate:
    """Counts failures and says whether the next attempt is admitted; replicas share the counts."""

    def __init__(self, pool: PgPool, master_key: bytes) -> None:
        """`master_key`: 32 bytes."""
        self._pool = pool
        self._key = derive_key(master_key, _PURPOSE)

    @asynccontextmanager
    async def attempt(
        self, account: str, origin: Origin, *, now: datetime, refusal: Rejected, mailed: bool = False
    ) -> AsyncGenerator[Attempt]:
        """Make what the block does an attempt on `account`; where it is not admitted it has to raise `refusal`.

        A block that raises an error with the rule of `refusal` has failed. One that raises another rule, or nothing,
        has proved its secret. Any other error says nothing. `mailed`: the secret is a mailed token, always admitted.
        """
        named, source = self._hidden("account", account), self._hidden("source", origin.site)
        before = await self.standing(named, source, now)
        attempt = Attempt(self, named, source, now, mailed or before.is_open)
        try:
            yield attempt
        except Rejected as error:
            if error.rule != refusal.rule:
                await self._proved(attempt, before)
            elif before.is_open:
                await self._failed(named, source, now)
            raise
        else:
            await self._proved(attempt, before)

    async def know(self, account: str, origin: Origin, *, now: datetime) -> None:
        """Note that a source has proved a secret of an account, as an attempt does that succeeds."""
        named, source = self._hidden("account", account), self._hidden("source", origin.site)
        await self._pool.execute(QUERIES["clear_failures"], named, source, now)

    async def may_mail(self, origin: Origin, *, now: datetime, wish: Literal["mails", "additions"] = "mails") -> bool:
        """Count a wish of a source that mails somebody, and say whether it may come true."""
        named, source = self._hidden("wishes", wish), self._hidden("source", origin.site)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(QUERIES["count_loosely"])
            counted = await _count(connection, named, source, FOR_MAILS, now) is not None
        if not counted:
            LOST.labels("wishes for mails", "too many").inc()
        return counted

    async def standing(self, account: str, source: str, now: datetime) -> Standing:
        """Return what the counts say of a hidden account and source."""
        found = await self._pool.fetch(QUERIES["standing"], account, source, now)
        rows = {(row["account"], row["source"]): row for row in found}
        pair = rows.pop((account, source), None)
        wide = any(row["locked"] for row in rows.values())
        if pair is None:
            return Standing(is_open=not wide, clean=False)
        is_open = not pair["locked"] and (pair["known"] or not wide)
        return Standing(is_open=is_open, clean=pair["known"] and not pair["failures"])

    async def purge(self) -> None:
        """Drop counts that mean nothing any more, and who was known 90 days ago."""
        await self._pool.execute(QUERIES["purge_failures"])

    async def _failed(self, account: str, source: str, now: datetime) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(QUERIES["count_loosely"])
            known = await _count(connection, account, source, FOR_PAIR, now)
            if known is False:
                await _count(connection, _ANY, source, FOR_SOURCE, now)
                await _count(connection, account, _ANY, FOR_ACCOUNT, now)

    async def _proved(self, attempt: Attempt, before: Standing) -> None:
        if attempt.admitted and not (before.is_open and before.clean):
            await self._pool.execute(QUERIES["clear_failures"], attempt.account, attempt.source, attempt.now)

    def _hidden(self, kind: str, text: str) -> str:
        return hmac.digest(self._key, f"{kind}:{text}".encode(errors="replace"), "sha256").hex()


async def _count(connection: PgConnection, account: str, source: str, limit: Limit, now: datetime) -> bool | None:
    """Count a failure and say whether the source is known; None where the gate is shut, which counts nothing."""
    known: bool | None = await connection.fetchval(
        QUERIES["count_failure"], account, source, now, limit.most, limit.first, limit.longest, limit.memory
    )
    return known
