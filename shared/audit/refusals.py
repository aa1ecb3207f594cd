"""Commands that were refused: noted without delay, written in batches, limited in number, kept for 90 days."""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final, Protocol
from uuid import UUID, uuid5

from pydantic import TypeAdapter

from shared.audit.concerns import aim_of
from shared.audit.messages import AuditRow
from shared.audit.projection import QUERIES
from shared.auth import Origin, PrincipalKind
from shared.bus.context import Context
from shared.bus.request import Request
from shared.clock import utc_now
from shared.errors import AerodromeError, Forbidden, NotFound, Rejected, Unauthenticated, Unavailable
from shared.messages import Ask, Command
from shared.postgres import DRIVER_ERRORS, is_away
from shared.store.model import PgPool
from shared.telemetry import LOST

log = logging.getLogger(__name__)

KEPT: Final = timedelta(days=90)
_RECORDED: Final = (Forbidden, Unauthenticated, Rejected, NotFound)
_GATHER_S: Final = 0.2
_WRITE_S: Final = 5.0
_PURGED_AT_ONCE: Final = 1000
_NAMES: Final = UUID("0b7c3b52-9c39-5f4e-8a59-5b1c5a9d2f60")
_ROWS: Final = TypeAdapter(list[AuditRow])


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalLimits:
    """How many refusals are kept of those that come.

    Each asker, or each address of strangers, has `burst` and then `each_s` a second, all strangers together
    `strangers_burst` and `strangers_s`. `waiting` may wait to be written, `at_once` in a batch.
    """

    burst: float = 60
    each_s: float = 1
    strangers_burst: float = 300
    strangers_s: float = 5
    askers: int = 10_000
    waiting: int = 2_000
    at_once: int = 500


class Strangers(Protocol):
    """Tells what can be told of a refused command that names a person and nothing else; behind the answer."""

    def name(self, command: Command[Any]) -> str:
        """Return the name in the command by which somebody is meant, "" for none; no secret."""
        ...

    async def attribute(self, row: AuditRow, name: str, origin: Origin) -> AuditRow:
        """Return a stranger's record with who is so named, and from where, as far as that may be kept."""
        ...

    async def aim(self, row: AuditRow, name: str) -> AuditRow:
        """Return the record of a known asker with who is so named as its target."""
        ...


@dataclass(frozen=True, slots=True)
class _Noted:
    """A refusal that waits to be written; `name` and `origin` are not written."""

    row: AuditRow
    name: str
    origin: Origin


class Allowances:
    """Token buckets, one a key; those longest unused are forgotten, which refills them."""

    def __init__(self, *, burst: float, each_s: float, most: int) -> None:
        self._burst = burst
        self._each_s = each_s
        self._most = most
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, *, now: float) -> bool:
        """Say whether one more is allowed under `key` at the time `now`, in seconds, and take it."""
        left, at = self._left.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._each_s)
        self._left[key] = (left - 1, now) if left >= 1 else (left, now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return left >= 1


class RefusalLog:
    """The refusals of one service in this process."""

    def __init__(
        self, pool: PgPool, service: str, *, strangers: Strangers | None = None, limits: RefusalLimits | None = None
    ) -> None:
        self._limits = limits or RefusalLimits()
        self._pool = pool
        self._service = service
        self._strangers = strangers
        self._waiting: deque[_Noted] = deque()
        self._some = asyncio.Event()
        self._away = False
        sizes = self._limits
        self._each = Allowances(burst=sizes.burst, each_s=sizes.each_s, most=sizes.askers)
        self._all_strangers = Allowances(burst=sizes.strangers_burst, each_s=sizes.strangers_s, most=1)

    def note(self, request: Request[Any], error: AerodromeError) -> None:
        """Remember a refused command, to be written soon; what is too much is counted and dropped."""
        command: Ask[Any] = request.message
        if not isinstance(error, _RECORDED) or not isinstance(command, Command):
            return
        context = request.context
        if context.principal.kind is PrincipalKind.SERVICE:
            return  # who asked that service is told, and recorded there; what no one asked for becomes a dead letter
        stranger = context.principal.kind is PrincipalKind.ANONYMOUS
        if len(self._waiting) >= self._limits.waiting:
            LOST.labels("refusals", "full").inc()
        elif not self._allowed(context.principal.subject or context.origin.address, stranger=stranger):
            LOST.labels("refusals", "too many").inc()
        else:
            name = self._strangers.name(command) if self._strangers else ""
            self._waiting.append(_Noted(self._row(command, context, error), name, context.origin))
            self._some.set()

    async def run(self) -> None:
        """Write what comes, for ever."""
        while True:
            await self._some.wait()
            await asyncio.sleep(_GATHER_S)
            await self.flush()

    async def flush(self) -> None:
        """Write all that waits; what can't be written is counted and dropped."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._limits.at_once))]
            if not await self._written(batch):
                LOST.labels("refusals", "away").inc(len(batch) + len(self._waiting))
                self._waiting.clear()
        self._some.clear()

    async def purge(self) -> None:
        """Delete the refusals that are older than 90 days."""
        while await self._pool.execute(QUERIES["purge_refusals"], KEPT, _PURGED_AT_ONCE) != "DELETE 0":
            pass

    async def _written(self, batch: Sequence[_Noted]) -> bool:
        """Write a batch; False where the database is away."""
        try:
            async with asyncio.timeout(_WRITE_S):
                rows = [await self._attributed(each) for each in batch]
                await self._pool.execute(QUERIES["write_refusals"], _ROWS.dump_json(rows).decode())
        except (*DRIVER_ERRORS, Unavailable) as error:
            if not isinstance(error, Unavailable) and not is_away(error):
                raise
            if not self._away:
                log.warning("refused commands can't be recorded; they are counted")
            self._away = True
        else:
            self._away = False
        return not self._away

    async def _attributed(self, noted: _Noted) -> AuditRow:
        if self._strangers is None:
            return noted.row
        if noted.row.kind == PrincipalKind.ANONYMOUS:
            return await self._strangers.attribute(noted.row, noted.name, noted.origin)
        return noted.row if noted.row.target_id else await self._strangers.aim(noted.row, noted.name)

    def _allowed(self, key: str, *, stranger: bool) -> bool:
        now = monotonic()
        if stranger and not self._all_strangers.take("", now=now):
            return False
        return self._each.take(key, now=now)

    def _row(self, command: Command[Any], context: Context, error: AerodromeError) -> AuditRow:
        aim = aim_of(command)
        return AuditRow(
            id=uuid5(_NAMES, f"{self._service}/{context.message_id}"),
            time=utc_now(),
            outcome="refused",
            action=command.subject.rpartition(".")[2],
            subject=context.principal.subject,
            kind=context.principal.kind.value,
            credential=context.principal.credential,
            target_kind=aim.target_kind,
            target_id=aim.target_id,
            workspace_id=aim.workspace_id,
            code=error.code,
            rule=error.noted,
            message_id=context.message_id,
            correlation_id=context.correlation_id,
            origin_seal=context.origin_seal,
        )
