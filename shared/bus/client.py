"""The asking side of the bus: the connections to NATS, with questions, publications, subscriptions and streams."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, Final, TypeVar

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from opentelemetry.trace import SpanKind
from pydantic import ValidationError

from shared.bus.connection import COMMANDS, Connection, Listening
from shared.bus.context import Context
from shared.bus.request import Answered
from shared.bus.wire import MISTAKE, envelope, error_of
from shared.errors import AerodromeError, Internal, Invalid, Unavailable
from shared.messages import Ask, Message, Reply
from shared.settings import BusSettings
from shared.telemetry import ASKS, REPEATS, span

log = logging.getLogger(__name__)

A = TypeVar("A", bound=Message)

ATTEMPT_S: Final = 1.5
"""How long one sending waits for its answer before the next; the run in flight is joined."""
_PAUSE_S: Final = 0.1


class Bus:
    """Connections to NATS that come back by themselves, and the questions that wait on the one for commands.

    Each JetStream stream has an account and so a connection of its own: whatever its keeper or a reader has JetStream
    do, it neither captures nor sends a command, an answer or a message of another stream.
    """

    def __init__(self, connection: Connection, streams: Mapping[str, Connection]) -> None:
        self._connection = connection
        self._streams = streams
        self._prefix, _, self._name = connection.new_inbox().rpartition(".")
        self._asked: dict[str, asyncio.Future[Msg]] = {}
        self._count = 0

    @classmethod
    async def connect(cls, settings: BusSettings, *, name: str, streams: Collection[str] = ()) -> "Bus":
        """Return a bus connected for commands and to `streams`; waits for NATS with backoff for as long as it takes."""
        accounts = (COMMANDS, *streams)
        opened = await asyncio.gather(*(Connection.open(settings, name=name, account=each) for each in accounts))
        bus = cls(opened[0], dict(zip(accounts[1:], opened[1:], strict=True)))
        await bus.subscribe(f"{bus._inbox_of('*')}.*.*", bus._receive)
        return bus

    @property
    def connected(self) -> bool:
        """Say whether NATS is there now, for commands and for every stream."""
        return self._connection.connected and all(stream.connected for stream in self._streams.values())

    @property
    def max_payload(self) -> int:
        """Return how many bytes a message may have."""
        return self._connection.max_payload

    async def ask(self, message: Ask[A], context: Context, *, to: str = "") -> Answered[A]:
        """Return the answer to `message`; raise the error that the answer carries.

        An unanswered message is repeated with the same id until `context.deadline`, then Unavailable is raised; it is
        raised at once when nobody listens. `to` names the service of a kernel query (`*.query.…`).
        """
        subject = message.subject.replace("*", to, 1) if to else message.subject
        outcome = "answered"
        try:
            with span(f"ask {subject}", kind=SpanKind.CLIENT):
                return _answered(type(message).answer_type(), await self._answer(subject, message, context))
        except AerodromeError as error:
            outcome = error.code
            raise
        finally:
            ASKS.labels(subject, outcome).inc()

    async def publish(self, subject: str, data: bytes = b"") -> None:
        """Publish to core NATS, at most once; while NATS is away a little is kept, then Unavailable is raised."""
        try:
            await self._connection.client.publish(subject, data)
        except NatsError as error:
            raise Unavailable("nats is away") from error

    async def subscribe(self, subject: str, receive: Callable[[Msg], Awaitable[None]], *, queue: str = "") -> Listening:
        """Call `receive` with every message on `subject`, one by one; kept across reconnections."""
        return await self._connection.subscribe(subject, receive, queue=queue)

    async def unsubscribe(self, subscriptions: Sequence[Listening]) -> None:
        """Take no more messages on these; those that are here already are handed over before this returns."""
        await self._connection.forget(subscriptions)

    async def flush(self) -> None:
        """Return when NATS has taken what was sent, for instance a subscription; raise Unavailable if it is away."""
        try:
            await self._connection.flush(timeout_s=5)
        except NatsError as error:
            raise Unavailable("nats is away") from error

    def stream(self, name: str) -> Connection:
        """Return the connection to a JetStream stream; it is one of those that `connect` was given."""
        return self._streams[name]

    def on_connected(self, call: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Call `call` each time the connection for commands has come back."""
        self._connection.on_connected(call)

    async def close(self) -> None:
        """Send what is pending and leave."""
        await asyncio.gather(*(each.close() for each in (self._connection, *self._streams.values())))

    async def _answer(self, subject: str, message: Ask[Any], context: Context) -> bytes:
        data = envelope(message, context)
        if len(data) > self.max_payload:
            raise Invalid(f"the message has {len(data)} bytes, at most {self.max_payload} may be sent")
        self._count += 1
        question, attempt = f"{self._inbox_of(subject.partition('.')[0])}.{self._count}", 0
        while context.left_s > 0:
            attempt += 1
            answer = await self._attempt(subject, data, f"{question}.{attempt}", context)
            if answer is not None and not _nobody_listened(answer):
                return answer.data
            if answer is not None and attempt == 1:
                raise Unavailable(f"nobody listens on {subject}")
            if answer is not None:  # its handler left while it worked on this; another will come
                await asyncio.sleep(_PAUSE_S)
            REPEATS.labels(subject).inc()
        raise Unavailable(f"no answer on {subject} before the deadline")

    def _inbox_of(self, service: str) -> str:
        """Return where answers of a service come in; NATS lets no other one send there."""
        return f"{self._prefix}.{service}.{self._name}"

    async def _attempt(self, subject: str, data: bytes, inbox: str, context: Context) -> Msg | None:
        if not await self._connection.wait(timeout_s=context.left_s):
            return None
        question = inbox.rpartition(".")[0]
        future = self._asked[question] = asyncio.get_running_loop().create_future()
        try:
            await self._connection.client.publish(subject, data, reply=inbox)
            done, _ = await asyncio.wait({future}, timeout=max(0, min(ATTEMPT_S, context.left_s)))
            return future.result() if done else None
        except NatsError:  # lost just now; the next attempt waits for the connection
            await asyncio.sleep(_PAUSE_S)
            return None
        finally:
            del self._asked[question]

    async def _receive(self, answer: Msg) -> None:
        # The answer to an earlier attempt is as good as one to the latest.
        future = self._asked.get(answer.subject.rpartition(".")[0])
        if future is not None and not future.done():
            future.set_result(answer)


def _answered(kind: type[A], raw: bytes) -> Answered[A]:
    try:
        reply = Reply.model_validate_json(raw)
        if reply.fault is not None:
            raise error_of(reply.fault)
        value = kind.model_validate_json(reply.value or "")
    except ValidationError:
        log.exception("an answer does not fit", extra={"expected": kind.__name__})
        raise Internal(MISTAKE) from None
    return Answered(value=value, stream=reply.stream, position=reply.position)


def _nobody_listened(answer: Msg) -> bool:
    return not answer.data and (answer.headers or {}).get("Status") == "503"
