"""Who asks, remembered for a few seconds, and forgotten as soon as identity says that it has changed."""

import asyncio
import hashlib
import logging
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, TypeAlias

from nats.aio.msg import Msg

from services.gateway.metrics import CALLERS
from services.identity.contract import Authenticate, Authenticated, AuthenticateVisit, Revoked
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.bus.wire import read
from shared.clock import utc_now
from shared.errors import Invalid

log: Final = logging.getLogger(__name__)

KEPT_S: Final = 5.0
"""How long an answer is used without asking again; so long a gateway that hears nothing may be wrong."""

MOST_CALLERS: Final = 10_000
MOST_REVOKED: Final = 10_000
REMEMBERED_S: Final = 30.0
"""How long a revocation is remembered for answers that are still on their way: longer than any question takes."""

_Question: TypeAlias = Authenticate | AuthenticateVisit


@dataclass(frozen=True, slots=True)
class _Kept:
    caller: Authenticated
    asked_at: float


@dataclass(frozen=True, slots=True)
class _Revocation:
    """How far a stream has gone on, as was heard last; `unknown_at`: when that was told without a position."""

    position: int
    heard_at: float
    unknown_at: float


_NEVER: Final = float("-inf")
_NOTHING: Final = _Revocation(0, _NEVER, _NEVER)


@dataclass(eq=False, slots=True)
class Watch:
    """Somebody who is told when a caller may have changed."""

    told: Callable[[], None]
    streams: tuple[str, ...] = ()


@dataclass(slots=True)
class _Revoked:
    """What was revoked lately: by stream, and everything at once where that was not told stream by stream."""

    streams: OrderedDict[str, _Revocation] = field(default_factory=OrderedDict[str, _Revocation])
    all_at: float = _NEVER

    def note(self, streams: Iterable[str], position: int) -> None:
        now = monotonic()
        for stream in streams:
            known = self.streams.pop(stream, _NOTHING)
            unknown_at = known.unknown_at if position else now
            self.streams[stream] = _Revocation(max(position, known.position), now, unknown_at)
        while self.streams:
            heard_at = next(iter(self.streams.values())).heard_at
            if now - heard_at < REMEMBERED_S and len(self.streams) <= MOST_REVOKED:
                return
            if now - heard_at < REMEMBERED_S:
                self.all_at = now  # too many to tell apart: what is on its way is not kept
            self.streams.popitem(last=False)

    def hits(self, caller: Authenticated, *, asked_at: float) -> bool:
        """Say whether an answer to a question of this moment may be old."""
        found = (self.streams.get(stream) for stream in caller.streams)
        return asked_at <= self.all_at or any(
            each.position > caller.position or each.unknown_at >= asked_at for each in found if each is not None
        )


class Callers:
    """The callers of one gateway, by the digest of their token; those longest unused go first.

    An answer is kept while it is younger than KEPT_S, its session has not expired, and no stream that it was read from
    has gone on since. Refusals are not kept: made-up tokens push nobody out.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[_Kept]] = {}
        self._revoked = _Revoked()
        self._watches: defaultdict[str, set[Watch]] = defaultdict(set)
        self._letting_go: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Hear from now on what identity revokes."""
        await self._bus.subscribe(Revoked.subject, self._hear)
        self._bus.on_connected(self._start_over)

    async def find(self, token: str, *, least: int = 0, visit: bool = False) -> Authenticated:
        """Return whose token it is; raise Unauthenticated, or Unavailable where identity can't be asked.

        What was read before the position `least` is asked for anew: the asker has written there. `visit`: it is to be
        the token of a visit of an Airflow, else none is taken.
        """
        question = AuthenticateVisit(token=token) if visit else Authenticate(token=token)
        key = hashlib.sha256(f"{question.subject} {token}".encode()).digest()
        kept = self._kept.get(key)
        if kept is not None and kept.caller.position >= least and self._is_fresh(kept):
            self._kept.move_to_end(key)
            CALLERS.labels("cached").inc()
            return kept.caller
        came_at = monotonic()
        while True:
            kept = await asyncio.shield(self._ask(key, question))
            # What was asked after we came is as new as without a memory, though it may not be kept.
            if kept.asked_at >= came_at or (
                kept.caller.position >= least and not self._revoked.hits(kept.caller, asked_at=kept.asked_at)
            ):
                return kept.caller

    def revoke(self, streams: Iterable[str], position: int) -> None:
        """Forget whom these streams say something about; `position` is where they have come to, 0 where not known."""
        told = tuple(streams)
        self._revoked.note(told, position)
        for watch in {watch for stream in told for watch in self._watches.get(stream, ())}:
            watch.told()

    def watch(self, streams: Iterable[str], told: Callable[[], None]) -> Watch:
        """Have `told` called whenever one of these streams goes on, or may have, until `unwatch`."""
        watch = Watch(told, tuple(streams))
        for stream in watch.streams:
            self._watches[stream].add(watch)
        return watch

    def unwatch(self, watch: Watch) -> None:
        """End a watch."""
        for stream in watch.streams:
            self._watches[stream].discard(watch)
            if not self._watches[stream]:
                del self._watches[stream]

    def _is_fresh(self, kept: _Kept) -> bool:
        return (
            monotonic() - kept.asked_at < KEPT_S
            and (kept.caller.expires_at is None or kept.caller.expires_at > utc_now())
            and not self._revoked.hits(kept.caller, asked_at=kept.asked_at)
        )

    def _ask(self, key: bytes, question: _Question) -> "asyncio.Task[_Kept]":
        """Return the question that is under way for this token, begun now where there is none."""
        task = self._asking.get(key)
        # A done one stays here until the loop's next turn: waiting for it would wait for nothing.
        if task is None or task.done():
            task = self._asking[key] = asyncio.create_task(self._answer(key, question), name="caller")
            task.add_done_callback(lambda done: self._asked(key, done))
        return task

    async def _answer(self, key: bytes, question: _Question) -> _Kept:
        asked_at = monotonic()
        caller = (await self._bus.ask(question, Context.first())).value
        kept = self._kept[key] = _Kept(caller, asked_at)
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_CALLERS:
            self._kept.popitem(last=False)
        if self._letting_go is None:
            self._letting_go = asyncio.get_running_loop().call_later(KEPT_S, self._let_go)
        return kept

    def _let_go(self) -> None:
        """Forget who may not be used any more: rows of people stay no longer than they serve."""
        oldest = monotonic() - KEPT_S
        for key in [key for key, kept in self._kept.items() if kept.asked_at <= oldest]:
            del self._kept[key]
        again = bool(self._kept)
        self._letting_go = asyncio.get_running_loop().call_later(KEPT_S, self._let_go) if again else None

    def _asked(self, key: bytes, task: "asyncio.Task[_Kept]") -> None:
        if self._asking.get(key) is task:
            del self._asking[key]
        CALLERS.labels("refused" if task.cancelled() or task.exception() else "asked").inc()

    async def _hear(self, message: Msg) -> None:
        try:
            revoked = read(Revoked, message.data)
        except Invalid:
            log.exception("a revocation can't be read, so everybody is asked for anew")
            await self._start_over()
        else:
            self.revoke(revoked.streams, revoked.position)

    async def _start_over(self) -> None:
        """Forget everybody: what was revoked, for instance while NATS was away, was not heard."""
        self._revoked.all_at = monotonic()
        for watch in {watch for watches in self._watches.values() for watch in watches}:
            watch.told()
