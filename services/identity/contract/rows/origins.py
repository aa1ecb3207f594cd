"""What is told of from where something was asked."""

from shared.auth import Origin
from shared.messages import Message


class SealedOrigin(Message):
    """An origin that identity alone can read; "" where it may not be kept."""

    seal: str = ""


class OpenedOrigins(Message):
    """Origins in the order of their seals; None: forgotten."""

    origins: tuple[Origin | None, ...] = ()
