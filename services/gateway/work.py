"""Places for documents in work: a bounded number, of which no source takes those that others need."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

MOST_IN_WORK: Final = 500
"""Documents that one process works on at a time; further ones are told to try again."""


class Work:
    """The documents that one gateway works on, counted by their source.

    A source gets another one only while it has fewer than are free: alone it comes to half of them, and `n` busy ones
    come to 1/(n + 1) each as places are given back. So who has none finds one.
    """

    def __init__(self, *, most: int = MOST_IN_WORK) -> None:
        self._free = most
        self._of: Counter[str] = Counter()

    @contextmanager
    def place(self, source: str) -> Generator[bool]:
        """Keep a place for `source` while the block runs; False where it gets none."""
        admitted = self._of[source] < self._free
        if admitted:
            self._take(source, 1)
        try:
            yield admitted
        finally:
            if admitted:
                self._take(source, -1)
            elif not self._of[source]:
                del self._of[source]

    @property
    def sources(self) -> int:
        """Return how many sources have documents in work."""
        return len(self._of)

    def _take(self, source: str, places: int) -> None:
        self._free -= places
        self._of[source] += places
        if not self._of[source]:
            del self._of[source]
