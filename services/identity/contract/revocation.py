"""What identity tells at once, on core NATS, to whoever keeps an answer to Authenticate."""

from typing import ClassVar

from shared.messages import Message


class Revoked(Message):
    """These streams have gone on: what was read of them before `position` is old; 0: all that was read so far.

    Sent after every commit, before the command is answered. At most once: who may have missed one asks anew.
    """

    subject: ClassVar[str] = "identity.revoked"

    streams: tuple[str, ...]
    position: int = 0
