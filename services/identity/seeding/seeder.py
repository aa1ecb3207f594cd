"""Writes what is planned through the event store: decided like everything else, many things an entry."""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import Any, Final, TypeVar

from services.identity.contract import (
    BindMode,
    Interface,
    Role,
    UserId,
    WorkspaceId,
    new_binding_id,
    new_credential_id,
    new_team_id,
    new_user_id,
    new_workspace_id,
)
from services.identity.domain import credential, team, workspace
from services.identity.domain.user import Grant, Profile, Register, User, UserCommand
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import write
from services.identity.handlers.service_accounts import key_claim
from services.identity.handlers.streams import CREDENTIAL, ORGANIZATION, TEAM, USER, WORKSPACE
from services.identity.seeding.plan import Person, Sizes, account, person, place, squad
from shared import auth
from shared.auth import SYSTEM, service_principal
from shared.bus.context import Context
from shared.clock import utc_now
from shared.commands import Unit
from shared.decider import Decider, Loaded
from shared.loading import Loader

S = TypeVar("S")

PASSWORD: Final = "seeded for load tests"  # noqa: S105 -- no secret: it is documented, so that load tests can sign in
"""The password of every seeded person; one hash for all, as 100,000 would take an hour."""

_AN_ENTRY: Final = 25  # things written all or nothing: one look for keys, and still three entries a batch
_AT_ONCE: Final = 8
_APPEND_S: Final = 60.0
_KEY_BYTES: Final = 16
_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was written: how many things of a kind, in how many seconds."""

    kind: str
    count: int
    seconds: float


@dataclass(slots=True)
class Seeder:
    """Seeds one installation once; addresses are numbered from `first` on.

    Where nobody has signed up yet, the first person becomes the administrator, as ever. Keys of service accounts are
    random and shown to nobody.
    """

    kit: Kit
    sizes: Sizes
    first: int = 0
    _workspaces: list[WorkspaceId] = field(default_factory=list[WorkspaceId])
    _people: list[UserId] = field(default_factory=list[UserId])
    _password_hash: str = ""
    _context: Context = field(default_factory=lambda: Context.first(service_principal("seed")))

    async def run(self, done: Callable[[Seeded], None]) -> int:
        """Write everything, tell `done` of each kind, and return the position that the read models have to reach."""
        self._password_hash = await self.kit.passwords.hash(PASSWORD)
        self._workspaces = [new_workspace_id() for _ in range(self.sizes.workspaces)]
        self._people = [new_user_id() for _ in range(self.sizes.users)]
        kinds = (
            ("workspaces", self.sizes.workspaces, self._workspace),
            ("users", self.sizes.users, self._person),
            ("teams", self.sizes.teams, self._team),
            ("service accounts", self.sizes.service_accounts, self._account),
        )
        for kind, count, add in kinds:
            begun = time.perf_counter()
            await self._write(count, add)
            done(Seeded(kind, count, time.perf_counter() - begun))
        return (await self.kit.running.store.head()).position

    async def _write(self, count: int, add: Callable[[Unit, int], Awaitable[None]]) -> None:
        """Append all of a kind, a few entries at a time; the appender commits those in groups."""
        entries = iter([range(at, min(at + _AN_ENTRY, count)) for at in range(0, count, _AN_ENTRY)])
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(self._append_each(entries, add))

    async def _append_each(self, entries: Iterator[range], add: Callable[[Unit, int], Awaitable[None]]) -> None:
        store = self.kit.running.store
        loader = _NewStreams(store)
        for numbers in entries:
            unit = Unit(store, loader, self._context.caused())
            for n in numbers:
                await add(unit, n)
            await store.append(unit.entry(), timeout_s=_APPEND_S)

    async def _workspace(self, unit: Unit, n: int) -> None:
        planned, id_ = place(n), self._workspaces[n]
        loaded = await unit.load(WORKSPACE, id_)
        wish = workspace.Create(workspace_id=id_, label=planned.label, description=planned.description, now=utc_now())
        unit.append(loaded, WORKSPACE.decide(wish, loaded.state))

    async def _person(self, unit: Unit, n: int) -> None:
        planned, now = person(n, self.sizes, first=self.first), utc_now()
        user_id = self._people[n]
        loaded = await unit.load(USER, user_id)
        leads = n == 0 and not await self.kit.organization.has_owner()
        profile = Profile(planned.email, planned.username, planned.full_name, self._password_hash)
        wish: UserCommand = Register(
            user_id=user_id,
            profile=profile,
            binding_id=new_binding_id(),
            first=leads,
            confirmed=True,
            now=now,
        )
        state: User = await write(unit, self.kit, loaded, wish, now=now)
        for role, entity in self._held(planned):
            wish = Grant(binding_id=new_binding_id(), role=role, entity=entity, now=now)
            state = await write(unit, self.kit, replace(loaded, state=state), wish, now=now)

    async def _team(self, unit: Unit, n: int) -> None:
        planned, id_, now = squad(n, self.sizes), new_team_id(), utc_now()
        loaded = await unit.load(TEAM, id_)
        members = tuple(self._people[number] for number in planned.members)
        wishes: list[team.TeamCommand] = [
            team.Create(
                team_id=id_, name=planned.name, description=f"The people of {planned.name}", members=members, now=now
            ),
            *(self._role_of_team(number, role, now) for number, role in planned.places.items()),
        ]
        state = loaded.state
        for wish in wishes:
            events = TEAM.decide(wish, state)
            state = reduce(TEAM.evolve, events, state)
            unit.append(loaded, events)

    def _role_of_team(self, place: int, role: Role, now: datetime) -> team.SetRole:
        return team.SetRole(
            binding_id=new_binding_id(),
            entity=self._entity(place),
            role=role,
            mode=BindMode.ADD,
            interface=Interface.GRAPHQL,
            now=now,
        )

    async def _account(self, unit: Unit, n: int) -> None:
        planned, id_ = account(n, self.sizes), new_credential_id()
        key = secrets.token_hex(_KEY_BYTES)
        wish = credential.Create(
            credential_id=id_,
            label=planned.label,
            category=planned.category,
            entity=SYSTEM if planned.place is None else self._entity(planned.place),
            role=planned.role,
            key_digest=hashlib.sha256(key.encode()).hexdigest(),
            key_masked=key[:_SHOWN].ljust(len(key), "*"),
            now=utc_now(),
        )
        loaded = await unit.load(CREDENTIAL, id_)
        unit.append(loaded, CREDENTIAL.decide(wish, loaded.state))
        unit.take(key_claim(wish.key_digest, loaded.stream))

    def _held(self, planned: Person) -> Iterator[tuple[Role, str]]:
        if planned.role is not None:
            yield planned.role, SYSTEM
        for number, role in planned.places.items():
            yield role, self._entity(number)

    def _entity(self, number: int) -> str:
        return auth.workspace(self._workspaces[number])


class _NewStreams(Loader):
    """Takes streams with new ids for absent without reading them; the append checks that they are."""

    async def load(self, decider: Decider[Any, S, Any], stream: str) -> Loaded[S]:
        if decider.kind == ORGANIZATION.kind:
            return await super().load(decider, stream)
        return Loaded(stream, decider.initial, 0, b"", ())
