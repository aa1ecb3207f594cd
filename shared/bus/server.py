"""The answering side of the bus: takes the messages of one service, bounded, and answers each once."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final
from uuid import UUID

from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind

from shared.bus.client import Bus
from shared.bus.connection import INBOX, Listening
from shared.bus.context import Context
from shared.bus.kernel import WaitFor
from shared.bus.lane import Lane
from shared.bus.request import Handler, Handlers, Request
from shared.bus.wire import MISTAKE, read, reply_of, reply_with
from shared.errors import AerodromeError, Internal, Invalid, OutcomeUnknown, Unavailable
from shared.messages import Ask, Command, Envelope, Reply
from shared.postgres import is_away
from shared.telemetry import DROPPED, MESSAGE_SECONDS, MESSAGES, caused_by, span

log = logging.getLogger(__name__)

_MOST_JOINED: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one process works on at once, and how much may wait for it."""

    commands_running: int = 64
    commands_waiting: int = 256
    queries_running: int = 64
    queries_waiting: int = 512
    waits: int = 1024


@dataclass(frozen=True, slots=True)
class _Subject:
    kind: type[Ask[Any]]
    handler: Handler
    lane: Lane


@dataclass(slots=True)
class _Run:
    """A message in work, and who waits for its answer: the asker and its repeats."""

    subject: str
    request: Request[Any]
    replies: list[str]
    began: float = field(default_factory=perf_counter)

    @property
    def sameness(self) -> tuple[str, str, str]:
        message, principal = self.request.message, self.request.context.principal
        wish = message.wish() if isinstance(message, Command) else message.model_dump_json()
        return self.subject, principal.subject, wish


class BusServer:
    """Answers the commands and queries of one service, in a queue group with its other replicas."""

    def __init__(
        self,
        bus: Bus,
        service: str,
        handlers: Handlers,
        *,
        limits: Limits | None = None,
        refused: Callable[[Request[Any], AerodromeError], None] | None = None,
    ) -> None:
        """`refused` is told of each message that its handler answered with an error; it must not wait."""
        sizes = limits or Limits()
        self._refused = refused
        self._bus = bus
        self._service = service
        self._commands = Lane("commands", running=sizes.commands_running, waiting=sizes.commands_waiting)
        self._queries = Lane("queries", running=sizes.queries_running, waiting=sizes.queries_waiting)
        self._waits = Lane("waits", running=sizes.waits, waiting=0)
        self._subjects = {self._name(kind): self._subject(kind, handler) for kind, handler in handlers.items()}
        self._runs: dict[UUID, _Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscriptions: list[Listening] = []

    async def start(self) -> None:
        """Take messages from now on."""
        for kind in ("command", "query"):
            subject = f"{self._service}.{kind}.*"
            self._subscriptions.append(await self._bus.subscribe(subject, self._receive, queue=self._service))
        await self._bus.flush()

    async def drain(self, *, patience_s: float = 10.0) -> None:
        """Take no more messages and finish those in work; what is not done after `patience_s` goes unanswered."""
        await self._bus.unsubscribe(self._subscriptions)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience_s)
        for task in self._tasks:
            log.error("a message was left unanswered at the drain")
            task.cancel()

    def _name(self, kind: type[Ask[Any]]) -> str:
        name = kind.subject.replace("*", self._service, 1)
        if not name.startswith(f"{self._service}."):
            raise TypeError(f"{kind.__name__} is no message of {self._service}")
        return name

    def _subject(self, kind: type[Ask[Any]], handler: Handler) -> _Subject:
        if kind is WaitFor:
            return _Subject(kind, handler, self._waits)
        return _Subject(kind, handler, self._commands if issubclass(kind, Command) else self._queries)

    async def _receive(self, message: Msg) -> None:
        # Without an inbox nobody waits. Any other reply subject would have us publish there what the asker may not.
        if not message.reply.startswith(INBOX):
            DROPPED.labels("any", "no inbox").inc()
            return
        try:
            self._take(message)
        except AerodromeError as error:
            known = message.subject if message.subject in self._subjects else "unknown"
            MESSAGES.labels(known, error.code).inc()
            if not isinstance(error, Unavailable):  # a full lane is counted; a line each would be too many
                log.info("message refused", extra={"subject": known, "outcome": error.code, "reason": error.text})
            await self._send(message.reply, reply_of(error))

    def _take(self, message: Msg) -> None:
        subject = self._subjects.get(message.subject)
        if subject is None:
            raise Invalid(f"{self._service} knows no such message")
        envelope = read(Envelope, message.data)
        request = Request(read(subject.kind, envelope.payload), Context.of(envelope))
        run = _Run(message.subject, request, [message.reply])
        if not self._join(run):
            subject.lane.admit()
            self._runs[envelope.message_id] = run
            task = asyncio.get_running_loop().create_task(self._work(run, subject))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _join(self, repeat: _Run) -> bool:
        run = self._runs.get(repeat.request.context.message_id)
        if run is None:
            return False
        if run.sameness != repeat.sameness:
            raise Invalid("this message id is in use for another message", rule="reused_id")
        if len(run.replies) >= _MOST_JOINED:
            raise Unavailable("too many repeats of this message")
        run.replies += repeat.replies
        return True

    async def _work(self, run: _Run, subject: _Subject) -> None:
        context = run.request.context
        with (
            caused_by(correlation_id=context.correlation_id, message_id=context.message_id),
            span(run.subject, kind=SpanKind.SERVER, traceparent=context.traceparent),
        ):
            try:
                async with subject.lane.place():
                    reply = await self._handle(run, subject)
            finally:  # from here on a repeat is a new run, which finds the receipt
                del self._runs[context.message_id]
            if reply is not None:
                for inbox in run.replies:
                    await self._send(inbox, reply)

    async def _handle(self, run: _Run, subject: _Subject) -> Reply | None:
        left_s = run.request.context.left_s
        if left_s <= 0:
            DROPPED.labels(subject.lane.name, "late").inc()
            return None
        limit = asyncio.timeout(left_s)
        try:
            async with limit:
                result = await subject.handler(run.request)
        except OutcomeUnknown:
            _tell(run, "unknown")
            return None
        except AerodromeError as error:
            _tell(run, error.code, error)
            if self._refused:
                self._refused(run.request, error)
            return reply_of(error)
        except Exception as error:  # noqa: BLE001 (the loop of all handlers: whatever one raises is answered and told)
            if limit.expired():
                _tell(run, "late")
                return None
            return reply_of(_as_ours(run, error))
        _tell(run, "answered", stream=result.stream, position=result.position)
        return reply_with(result)

    async def _send(self, inbox: str, reply: Reply) -> None:
        data = reply.model_dump_json().encode()
        if len(data) > self._bus.max_payload:
            text = f"the answer has {len(data)} bytes, at most {self._bus.max_payload} may be sent"
            log.error("an answer is too large", extra={"bytes": len(data)})
            data = reply_of(Internal(text)).model_dump_json().encode()
        try:
            await self._bus.publish(inbox, data)
        except Unavailable:
            log.warning("an answer could not be sent; the asker will repeat")


def _as_ours(run: _Run, error: Exception) -> AerodromeError:
    if is_away(error):
        away = Unavailable("a server that this needs is away")
        _tell(run, away.code, away)
        return away
    _tell(run, Internal.code)
    log.error("a handler failed", exc_info=error, extra={"subject": run.subject})
    return Internal(MISTAKE)


def _tell(run: _Run, outcome: str, error: AerodromeError | None = None, *, stream: str = "", position: int = 0) -> None:
    seconds = perf_counter() - run.began
    MESSAGES.labels(run.subject, outcome).inc()
    MESSAGE_SECONDS.labels(run.subject).observe(seconds)
    told: dict[str, object] = {"command": type(run.request.message).__name__, "outcome": outcome}
    if not isinstance(run.request.message, Command):
        return
    told |= {"stream": stream, "position": position} if stream else {}
    told |= {"rule": error.rule, "reason": error.text} if error is not None else {}
    log.info("command handled", extra=told | {"ms": round(seconds * 1000, 1)})
