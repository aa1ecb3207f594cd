"""Hashing of passwords: argon2id in a few threads of its own, never on the event loop."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from services.identity.domain.texts import SHORTEST_PASSWORD
from shared.errors import Unavailable

T = TypeVar("T")

COMMON: Final = frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= SHORTEST_PASSWORD)
"""The most common passwords that are long enough for our rule: 11,600 of the 30,000 that zxcvbn lists."""

MOST_WAITING: Final = 400
"""Passwords that may wait for a thread; at 30 ms each that is as long as a sign-in may take."""

NICENESS: Final = 10
"""How far hashing stands back behind requests where processors are busy: it still gets about a tenth of one."""

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)

# The hash of a random word that nobody knows. Who is unknown is checked against it, so that it takes as long.
_DECOY: Final = "$argon2id$v=19$m=19456,t=2,p=1$p5lQ5W+kIQXfxz27e1R2IA$cMJNBo70DLk9zxoVUW+IqOFOr958vWDjUAjPq7W2wMs"


class Passwords:
    """Hashes and checks passwords, as many at once as there are spare processors."""

    def __init__(self, *, threads: int | None = None, most_waiting: int = MOST_WAITING) -> None:
        count = threads or max(1, (os.cpu_count() or 1) - 1)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="password", initializer=_stand_back)
        self._most = count + most_waiting
        self._inside = 0

    async def hash(self, password: str) -> str:
        """Return the argon2id hash of a password (m=19 MiB, t=2, p=1), with a new salt.

        Raises Unavailable at once when too many are waiting.
        """
        return await self._run(lambda: _HASHER.hash(password))

    async def verify(self, password: str, hashed: str) -> bool:
        """Say whether `hashed` is of this password; "" is of none, and takes as long to say.

        Raises Unavailable at once when too many are waiting.
        """
        return await self._run(lambda: _verify(password, hashed))

    def close(self) -> None:
        """End the threads; what is still waiting is not done."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._inside >= self._most:
            raise Unavailable("too many passwords are waiting to be checked")
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._inside -= 1


def _stand_back() -> None:
    """Let everything else on the machine go before this thread: a storm of sign-ins slows nobody else down."""
    if sys.platform == "linux":  # where a thread has a niceness of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _verify(password: str, hashed: str) -> bool:
    try:
        _HASHER.verify(hashed or _DECOY, password)
    except (VerificationError, InvalidHashError):
        return False
    return bool(hashed)
