"""The asking side of the bus: one connection to NATS, with questions, publications and subscriptions."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext

from shared.bus.context import Context
from shared.bus.request import Answered
from shared.messages import Ask, Message
from shared.settings import BusSettings

A = TypeVar("A", bound=Message)


class Bus:
    """A connection to NATS that comes back by itself."""

    @classmethod
    async def connect(cls, settings: BusSettings, *, name: str) -> "Bus":
        """Return a connected bus; waits for NATS with backoff for as long as it takes."""
        raise NotImplementedError

    @property
    def connected(self) -> bool:
        """Say whether NATS is there now."""
        raise NotImplementedError

    async def ask(self, message: Ask[A], context: Context, *, to: str = "") -> Answered[A]:
        """Return the answer to `message`; raise the error that the answer carries.

        An unanswered message is repeated with the same id until `context.deadline`, then Unavailable is raised; it is
        raised at once when nobody listens. `to` names the service of a kernel query (`*.query.…`).
        """
        raise NotImplementedError

    async def publish(self, subject: str, data: bytes = b"") -> None:
        """Publish to core NATS; at most once, dropped while NATS is away."""
        raise NotImplementedError

    async def subscribe(
        self, subject: str, receive: Callable[[Msg], Awaitable[None]], *, queue: str = ""
    ) -> Subscription:
        """Call `receive` with every message on `subject`, one by one."""
        raise NotImplementedError

    def jetstream(self) -> JetStreamContext:
        """Return the JetStream side of this connection."""
        raise NotImplementedError

    def on_connected(self, call: Callable[[], Awaitable[None]]) -> None:
        """Call `call` each time the connection has come back."""
        raise NotImplementedError

    async def close(self) -> None:
        """Send what is pending and leave."""
        raise NotImplementedError
