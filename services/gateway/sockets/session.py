"""One socket: its beginning, its operations and its end."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import ExitStack, aclosing, suppress
from dataclasses import replace
from typing import Final, NoReturn

from aiohttp import ClientConnectionResetError, WSMsgType, web

from services.gateway.answers import Answer, encode, refusal
from services.gateway.callers import Callers
from services.gateway.context import Asking, RequestContext
from services.gateway.errors import Code
from services.gateway.events import Encoded
from services.gateway.execution import Engine
from services.gateway.metrics import SOCKETS, SUBSCRIPTIONS
from services.gateway.requests import GraphRequest, read_request
from services.gateway.sockets.dialects import PROHIBITED, Close, Dialect, Ended, Frame
from services.gateway.sockets.early import Early
from services.gateway.sockets.frames import key_of, read_frame, token_in
from services.gateway.sockets.guard import FAREWELLS, Guard, Loss
from services.gateway.sockets.patience import Patience
from services.gateway.sockets.seats import TOO_MANY_OPERATIONS, TOO_MANY_SOCKETS, Seats
from shared.auth import PrincipalKind
from shared.bus.client import Bus
from shared.errors import AerodromeError, Invalid

log: Final = logging.getLogger(__name__)

INIT_S: Final = 5.0
"""How long a client may take to send connection_init and be known."""

SEND_S: Final = 15.0
"""How long one frame may wait for a client that does not read."""

CANCEL_S: Final = 2.0
"""How long a cancelled operation may take to clean up before it is cancelled again."""

MOST_OPERATIONS: Final = 50
"""Operations that one socket may have under way."""
FAREWELL_S: Final = 0.3

Key = str | int | None


class Session:
    """The talk on one socket."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        dialect: Dialect,
        engine: Engine,
        bus: Bus,
        callers: Callers,
        *,
        asking: Asking,
        seats: Seats,
        abort: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._dialect = dialect
        self._engine = engine
        self._bus = bus
        self._callers = callers
        self._asking = asking
        self._seats = seats
        self._seat = ExitStack()
        self._holder = ""
        self._abort = abort
        self._token: str | None = None
        self._guard: Guard | None = None
        self._loss: Loss | None = None
        self._patience = asyncio.timeout(INIT_S)
        self._sending = Patience(lambda: SEND_S, abort)  # the receiving side ends with it
        self._early = Early(dialect)
        self._operations: dict[Key, asyncio.Task[None]] = {}
        self._contexts: dict[Key, RequestContext] = {}

    @property
    def begun(self) -> bool:
        """Say whether the client has told who it is."""
        return self._token is not None

    async def run(self) -> None:
        """Serve the socket until either side ends it; leaves no task behind."""
        SOCKETS.inc()
        try:
            await self._talk()
        except Ended as ended:
            await self._cancel_all()
            await self._close(ended.code, ended.reason)
        except ClientConnectionResetError:
            pass  # the client is gone
        finally:
            if self._guard:
                await self._guard.end()
            await self._cancel_all()
            self._sending.end()
            self._seat.close()
            SOCKETS.dec()

    def _news(self) -> int:
        """Return how often there was news of the caller."""
        return self._guard.news if self._guard else 0

    def _lose(self, loss: Loss) -> None:
        """Have the talk end because its caller lost a right."""
        self._loss = loss
        self._patience.reschedule(0)

    async def _end_lost(self, loss: Loss) -> NoReturn:
        await self._say_farewell(FAREWELLS[loss])
        if loss is Loss.UNKNOWN:
            raise Ended(Close.UNAVAILABLE, "try again later")
        await self._refuse(Close.FORBIDDEN, "Forbidden")

    async def leave(self) -> None:
        """End the socket because the gateway goes away."""
        await self._say_farewell("the gateway goes away, come back to the next one")
        await self._close(Close.GOING_AWAY, "the gateway goes away")

    async def _say_farewell(self, why: str) -> None:
        """End all operations; those that can show why do: clients of 2020 take any close for a token that ran out."""
        left = [(key, context.farewell) for key, context in self._contexts.items() if context.farewell]
        await self._cancel_all()
        with suppress(TimeoutError, ClientConnectionResetError):
            async with asyncio.timeout(FAREWELL_S):
                for key, farewell in left:
                    await self._send_text(farewell(why).frame(self._dialect.head(key)))

    async def _talk(self) -> None:
        try:
            async with asyncio.timeout(INIT_S) as self._patience:
                while (message := await self._socket.receive()).type is WSMsgType.TEXT:
                    if await self._take(message.data):
                        return
                    if self._token is not None and self._loss is None:
                        self._patience.reschedule(None)
                if message.type is WSMsgType.BINARY:
                    raise Ended(Close.BAD_MESSAGE, "a frame must be text")
        except TimeoutError:
            if self._loss is not None:
                await self._end_lost(self._loss)
            await self._refuse(Close.INIT_TIMEOUT, "Connection initialisation timeout")

    async def _take(self, text: str) -> bool:
        """Do what a frame asks for; say whether the client has ended the talk."""
        try:
            frame = read_frame(text)
            kind = frame["type"]
            if kind == "connection_init":
                await self._begin(frame)
            elif kind in self._dialect.pings:
                if answer := self._dialect.pings[kind]:
                    await self._send({"type": answer})
            elif self._token is None:
                if not self._early.put_off(frame, len(text)):
                    await self._refuse(Close.UNAUTHORIZED, "Unauthorized")
            elif kind == self._dialect.start:
                await self._start(frame)
            elif kind == self._dialect.stop:
                await self._stop(key_of(frame, legacy=self._dialect.legacy))
            elif kind == self._dialect.terminate:
                return True
            else:
                raise Ended(Close.BAD_MESSAGE, "frames of this type are not known here")
        except Invalid as error:
            raise Ended(Close.BAD_MESSAGE, error.text) from None
        return False

    async def _begin(self, frame: Frame) -> None:
        """Authenticate; what arrives meanwhile waits in the socket."""
        if self._token is not None:
            raise Ended(Close.SECOND_INIT, "Too many initialisation requests")
        context = RequestContext(self._bus, self._callers, replace(self._asking, token=token_in(frame)))
        try:
            caller = await context.caller()
        except AerodromeError:
            raise Ended(Close.UNAVAILABLE, "try again later") from None
        if caller.principal.kind is PrincipalKind.ANONYMOUS:
            await self._refuse(Close.FORBIDDEN, "Forbidden")
        self._holder = f"{caller.principal.kind}:{caller.principal.subject}"
        if not self._seat.enter_context(self._seats.sockets.place(self._holder)):
            await self._refuse(Close.UNAVAILABLE, TOO_MANY_SOCKETS, told=TOO_MANY_SOCKETS)
        self._token = context.asking.token
        self._guard = Guard(self._callers, self._token, caller, lost=self._lose)
        await self._send({"type": "connection_ack"})
        for early in self._early.take():
            await self._start(early)

    async def _refuse(self, code: Close, reason: str, *, told: str = PROHIBITED) -> NoReturn:
        if self._dialect.legacy:
            await self._send({"type": "connection_error", "payload": {"message": told}})
            raise Ended(Close.REFUSED, told)
        raise Ended(code, reason)

    def _context(self) -> RequestContext:
        asking = replace(self._asking, token=self._token or "")
        return RequestContext(self._bus, self._callers, asking, news=self._news)

    async def _start(self, frame: Frame) -> None:
        key = key_of(frame, legacy=self._dialect.legacy)
        request = read_request(frame.get("payload"))
        if key in self._operations:
            if not self._dialect.legacy:
                raise Ended(Close.DUPLICATE_ID, "Subscriber for this id already exists")
            await self._stop(key)
        if len(self._operations) >= MOST_OPERATIONS:
            await self._turn_away(key, f"A socket may have {MOST_OPERATIONS} operations under way", Code.BAD_USER_INPUT)
            return
        task = asyncio.create_task(self._operate(key, request), name="socket operation")
        self._operations[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))

    async def _operate(self, key: Key, request: GraphRequest) -> None:
        """Send the answers of one operation, then that it is complete."""
        with self._seats.operations.place(self._holder) as admitted:
            if admitted:
                await self._answer(key, request)
            else:
                await self._turn_away(key, TOO_MANY_OPERATIONS, Code.UNAVAILABLE)

    async def _turn_away(self, key: Key, why: str, code: Code) -> None:
        await self._send(self._dialect.refused(key, refusal(400, why, code).body["errors"]))

    async def _answer(self, key: Key, request: GraphRequest) -> None:
        context = self._contexts[key] = self._context()
        head = self._dialect.head(key)
        with SUBSCRIPTIONS.track_inprogress():
            try:
                async with aclosing(self._engine.answers(request, context)) as answers:
                    async for answer in answers:
                        if not isinstance(answer, Answer):
                            await self._sending.wait(self._send_all(answer, head))
                            continue
                        if answer.status != 200:
                            await self._send(self._dialect.refused(key, answer.body["errors"]))
                            return
                        await self._send(self._dialect.result(key, answer.body))
                await self._send(self._dialect.complete(key))
            except ClientConnectionResetError:
                log.debug("the client of an operation is gone")

    def _ended(self, key: Key, task: "asyncio.Task[None]") -> None:
        if self._operations.get(key) is task:
            del self._operations[key]
            self._contexts.pop(key, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an operation of a socket failed", exc_info=error)
            self._abort()

    async def _stop(self, key: Key) -> None:
        task = self._operations.pop(key, None)
        self._contexts.pop(key, None)
        if task is None:
            return
        await _cancelled([task])
        if self._dialect.legacy:
            await self._send(self._dialect.complete(key))

    async def _cancel_all(self) -> None:
        tasks = list(self._operations.values())
        self._operations.clear()
        self._contexts.clear()
        await _cancelled(tasks)

    async def _send(self, frame: Frame) -> None:
        await self._send_text(encode(frame).encode())

    async def _send_text(self, text: bytes) -> None:
        await self._sending.wait(self._socket.send_frame(text, WSMsgType.TEXT))

    async def _send_all(self, answers: Iterable[Encoded], head: bytes) -> None:
        for answer in answers:
            await self._socket.send_frame(answer.frame(head), WSMsgType.TEXT)
            self._sending.moves()

    async def _close(self, code: Close, reason: str) -> None:
        try:
            await self._socket.close(code=code, message=reason.encode()[:120])
        except ClientConnectionResetError:
            log.debug("the client left first")


async def _cancelled(tasks: "list[asyncio.Task[None]]") -> None:
    """Return when the tasks have ended; asked more than once, for a library may swallow a cancellation."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_S)
