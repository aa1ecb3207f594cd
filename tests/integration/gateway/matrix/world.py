"""The people, machines and things that the table speaks of, made quickly: by commands, many at once."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeVar

from services.identity.contract import (
    Authenticate,
    BindUser,
    CreateServiceAccount,
    CreateTeam,
    CreateWorkspace,
    InviteUser,
    MailDetails,
    RegisterUser,
    Role,
    SetTeamRole,
    SignIn,
    UserId,
)
from shared.auth import ANONYMOUS, SYSTEM, Principal, deployment, service_principal, workspace
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.bus.request import Answered
from shared.messages import Ask, Message
from tests.integration.bus import bus_of
from tests.integration.crowds import together
from tests.integration.gateway.matrix.rows import CALLERS, Caller, Kind, Standing
from tests.integration.gateway.matrix.things import EVERYTHING, Things, new_email, things_of
from tests.integration.gateway.whole import SERVICES, Aerodrome
from tests.integration.invites.installation import PASSWORD, PATIENCE

A = TypeVar("A", bound=Message)

_MEMBERS: Final = 4


@dataclass(frozen=True)
class Known:
    """A person or a machine, and what it shows to be let in."""

    id: str
    token: str
    email: str = ""
    session: str = ""


@dataclass
class World:
    """The product, and who and what is in it. `maker` is a machine that may do everything."""

    aerodrome: Aerodrome
    as_invites: Bus
    maker: Principal = ANONYMOUS
    known: dict[Caller, Known] = field(default_factory=dict[Caller, Known])
    members: list[Known] = field(default_factory=list[Known])
    own: Things = field(default_factory=dict[str, str])
    foreign: Things = field(default_factory=dict[str, str])

    async def do(self, message: Ask[A], asker: Principal | None = None) -> A:
        """Return the answer to a message, without waiting for what comes of it."""
        return (await self._answered(message, asker or self.maker)).value

    async def _answered(self, message: Ask[A], asker: Principal) -> Answered[A]:
        return await self.aerodrome.installation.gateway.ask(message, Context.first(asker, patience=PATIENCE))

    async def seen(self, command: Ask[A], *, by: str) -> A:
        """Return the answer to a command once the read models of `by` show what came of it."""
        answered = await self._answered(command, self.maker)
        source = "" if by == command.service() else command.service()
        await self.aerodrome.installation.shown(by, answered.position, source=source)
        return answered.value

    async def workspace(self, label: str) -> str:
        """Return the id of a new workspace once others can see it."""
        return (await self.seen(CreateWorkspace(label=label), by="identity")).id

    async def invite(self, email: str, *, role: Role | None = None) -> tuple[str, str]:
        """Return an invitation to the system and the token of its mail."""
        invites = service_principal("invites")
        wish = InviteUser(email=email, scope=SYSTEM, roles=(role,) if role else ())
        made = (await self.as_invites.ask(wish, Context.first(invites, patience=PATIENCE))).value
        question = MailDetails(user_id=made.user_id, invitation_id=made.invitation_id)
        mail = (await self.as_invites.ask(question, Context.first(invites, patience=PATIENCE))).value
        return made.invitation_id, mail.token

    async def person(self, role: Role | None = None) -> Known:
        """Return a new person who is signed in, with at most a role on the system."""
        email = new_email()
        _, token = await self.invite(email, role=role)
        signed = await self.do(RegisterUser(email=email, password=PASSWORD, invite_token=token), ANONYMOUS)
        assert signed.session is not None
        return Known(signed.user.id, signed.session.token, email, signed.session.id)

    async def signed_in_anew(self, known: Known) -> Known:
        """Return a person with another session."""
        session = (await self.do(SignIn(identity=known.email, password=PASSWORD), ANONYMOUS)).session
        assert session is not None
        return replace(known, token=session.token, session=session.id)

    async def account(self, entity: str = SYSTEM, role: Role = Role.SYSTEM_VIEWER) -> Known:
        """Return a new service account."""
        key = secrets.token_hex(16)
        made = await self.do(CreateServiceAccount(label="matrix", entity=entity, role=role, key=key))
        return Known(made.id, key)

    async def team(self, member: Known, *roles: tuple[str, Role]) -> str:
        """Return a new team with one member, who holds roles on entities through it."""
        made = await self.do(CreateTeam(name="matrix", member_ids=(UserId(member.id),)))
        for entity, role in roles:
            await self.do(SetTeamRole(team_id=made.id, entity=entity, role=role))
        return made.id

    async def caller(self, caller: Caller) -> Known:
        """Return a caller, as far as it can be made without a place."""
        role = None if caller.standing.local or caller.standing is Standing.NO_ROLE else caller.standing
        match caller.kind:
            case Kind.NOBODY:
                return Known("", "")
            case Kind.USER:
                return await self.person(Role(role) if role else None)
            case Kind.ACCOUNT:
                return await self.account(role=Role(role)) if role else Known("", "")
            case Kind.MEMBER:
                known = await self.person()
                if role:
                    await self.team(known, (SYSTEM, Role(role)))
                return known

    async def join(self, caller: Caller, things: Things) -> Known:
        """Give a caller its role where these things are, and return it as it calls there."""
        known, role = self.known[caller], Role(caller.standing)
        entity = deployment(things["deployment"]) if caller.on_deployment else workspace(things["workspace"])
        if caller.kind is Kind.ACCOUNT:
            return await self.account(entity, role)
        if caller.kind is Kind.MEMBER:
            await self.team(known, (entity, role))
            return known
        await self.do(BindUser(entity=entity, role=role, email=known.email))
        return known

    async def shown(self) -> None:
        """Return when the read models show all that was committed."""
        running = self.aerodrome.installation
        for service in SERVICES:
            (head,) = await running.fetch(service, "select position from store_head")
            await running.shown(service, head["position"])
        await running.settled()


@asynccontextmanager
async def world_in(aerodrome: Aerodrome) -> AsyncGenerator[World]:
    """Give a world with every caller, one place that is theirs and one that is not."""
    async with bus_of(aerodrome.installation.nats, "invites") as as_invites:
        world = World(aerodrome, as_invites)
        question = Authenticate(token=await aerodrome.make_key())
        world.maker = (await world.do(question, ANONYMOUS)).principal
        found = await together([partial(world.caller, caller) for caller in CALLERS])
        world.known = dict(zip(CALLERS, found, strict=True))
        world.members = await together([world.person for _ in range(_MEMBERS)])
        world.own, world.foreign = await things_of(world, EVERYTHING), await things_of(world, EVERYTHING)
        for caller in CALLERS:
            if caller.standing.local:
                world.known[caller] = await world.join(caller, world.own)
        yield world
