"""The connection to NATS: opened with patience, kept for ever, opened anew when its client has given up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.errors import StaleConnectionError, UnexpectedEOF
from nats.js import JetStreamContext

from shared.settings import BusSettings
from shared.telemetry import NATS_CONNECTED

log = logging.getLogger(__name__)

Receive = Callable[[Msg], Awaitable[None]]

INBOX: Final = "_INBOX"
"""How every inbox begins."""

COMMANDS: Final = "commands"
"""The account of NATS in which everything travels but streams; it has no JetStream."""

_CONNECT_TIMEOUT_S: Final = 2
_RECONNECT_S: Final = 0.2
_PING_S: Final = 10
_PENDING_BYTES: Final = 256 * 1024  # sent while away; more is refused, and the asker repeats
_AWAY: Final = (OSError, TimeoutError, UnexpectedEOF, StaleConnectionError)
_SUB_MESSAGES: Final = 4096
_SUB_BYTES: Final = 16 * 1024 * 1024


@dataclass(slots=True, eq=False)
class Listening:
    """A subscription that outlives the client it was made with."""

    subject: str
    queue: str
    receive: Receive
    current: Subscription | None = None


class Connection:
    """One client of NATS and the subscriptions that it must have."""

    def __init__(self, settings: BusSettings, *, name: str, account: str) -> None:
        self._settings = settings
        self._name = name
        self._account = account
        self._listening: list[Listening] = []
        self._calls: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._up = asyncio.Event()
        self._leaving = False
        self._told_away = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.client = Client()

    @classmethod
    async def open(cls, settings: BusSettings, *, name: str, account: str = COMMANDS) -> "Connection":
        """Return an open connection to an account of NATS; tries until it is there."""
        connection = cls(settings, name=name, account=account)
        await connection._connect()
        return connection

    @property
    def connected(self) -> bool:
        """Say whether NATS is there now."""
        return self.client.is_connected

    @property
    def max_payload(self) -> int:
        """Return how many bytes the server takes in one message."""
        return self.client.max_payload

    def jetstream(self, *, timeout_s: float = 5.0) -> JetStreamContext:
        """Return the JetStream side of the present client; ask again after an error.

        A request waits `timeout_s` for its answer, also one that was sent while NATS was away, which gets none.
        """
        return self.client.jetstream(timeout=timeout_s)

    def new_inbox(self) -> str:
        """Return a subject of our own that nobody else may listen to."""
        return self.client.new_inbox()

    async def wait(self, *, timeout_s: float) -> bool:
        """Return whether NATS is there, within `timeout_s`."""
        if self._up.is_set():
            return True
        try:
            async with asyncio.timeout(max(0, timeout_s)):
                await self._up.wait()
        except TimeoutError:
            return False
        return True

    async def subscribe(self, subject: str, receive: Receive, *, queue: str = "") -> Listening:
        """Subscribe now, and again whenever the client is replaced."""
        listening = Listening(subject, queue, receive)
        self._listening.append(listening)
        await self._subscribe(listening)
        return listening

    async def forget(self, ended: Sequence[Listening]) -> None:
        """Take no more messages on these, and hand over those that are here already."""
        self._listening = [each for each in self._listening if each not in ended]
        if self.connected:
            await asyncio.gather(*(_drain(each.current) for each in ended if each.current))

    def on_connected(self, call: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Call `call` each time the connection has come back."""
        self._calls.append(call)

    async def flush(self, *, timeout_s: int) -> None:
        """Return when NATS has taken what was sent; raise nats-py's error if it is away."""
        for _ in range(2):  # nats-py's ping overtakes what is pending; the second one comes behind it
            await self.client.flush(timeout=timeout_s)

    async def close(self) -> None:
        """Send what is pending and leave."""
        self._leaving = True
        for task in self._tasks:
            task.cancel()
        if self.connected:
            try:
                await self.flush(timeout_s=1)
            except NatsError:
                log.warning("nats left before everything was sent")
        await self.client.close()

    async def _connect(self) -> None:
        client = Client()
        user = self._settings.nats_user
        await client.connect(
            self._settings.nats_url.split(","),
            name=self._name,
            user=login_name(user, self._account) if user else None,
            password=self._settings.nats_password.get_secret_value() or None,
            inbox_prefix=f"{INBOX}_{user}" if user else INBOX,
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=_RECONNECT_S,  # type: ignore[arg-type]  # it sleeps, so a float will do
            connect_timeout=_CONNECT_TIMEOUT_S,
            ping_interval=_PING_S,
            max_outstanding_pings=2,
            pending_size=_PENDING_BYTES,
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnected,
            reconnected_cb=self._on_reconnected,
            closed_cb=self._on_closed,
        )
        self.client = client
        for listening in self._listening:
            await self._subscribe(listening)
        await self.flush(timeout_s=5)
        self._mark(up=True)

    async def _subscribe(self, listening: Listening) -> None:
        listening.current = await self.client.subscribe(
            listening.subject,
            queue=listening.queue,
            cb=listening.receive,
            pending_msgs_limit=_SUB_MESSAGES,
            pending_bytes_limit=_SUB_BYTES,
        )

    def _mark(self, *, up: bool) -> None:
        NATS_CONNECTED.labels(self._account).set(int(up))
        if up:
            self._told_away = False
            self._up.set()
        else:
            self._up.clear()

    async def _on_error(self, error: Exception) -> None:
        if isinstance(error, _AWAY):  # one an attempt, so told once
            self._tell_away()
        else:
            log.warning("nats reports an error", extra={"account": self._account, "error": str(error)})

    async def _on_disconnected(self) -> None:
        self._mark(up=False)
        self._tell_away()

    def _tell_away(self) -> None:
        if not self._told_away and not self._leaving:
            self._told_away = True
            log.warning("nats is away", extra={"account": self._account})

    async def _on_reconnected(self) -> None:
        self._mark(up=True)
        log.info("nats is back", extra={"account": self._account})
        for call in self._calls:
            self._spawn(call())

    async def _on_closed(self) -> None:
        # nats-py gives up for good on some errors of the server (a refused user, a violated limit).
        if not self._leaving:
            self._spawn(self._open_anew())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open_anew(self) -> None:
        self._mark(up=False)
        await asyncio.sleep(_RECONNECT_S)
        try:
            await self._connect()
        except NatsError as error:  # lost again before it was ready
            log.warning("nats reports an error", extra={"account": self._account, "error": str(error)})
            await self.client.close()  # calls _on_closed
        else:
            await self._on_reconnected()


def login_name(user: str, account: str) -> str:
    """Return the name under which a user of the bus is known in an account of NATS; the server takes a name once."""
    return user if account == COMMANDS else f"{user}@{account}"


async def _drain(subscription: Subscription) -> None:
    try:
        await subscription.drain()  # type: ignore[no-untyped-call]
    except NatsError:
        log.warning("a subscription was not drained: nats is away")
