"""The one write path: load, repeated?, authorise, decide, append, and afresh on a lost race."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from shared.auth import Principal, PrincipalKind
from shared.bus.context import Context
from shared.bus.request import Request
from shared.bus.wire import error_of, fault_of
from shared.decider import Decider, Loaded
from shared.errors import (
    AerodromeError,
    Forbidden,
    Invalid,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    WrongExpectedVersion,
)
from shared.loading import Loader
from shared.messages import Event
from shared.outcomes import Need, Outcome, digest
from shared.queues import Queues, Turn
from shared.store.events import EventStore
from shared.store.model import Appended, Claim, ClaimTaken, Entry, Expected, NewEvent, Receipt, Recorded
from shared.telemetry import LOST_RACES

S = TypeVar("S")

ATTEMPTS: Final = 3
"""How often one command is decided before its lost races become Unavailable."""
APPEND_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Committed:
    """What a command came to. `histories`: the whole streams that it loaded, after the commit.

    `repeated` says that the command id had been committed before; the histories then show the streams as they are now.
    """

    stream: str
    position: int
    repeated: bool
    histories: Mapping[str, Sequence[Recorded]]


class Unit:
    """One attempt at one command: what it read, and what it wants to write."""

    def __init__(self, store: EventStore, loader: Loader, context: Context) -> None:
        self.context = context
        self._store = store
        self._loader = loader
        self.start_over()

    def start_over(self) -> None:
        """Forget what was read and wanted."""
        self._role = ""
        self._actor: dict[str, str] = {}
        self._loaded: dict[str, Loaded[Any]] = {}
        self._events: list[NewEvent] = []
        self._take: list[Claim] = []
        self._release: list[Claim] = []
        self._refusals: dict[Claim, Rejected | WrongExpectedVersion] = {}
        self._needs: list[Need] = []

    @property
    def needs(self) -> tuple[Need, ...]:
        """Return what who sends the command again has to hold to be shown what has changed since."""
        return tuple(dict.fromkeys(self._needs))

    @property
    def principal(self) -> Principal:
        """Return who asks."""
        return self.context.principal

    async def load(self, decider: Decider[Any, S, Any], id_: str) -> Loaded[S]:
        """Return the stream of `decider` with this id; the entry will expect it unchanged."""
        stream = decider.stream(id_)
        known: Loaded[S] | None = self._loaded.get(stream)
        if known is None:
            known = await self._loader.load(decider, stream)
            self._loaded[stream] = known
        return known

    def append(self, loaded: Loaded[Any], events: Sequence[Event]) -> None:
        """Add `events` to a stream that this attempt has loaded."""
        self._events += [NewEvent(loaded.stream, event) for event in events]

    def take(self, claim: Claim, *, taken: Rejected | WrongExpectedVersion | None = None) -> None:
        """Take a claim with the entry; if another stream holds it, `taken` is what the asker is told.

        WrongExpectedVersion stands for a lost race: it is decided afresh, for instance with another value.
        """
        self._take.append(claim)
        if taken is not None:
            self._refusals[claim] = taken

    def release(self, claim: Claim) -> None:
        """Give a claim back with the entry."""
        self._release.append(claim)

    async def claim_holder(self, kind: str, value: str, *, personal: bool = False) -> str | None:
        """Return the stream that holds the claim, None if nobody does."""
        return await self._store.claim_holder(kind, value, personal=personal)

    def require(self, permission: str, *entities: str, principal: Principal | None = None) -> str:
        """Authorise on the target and note the role that allowed it; see Principal.require.

        `principal` stands in for the context's where grants were read afresh. Repeats need the permission too.
        """
        self._role = (principal or self.principal).require(permission, *entities)
        self.require_of_repeats(permission, *entities)
        return self._role

    def require_of_repeats(self, permission: str, *entities: str) -> None:
        """Have repeats need a permission that the command itself gives, or needs none of."""
        self._needs.append((permission, *entities))

    def act_as(self, person: str, *, credential: str = "", origin_seal: str = "") -> None:
        """Note who acts where nobody was known before: a person who has just proved who they are, and from where."""
        self._actor = {
            "subject": person,
            "kind": PrincipalKind.USER.value,
            "credential": credential,
            "origin_seal": origin_seal,
        }

    def act_for(self, asker: Principal, *, role: str) -> None:
        """Note who acts where a service passes on their wish, and the role that let the service do so."""
        self._actor = {"subject": asker.subject, "kind": asker.kind.value}
        self._role = role

    def entry(self, receipt: Receipt | None = None) -> Entry:
        """Return what this attempt wants to write; without a receipt, a repeat of it is a lost race."""
        return Entry(
            expected=self._heads(),
            events=tuple(self._events),
            metadata=self.context.metadata(role=self._role).model_copy(update=self._actor),
            take=tuple(self._take),
            release=tuple(self._release),
            receipt=receipt,
        )

    def refusal(self, receipt: Receipt) -> Entry:
        """Return the entry of a refused attempt: nothing but its receipt, under the heads it was refused on."""
        return Entry(
            expected=self._heads(), events=(), metadata=self.context.metadata(role=self._role), receipt=receipt
        )

    def refused(self, error: ClaimTaken) -> Rejected | WrongExpectedVersion:
        """Return what a claim comes to that another stream holds."""
        return self._refusals.get(error.claim, error)

    @property
    def streams(self) -> tuple[str, ...]:
        """Return the names of the streams that were loaded."""
        return tuple(self._loaded)

    def histories(self, appended: Sequence[Recorded]) -> Mapping[str, Sequence[Recorded]]:
        """Return the loaded streams with what was appended to them."""
        return {
            stream: [
                *loaded.events,
                *(new for new in appended if new.stream == stream and new.version > loaded.version),
            ]
            for stream, loaded in self._loaded.items()
        }

    def _heads(self) -> tuple[Expected, ...]:
        return tuple(Expected(each.stream, each.version, each.hash) for each in self._loaded.values())


Attempt = Callable[[Unit], Awaitable[str]]
"""Decides once and returns the name of the primary stream."""

AskerOf: TypeAlias = Callable[[Context], Awaitable[Principal]]
"""Returns who asks with all of their grants; raises Unauthenticated where nobody does."""


async def _as_sent(context: Context) -> Principal:
    return context.principal


class Commands:
    """Runs the commands of one service against its store; `asker_of` stands for the grants that came along."""

    def __init__(self, store: EventStore, asker_of: AskerOf = _as_sent) -> None:
        self.asker_of = asker_of
        self._store = store
        self._loader = Loader(store)
        self._queues = Queues()

    async def run(self, request: Request[Any], attempt: Attempt, *, queue_key: str = "") -> Committed:
        """Return what the command came to, this time or, if its id is known, the first time.

        `attempt` is called afresh on a lost race, at most 3 times in all, then Unavailable is raised. A `Rejected` of a
        keyed command leaves a receipt. Raises Invalid when the id was used for another wish. Commands with the same
        `queue_key` (a stream) run one after another in this process; without one they queue on their primary stream
        as soon as they meet another there. A later request that repeats the command is shown what has changed since
        only if the asker may still do it, else it is refused like a new one.
        """
        mark = digest(request.message)
        async with self._queues.enter(queue_key) as turn:
            for _ in range(ATTEMPTS):
                known = await self._store.find_receipt(request.context.message_id)
                if known is not None:
                    return await self._repeated(known, mark, request.context)
                try:
                    return await self._once(request, attempt, mark, turn)
                except WrongExpectedVersion:
                    LOST_RACES.inc()
        raise Unavailable(f"lost {ATTEMPTS} races in a row")

    async def _once(self, request: Request[Any], attempt: Attempt, mark: bytes, turn: Turn) -> Committed:
        unit = Unit(self._store, self._loader, request.context)
        try:
            stream = await attempt(unit)
            if await turn.meets_others(stream):  # what was read is old by now
                unit.start_over()
                stream = await attempt(unit)
            receipt = Receipt(request.context.message_id, mark, _done(unit, stream))
            appended = await self._append(unit, unit.entry(receipt), stream, turn)
        except (Invalid, Unauthenticated, Forbidden, NotFound, Rejected) as error:
            return await self._refuse(unit, error, mark)
        if appended.repeated is not None:
            return await self._repeated(appended.repeated, mark, request.context)
        return Committed(stream, appended.position, repeated=False, histories=unit.histories(appended.events))

    async def _append(self, unit: Unit, entry: Entry, stream: str, turn: Turn) -> Appended:
        try:
            return await self._store.append(entry, timeout_s=max(0.0, min(APPEND_S, unit.context.left_s)))
        except ClaimTaken as error:
            raise unit.refused(error) from error
        except WrongExpectedVersion:
            self._loader.forget(unit.streams)
            await turn.take(stream)
            raise

    async def _refuse(self, unit: Unit, error: AerodromeError, mark: bytes) -> Committed:
        # The refusal may come of this very command, committed meanwhile by another process.
        known = await self._store.find_receipt(unit.context.message_id)
        if known is None and isinstance(error, Rejected) and unit.context.keyed:
            receipt = Receipt(unit.context.message_id, mark, Outcome(fault=fault_of(error)).text())
            known = (await self._store.append(unit.refusal(receipt))).repeated
        if known is None:
            raise error
        return await self._repeated(known, mark, unit.context)

    async def _repeated(self, receipt: Receipt, mark: bytes, context: Context) -> Committed:
        if receipt.digest != mark:
            raise Invalid("this command id was used for another wish", rule="reused_id")
        outcome = Outcome.model_validate_json(receipt.outcome)
        if outcome.fault is not None:
            raise error_of(outcome.fault)
        histories = {stream: await self._store.read_stream(stream) for stream in outcome.streams}
        if outcome.asked_in != context.correlation_id and _changed(histories, receipt.position, context.principal):
            await self._require_still(outcome.needs, context)
        seen = [event.position for history in histories.values() for event in history]
        position = max([receipt.position, *seen])
        return Committed(outcome.stream, position, repeated=True, histories=histories)

    async def _require_still(self, needs: Sequence[Need], context: Context) -> None:
        if needs and context.principal.kind is not PrincipalKind.SERVICE:
            who = await self.asker_of(context)
            for permission, *entities in needs:
                who.require(permission, *entities)


def _done(unit: Unit, stream: str) -> str:
    asked_in = unit.context.correlation_id if unit.needs else None
    return Outcome(stream=stream, streams=unit.streams, needs=unit.needs, asked_in=asked_in).text()


def _changed(histories: Mapping[str, Sequence[Recorded]], position: int, asker: Principal) -> bool:
    """Say whether anything but the asker has changed since `position`; what was told before may be told again."""
    others = (history for stream, history in histories.items() if stream.partition("-")[2] != asker.subject)
    return any(history[-1].position > position for history in others if history)
