"""One request's surroundings: who asks, what it wrote, and the way to the services."""

import asyncio
import logging
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID, uuid5

from graphql import GraphQLResolveInfo

from services.deployments.contract import SERVICE as DEPLOYMENTS
from services.gateway.callers import Callers
from services.gateway.events import Encoded, SharedEvent
from services.gateway.loaders import Loaders
from services.gateway.logs.live import LiveLogs
from services.gateway.platform import Platform
from services.gateway.rows import Budget
from services.gateway.seals import Seals
from services.gateway.turns import Turns
from services.identity.contract import SERVICE as IDENTITY
from services.identity.contract import Authenticated, Grants, SealOrigin, SessionRow
from shared.auth import ANONYMOUS, NOWHERE, Origin, Principal, PrincipalKind
from shared.bus.client import Bus
from shared.bus.context import PATIENCE, Context
from shared.bus.kernel import WaitFor
from shared.errors import Invalid, NotFound, Unauthenticated, Unavailable
from shared.ids import new_message_id
from shared.messages import Command, Message, Query

A = TypeVar("A", bound=Message)

log: Final = logging.getLogger(__name__)

PASSWORD_PATIENCE: Final = timedelta(seconds=15)
SEAL_PATIENCE: Final = timedelta(seconds=1)
READ_YOUR_WRITES_S: Final = 2.0
MOST_KEY: Final = 255
_KEYS: Final = UUID("5f2c7d0e-6a0f-5e0c-9c39-3f4f1c1d7a11")
# Identity has to know a deployment before roles on it can be given.
_AUTHORISED_BY: Final = {DEPLOYMENTS: (IDENTITY,)}
_PLAIN: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Written:
    """Where a command of this request was committed."""

    service: str
    stream: str
    position: int


@dataclass(frozen=True, slots=True)
class Asking:
    """What a request brings along besides its document. `index` is its place in a batch.

    `idempotency_key` is as the client wrote it, None where it wrote none. `public_url` is what our addresses begin
    with. `platform`, `seals`, `turns` and `live` are those of the gateway, for all requests.
    """

    token: str = ""
    idempotency_key: str | None = None
    index: int = 0
    origin: Origin = NOWHERE
    public_url: str = ""
    platform: Platform = field(default_factory=Platform)
    seals: Seals = field(default_factory=Seals)
    turns: Turns = field(default_factory=Turns)
    live: LiveLogs = field(default_factory=LiveLogs)


@dataclass(slots=True)
class RequestContext:
    """The context of one operation: the caller, asked for once, and what the operation wrote.

    `news` counts what was heard of the caller since, for an operation that stays. Its resolver may set what shows as
    `last_event` why it ends; then `farewell` makes the answer of it.
    """

    bus: Bus
    callers: Callers
    asking: Asking
    news: Callable[[], int] = lambda: 0
    stale: bool = False
    last_event: Callable[[str], SharedEvent] | None = None
    farewell: Callable[[str], Encoded] | None = None
    session: SessionRow | None = None
    signed_out: bool = False
    budget: Budget = field(default_factory=Budget)
    correlation_id: UUID = field(default_factory=new_message_id)
    loaders: Loaders = field(init=False)
    _caller: "asyncio.Task[Authenticated] | None" = None
    _written: list[Written] = field(default_factory=list[Written])
    _reached: set[tuple[str, Written]] = field(default_factory=set[tuple[str, Written]])

    def __post_init__(self) -> None:
        self.loaders = Loaders(self.ask)

    async def caller(self) -> Authenticated:
        """Return who asks, anonymous where the token is missing or not valid; asked once."""
        if self._caller is None:
            self._caller = asyncio.ensure_future(self._authenticate())
        return await asyncio.shield(self._caller)

    async def principal(self) -> Principal:
        """Return the principal of this request."""
        return (await self.caller()).principal

    async def holder(self) -> Principal:
        """Return who asks with all grants, also those that no message could carry; asked for where there are more."""
        caller = await self.caller()
        if not caller.more_grants:
            return caller.principal
        held = await self.ask(Grants(of=caller.principal.subject))
        return caller.principal.model_copy(update={"grants": held.grants, "permission_sets": held.permission_sets})

    async def signed_in_caller(self) -> Authenticated:
        """Return who asks; raise Unauthenticated if nobody is known to."""
        caller = await self.caller()
        if caller.principal.kind is PrincipalKind.ANONYMOUS:
            raise Unauthenticated("no valid credential was sent")
        return caller

    def sign_in(self, session: SessionRow) -> None:
        """Go on in the name of who just signed in; the session is also put into the cookie."""
        self.asking = replace(self.asking, token=session.token)
        self.session, self.signed_out = session, False
        self.forget_caller()

    def sign_out(self) -> None:
        """Go on as nobody; the cookie is dropped."""
        self.asking = replace(self.asking, token="")
        self.session, self.signed_out = None, True
        self.forget_caller()

    def forget_caller(self) -> None:
        """Ask afresh who asks, and what they hold, at the next need."""
        self._caller = None

    async def ask(self, query: Query[A], *, to: str = "") -> A:
        """Return the answer to a query, from read models that show what this request wrote.

        `to` names the service of a kernel query.
        """
        principal = await self.principal()
        await self._see_own_writes(to or query.service())
        answered = await self.bus.ask(query, self._envelope(principal), to=to)
        return answered.value

    async def send(
        self, info: GraphQLResolveInfo[Any], command: Command[A], *, with_password: bool = False, step: str = ""
    ) -> A:
        """Return the answer to a command once its service's read models show it, or after 2 s as stale.

        One `with_password` waits for its turn, for at most 15 s together with its answer. `step` tells apart the
        commands of a field that sends several.
        """
        message_id, keyed = self._command_id(info, await self.principal(), step)
        turn = self.asking.turns.one(self.asking.origin.site) if with_password else nullcontext()
        patience = PASSWORD_PATIENCE if with_password else PATIENCE
        return await self.deliver(command, patience=patience, message_id=message_id, keyed=keyed, turn=turn)

    async def send_as(self, operation: str, command: Command[A]) -> A:
        """Return the answer to a command as `send`, of an operation that has no place in a document."""
        message_id, keyed = self._keyed(await self.principal(), operation)
        return await self.deliver(command, message_id=message_id, keyed=keyed)

    async def deliver(
        self,
        command: Command[A],
        *,
        patience: timedelta = PATIENCE,
        message_id: UUID | None = None,
        keyed: bool = False,
        turn: AbstractAsyncContextManager[None] = nullcontext(),  # noqa: B008 -- it holds nothing
    ) -> A:
        """Return the answer to a command, as `send`; `turn` is held while the service is at it."""
        principal = await self.principal()
        seal = await self._origin_seal(principal)
        envelope = replace(
            self._envelope(principal, patience=patience, message_id=message_id, keyed=keyed),
            origin=self.asking.origin if command.service() == IDENTITY else NOWHERE,
            origin_seal=seal,
        )
        async with turn:
            answered = await self.bus.ask(command, envelope)
        log.info("command answered", extra={"command": type(command).__name__, "position": answered.position})
        if answered.position:
            written = Written(command.service(), answered.stream, answered.position)
            if written.service == IDENTITY:
                self.callers.revoke([written.stream], written.position)  # before the answer, however slow the news are
            self._written.append(written)
            await self._shown(written)
            self.loaders = Loaders(self.ask)
            if written.service == IDENTITY:
                self.forget_caller()  # it may have changed what the caller holds
        return answered.value

    def _envelope(
        self,
        principal: Principal,
        *,
        patience: timedelta = PATIENCE,
        message_id: UUID | None = None,
        keyed: bool = False,
    ) -> Context:
        return Context.first(
            principal,
            patience=patience,
            message_id=message_id,
            correlation_id=self.correlation_id,
            keyed=keyed,
        )

    async def _origin_seal(self, principal: Principal) -> str:
        """Return from where the caller asks as any service may keep it; a command goes on without it, if it must."""

        async def seal() -> str:
            envelope = self._envelope(principal, patience=SEAL_PATIENCE)
            answered = await self.bus.ask(SealOrigin(), replace(envelope, origin=self.asking.origin))
            return answered.value.seal

        try:
            return await self.asking.seals.of(principal, self.asking.origin, seal)
        except Unavailable:
            log.warning("a command goes without its origin: identity has not sealed it")
            return ""

    def _command_id(self, info: GraphQLResolveInfo[Any], principal: Principal, step: str) -> tuple[UUID | None, bool]:
        name = info.operation.name.value if info.operation.name else ""
        path = "/".join(str(part) for part in [self.asking.index, *info.path.as_list()])
        field_name = f"{info.field_name}#{step}" if step else info.field_name
        return self._keyed(principal, name, field_name, path)

    def _keyed(self, principal: Principal, *place: str) -> tuple[UUID | None, bool]:
        """Return the id of a command at this place, and whether the caller's key made it: only that of who is known."""
        if self.asking.idempotency_key is None or principal.kind is PrincipalKind.ANONYMOUS:
            return None, False
        key = read_key(self.asking.idempotency_key)
        return uuid5(_KEYS, "\n".join([principal.kind, principal.subject, *place, key])), True

    async def _authenticate(self) -> Authenticated:
        token = self.asking.token
        if not token:
            return Authenticated(principal=ANONYMOUS)
        try:
            wrote = (written.position for written in self._written if written.service == IDENTITY)
            return await self.callers.find(token, least=max(wrote, default=0))
        except Unauthenticated:
            return Authenticated(principal=ANONYMOUS)

    async def _see_own_writes(self, service: str) -> None:
        for written in self._written:
            if written.service != service and (service, written) not in self._reached:
                await self._wait(service, written)

    async def _shown(self, written: Written) -> None:
        """Wait until what was written shows: also where it is authorised, so that the next request may build on it."""
        waits = {written.service, *_AUTHORISED_BY.get(written.service, ())}
        await asyncio.gather(*(self._wait(service, written) for service in waits))

    async def _wait(self, service: str, written: Written) -> None:
        """Wait until `service` shows what was written; what is not shown in time makes the answer stale."""
        self._reached.add((service, written))
        source = "" if service == written.service else written.service
        wait = WaitFor(source=source, position=written.position, stream=written.stream, timeout_s=READ_YOUR_WRITES_S)
        try:
            reached = (await self.bus.ask(wait, self._envelope(ANONYMOUS), to=service)).value.reached
        except NotFound:
            return  # it takes in nothing of that service: there is nothing to wait for
        except Unavailable:
            reached = False
        self.stale = self.stale or not reached


def read_key(text: str) -> str:
    """Return an Idempotency-Key, cut of space; raise Invalid for one that can't tell a repeat."""
    key = text.strip()
    if len(key) > MOST_KEY or not _PLAIN.fullmatch(key):
        raise Invalid(f"an Idempotency-Key must have 1 to {MOST_KEY} visible ASCII characters")
    return key


Info: TypeAlias = GraphQLResolveInfo[RequestContext]
"""What every resolver is given beside its arguments; `info.context` is the request's."""
