"""What followers need of the bus."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

from nats.aio.msg import Msg
from nats.js import JetStreamContext

from shared.bus.context import Context
from shared.bus.request import Answered
from shared.messages import Ask, Message

A = TypeVar("A", bound=Message)


class StreamWire(Protocol):
    """The part of shared.bus.connection.Connection that followers use."""

    def jetstream(self) -> JetStreamContext: ...

    def on_connected(self, call: Callable[[], Coroutine[Any, Any, None]]) -> None: ...


class Wire(Protocol):
    """The part of shared.bus.client.Bus that followers use; documented there."""

    async def ask(self, message: Ask[A], context: Context, *, to: str = "") -> Answered[A]: ...

    async def publish(self, subject: str, data: bytes = b"") -> None: ...

    async def subscribe(
        self, subject: str, receive: Callable[[Msg], Awaitable[None]], *, queue: str = ""
    ) -> object: ...

    def stream(self, name: str) -> StreamWire: ...
