"""What a source writes, as it comes, cut to lines within the deployment's quota; what is over it is only counted."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from services.deployments.logs.parsing import Head
from services.deployments.logs.quota import Quota
from services.deployments.logs.records import LONGEST_LINE, Assembler


@dataclass(slots=True, eq=False)
class Pipe:
    """One pipe or file. `put` takes complete records and the number of lines dropped before them; it never waits.

    Bytes over the quota are neither copied nor decoded: their line ends are counted. A line of which a part was dropped
    is dropped.
    """

    quota: Quota
    put: Callable[[list[Head], int], None]
    clock: Callable[[], float] = time.monotonic
    _assembler: Assembler = field(default_factory=Assembler)
    _begun: bytes = b""
    _skipping: bool = False
    _heard_at: float = 0.0

    def take(self, written: bytes) -> None:
        """Take what was written: lines, or parts of lines."""
        if not written:
            return
        now = self._heard_at = self.clock()
        left = self.quota.left(now)
        if left < 1:
            self._drop(written)
            return
        if self._skipping:
            _, end, written = written.partition(b"\n")
            if not end:
                return
            self._skipping = False
        *lines, begun = (self._begun + written).split(b"\n", left)
        self._begun = b""
        while len(begun) > LONGEST_LINE and len(lines) < left:
            lines.append(begun[:LONGEST_LINE])
            begun = begun[LONGEST_LINE:]
        self.quota.spend(len(lines), sum(map(len, lines)))
        self.put([record for line in lines for record in self._assembler.take(line)], 0)
        if len(lines) < left:
            self._begun = begun
        elif begun:
            self._drop(begun)

    @property
    def is_open(self) -> bool:
        """Whether a record is held back because more of it may come."""
        return self._assembler.is_open

    def flush(self, *, silent_s: float) -> None:
        """Give the record held back if nothing came for so long."""
        if self.is_open and self.clock() - self._heard_at >= silent_s:
            self.put(self._assembler.close(), 0)

    def _drop(self, written: bytes) -> None:
        ends = written.count(b"\n")
        cut = not written.endswith(b"\n")
        dropped = ends + cut - self._skipping if ends or not self._skipping else 0  # a cut line counts once
        self.put(self._assembler.close(), dropped)
        self._begun, self._skipping = b"", cut
