"""Watches LocalExecutor's workers.

One that is killed while idle takes the lock of their queue with it: no task starts any more, and Airflow reads healthy.
"""

from dataclasses import dataclass, field
from typing import Final

import psutil

_TITLE: Final = "airflow worker -- LocalExecutor"


@dataclass(slots=True)
class ExecutorWatch:
    """The workers of one scheduler, looked at again and again; those of another shim are other workers."""

    parallelism: int
    _shim: int = 0
    _workers: list[psutil.Process] = field(default_factory=list[psutil.Process])

    def lost(self, shim: int) -> bool:
        """Say whether a worker seen before has ended, though the scheduler below this shim goes on."""
        if shim != self._shim:
            self._shim, self._workers = shim, []
        try:
            if not all(_runs(each) for each in self._workers):
                return True
            if len(self._workers) < self.parallelism:
                self._workers = _workers_below(shim)
        except psutil.NoSuchProcess:  # the scheduler ends
            return False
        return False


def _workers_below(shim: int) -> list[psutil.Process]:
    below = psutil.Process(shim).children()
    if not below:
        return []
    scheduler = min(below, key=psutil.Process.create_time)  # orphans come later
    return [each for each in scheduler.children() if "".join(each.cmdline()[:1]).startswith(_TITLE)]


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
