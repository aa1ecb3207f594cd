"""Who asks in tests whether lines may be read: somebody whom the test plays."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import datetime

from services.gateway.logs.permit import Call, Permit, Permits


async def anybody() -> None:
    """Allow it."""


class Asker:
    """Asks what the test says; `news` is what happens to the caller."""

    def __init__(self, allowed: Callable[[], Awaitable[None]] = anybody) -> None:
        self.allowed = allowed
        self.asked = 0
        self.ended = False
        self._hear: Call | None = None

    async def ask(self, hear: Call) -> datetime | None:
        """Ask, and hear from now on."""
        self._hear = hear
        self.asked += 1
        await self.allowed()
        return None

    def news(self) -> None:
        """Have something happen to the caller."""
        assert self._hear is not None
        self._hear()

    def end(self) -> None:
        """Hear no more."""
        self.ended = True


@contextmanager
def permitted(deployment_id: str, asker: Asker | None = None, *, caller: str = "someone") -> Generator[Permit]:
    """Give a permit that nobody else has."""
    with Permits().hold(deployment_id, caller, asker or Asker()) as permit:
        yield permit
