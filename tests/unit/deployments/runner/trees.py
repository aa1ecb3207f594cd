"""Process trees for tests of the shim: how to wait for them, and what of them is alive."""

import time
from collections.abc import Callable, Collection
from pathlib import Path

from tests.servers import alive

PATIENCE_S = 20.0


def wait_until(true: Callable[[], object]) -> None:
    """Wait for a condition; it fails the test only if it never comes true."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


def pids_in(folder: Path, *, count: int) -> list[int]:
    """Return the pids that the processes of a tree wrote into files of `folder`, once there are so many."""

    def written() -> list[int]:
        return [int(text) for path in folder.glob("*.pid") if (text := path.read_text(encoding="ascii").strip())]

    wait_until(lambda: len(written()) == count)
    return written()


def all_gone(pids: Collection[int]) -> bool:
    """Return whether none of them runs."""
    return not any(alive(pid) for pid in pids)
