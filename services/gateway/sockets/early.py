"""Operations that a client of the legacy protocol starts before it has told who it is."""

from typing import Final

from services.gateway.sockets.dialects import Dialect, Frame

MOST_EARLY: Final = 64 * 1024
"""Characters of them that may wait."""


class Early:
    """What waits for connection_init, as the library of the legacy protocol has it wait."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._frames: list[Frame] = []
        self._size = 0

    def put_off(self, frame: Frame, size: int) -> bool:
        """Keep a frame of `size` characters; return False where it may not wait."""
        self._size += size
        if not self._dialect.legacy or frame["type"] != self._dialect.start or self._size > MOST_EARLY:
            return False
        self._frames.append(frame)
        return True

    def take(self) -> list[Frame]:
        """Return what waits, which then waits no more."""
        frames, self._frames = self._frames, []
        return frames
