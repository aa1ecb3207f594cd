"""The two sub-protocols: the names and forms of their frames, and how each ends a socket.

Source: houston.md, section 1.5; the PROTOCOL.md of subscriptions-transport-ws and of graphql-ws.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from services.gateway.answers import encode

Frame = Mapping[str, Any]
PROHIBITED: Final = "Prohibited connection!"


class Close(IntEnum):
    """Why the gateway closes a socket."""

    GOING_AWAY = 1001
    REFUSED = 1011
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    NO_SUBPROTOCOL = 4406
    INIT_TIMEOUT = 4408
    DUPLICATE_ID = 4409
    SECOND_INIT = 4429
    UNAVAILABLE = 4503


class Ended(Exception):
    """The socket must be closed, for this reason."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Dialect:
    """One sub-protocol.

    `legacy` means: a missing id is an id, a new operation takes the place of the one with its id, errors are objects,
    and whoever is refused gets a frame before the close.
    """

    name: str
    start: str
    stop: str
    data: str
    legacy: bool
    terminate: str = ""
    pings: Mapping[str, str] = field(default_factory=dict[str, str])

    def result(self, key: Any, body: Frame) -> Frame:
        """Return the frame of one answer."""
        return _frame(self.data, key, body)

    def head(self, key: Any) -> bytes:
        """Return the text of such a frame before its body; behind that comes a closing brace."""
        return f'{encode(_frame(self.data, key))[:-1]},"payload":'.encode()

    def refused(self, key: Any, errors: list[Any]) -> Frame:
        """Return the frame of an operation that was not executed."""
        return _frame("error", key, errors[0] if self.legacy else errors)

    def complete(self, key: Any) -> Frame:
        """Return the frame that ends an operation."""
        return _frame("complete", key)


def _frame(kind: str, key: Any, payload: Any = None) -> Frame:
    frame: dict[str, Any] = {"type": kind}
    if key is not None:
        frame["id"] = key
    if payload is not None:
        frame["payload"] = payload
    return frame


LEGACY: Final = Dialect(
    name="graphql-ws", start="start", stop="stop", data="data", legacy=True, terminate="connection_terminate"
)
TRANSPORT: Final = Dialect(
    name="graphql-transport-ws",
    start="subscribe",
    stop="complete",
    data="next",
    legacy=False,
    pings={"ping": "pong", "pong": ""},
)
DIALECTS: Final[Mapping[str, Dialect]] = {dialect.name: dialect for dialect in (TRANSPORT, LEGACY)}
