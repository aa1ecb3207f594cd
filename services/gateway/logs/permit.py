"""Whether viewers may go on reading: one question a deployment and caller for all viewers of this process."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from datetime import datetime
from typing import Final, Protocol

from services.gateway.metrics import LOG_PERMITS
from shared.clock import utc_now
from shared.errors import AerodromeError, Internal, Unavailable

log: Final = logging.getLogger(__name__)

REAUTHORIZE_S: Final = 5.0
"""How long a caller may go on without being asked for anew."""

LOOK_S: Final = 0.4
"""How often somebody's permit of a deployment is asked for, so that its end is known within a second."""

ANSWER_S: Final = 0.5
"""A question that takes longer leaves it unknown, until it is answered, whether lines may be shown."""

MOST_QUESTIONS: Final = 16

Call = Callable[[], None]


class Asker(Protocol):
    """Who can say whether one caller may read one deployment's lines."""

    async def ask(self, hear: Call) -> datetime | None:
        """Return when the caller's credential runs out, None for never; raises what forbids it.

        From then on `hear` is called whenever there is news of the caller.
        """
        ...

    def end(self) -> None:
        """Hear no more."""
        ...


class Permit:
    """What one caller is allowed of one deployment. `open`: now; `error`: what forbids it, for good.

    It begins as unknown, and is asked for at once: what its caller lost since they were asked who they are is heeded.
    """

    __slots__ = ("_asker", "_heard", "_known", "_told", "_watch", "asked_at", "error", "expires_at", "users")

    def __init__(self, asker: Asker, watch: "Watch") -> None:
        self.error: AerodromeError | None = None
        self.asked_at = time.monotonic()
        self.expires_at: datetime | None = None
        self.users = 0
        self._asker = asker
        self._watch = watch
        self._known = False
        self._heard = 0
        self._told: dict[Call, None] = {}
        watch.hurry()

    @property
    def open(self) -> bool:
        """Say whether lines may be shown now."""
        return self._known and self.error is None and self._watch.known

    def hear(self) -> None:
        """Show nothing more until it was asked anew: something about the caller may have changed."""
        self._heard += 1
        self._known = False
        self._watch.hurry()

    def tell(self, call: Call) -> None:
        """Call this whenever the permit may be another."""
        self._told[call] = None

    def untell(self, call: Call) -> None:
        """Call it no more."""
        self._told.pop(call, None)

    async def opened(self) -> None:
        """Return when lines may be shown; raises what forbids it."""
        while not self.open:
            if self.error is not None:
                raise self.error.with_traceback(None)  # it is raised for many
            changed = asyncio.Event()
            self.tell(changed.set)
            try:
                await changed.wait()
            finally:
                self.untell(changed.set)

    def is_due(self, now: float) -> bool:
        """Say whether it has to be asked for."""
        ran_out = self.expires_at is not None and self.expires_at <= utc_now()
        return not self._known or ran_out or now - self.asked_at >= REAUTHORIZE_S

    async def renew(self) -> bool:
        """Ask; say whether that was answered, be it with a refusal."""
        asked_at, heard = time.monotonic(), self._heard
        try:
            self.expires_at = await self._asker.ask(self.hear)
        except Unavailable:
            self._known = False
            return False
        except AerodromeError as error:
            self.error = error
        else:
            self.asked_at, self._known = asked_at, heard == self._heard
        self.changed()
        return True

    def changed(self) -> None:
        """Tell who waits."""
        for call in list(self._told):
            call()

    def end(self) -> None:
        """Hear of the caller no more."""
        self._asker.end()


class Watch:
    """Looks after the permits of one deployment.

    Each `LOOK_S` the one asked for longest ago is, so that a deployment that is gone is noticed whoever watches it;
    each one is after 5 s, and when there is news of its caller. A refusal of one has all asked for.
    """

    def __init__(self) -> None:
        self.permits: dict[Hashable, Permit] = {}
        self.known = True
        """Whether the last questions were answered."""
        self._hurry = asyncio.Event()
        self._places = asyncio.Semaphore(MOST_QUESTIONS)
        self.task = asyncio.create_task(self._run(), name="log permits")
        self.task.add_done_callback(self._ended)

    def hurry(self) -> None:
        """Look now."""
        self._hurry.set()

    async def _run(self) -> None:
        looked_at, everybody = 0.0, False
        while True:
            await self._pause(0.0 if everybody else LOOK_S - (time.monotonic() - looked_at))
            now = time.monotonic()
            live = [each for each in self.permits.values() if each.error is None]
            asked = [each for each in live if everybody or each.is_due(now)]
            if now - looked_at >= LOOK_S:
                looked_at = now  # also where all were refused and their viewers have yet to leave
                eldest = min(live, key=lambda each: each.asked_at, default=None)
                asked = asked if eldest is None or eldest in asked else [*asked, eldest]
            everybody = await self._ask(asked) and not everybody

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._hurry.wait()
        self._hurry.clear()

    async def _ask(self, permits: list[Permit]) -> bool:
        """Ask for these; say whether one was refused."""
        if permits:
            self._mark(known=all(await asyncio.gather(*map(self._one, permits))))
        return any(each.error is not None for each in permits)

    async def _one(self, permit: Permit) -> bool:
        async with self._places:
            late = asyncio.get_running_loop().call_later(ANSWER_S, lambda: self._mark(known=False))
            try:
                return await permit.renew()
            finally:
                late.cancel()

    def _mark(self, *, known: bool) -> None:
        if known != self.known:
            self.known = known
            for each in self.permits.values():
                each.changed()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Where nobody looks any more, nothing more is shown."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("permits of log lines can't be looked after any more", exc_info=error)
        for each in self.permits.values():
            each.error = Internal("it can't be asked whether the lines may be read")
            each.changed()


class Permits:
    """The permits of one process, each there while somebody reads by it."""

    def __init__(self) -> None:
        self._watches: dict[str, Watch] = {}

    @contextmanager
    def hold(self, deployment_id: str, caller: Hashable, asker: Asker) -> Generator[Permit]:
        """Give the permit that all viewers of this caller share while the block runs."""
        watch = self._watches.get(deployment_id)
        if watch is None or watch.task.done():
            watch = self._watches[deployment_id] = Watch()
        permit = watch.permits.get(caller)
        if permit is None or permit.error is not None:
            permit = watch.permits[caller] = Permit(asker, watch)
            LOG_PERMITS.inc()
        permit.users += 1
        try:
            yield permit
        finally:
            permit.users -= 1
            if not permit.users:
                LOG_PERMITS.dec()
                permit.end()
                self._let_go(deployment_id, watch, caller, permit)

    def _let_go(self, deployment_id: str, watch: Watch, caller: Hashable, permit: Permit) -> None:
        if watch.permits.get(caller) is permit:
            del watch.permits[caller]
        if watch.permits:
            return
        watch.task.cancel()
        if self._watches.get(deployment_id) is watch:
            del self._watches[deployment_id]
