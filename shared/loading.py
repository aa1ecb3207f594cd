"""Loads streams for the write path; what it has read lately it reads on from there."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from time import monotonic
from typing import Any, Final, TypeVar

from shared.decider import Decider, Loaded
from shared.store.events import EventStore

S = TypeVar("S")

MOST_EVENTS: Final = 20_000
"""Events that one process keeps; the streams longest unused go first."""
KEPT_S: Final = 30.0
"""How long a stream is kept at most: decrypted personal data must not outlive their key for long."""


class Loader:
    """Snapshots in memory: a cache, safe to lose, as every append checks version and hash under the lock."""

    def __init__(self, store: EventStore, *, most_events: int = MOST_EVENTS, kept_s: float = KEPT_S) -> None:
        self._store = store
        self._most_events = most_events
        self._kept_s = kept_s
        self._kept: OrderedDict[str, tuple[float, Loaded[Any]]] = OrderedDict()
        self._events = 0
        self._purging: asyncio.TimerHandle | None = None

    async def load(self, decider: Decider[Any, S, Any], stream: str) -> Loaded[S]:
        """Return a stream as it is now: only the events that are not known yet are read and folded."""
        since, known = self._kept.get(stream) or (monotonic(), Loaded(stream, decider.initial, 0, b"", ()))
        if monotonic() - since >= self._kept_s:
            since, known = monotonic(), Loaded(stream, decider.initial, 0, b"", ())
        loaded: Loaded[S] = known.then(decider, await self._store.read_stream(stream, after=known.version))
        self._keep(since, loaded)
        return loaded

    def forget(self, streams: Iterable[str]) -> None:
        """Read these streams from their beginning the next time."""
        for stream in streams:
            since_and_loaded = self._kept.pop(stream, None)
            if since_and_loaded is not None:
                self._events -= len(since_and_loaded[1].events)

    def _keep(self, since: float, loaded: Loaded[Any]) -> None:
        self.forget([loaded.stream])
        if not loaded.version:
            return
        self._kept[loaded.stream] = (since, loaded)
        self._events += len(loaded.events)
        while self._events > self._most_events:
            self.forget([next(iter(self._kept))])
        if self._purging is None:
            self._purging = asyncio.get_running_loop().call_later(self._kept_s, self._purge)

    def _purge(self) -> None:
        self._purging = None
        old = monotonic() - self._kept_s
        self.forget([stream for stream, (since, _) in self._kept.items() if since <= old])
        if self._kept:
            self._purging = asyncio.get_running_loop().call_later(self._kept_s, self._purge)
