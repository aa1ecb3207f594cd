"""A running identity for tests, and those who ask it, as the gateway and the other services do."""

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from pydantic import SecretStr

from services.deployments.contract import SERVICE as DEPLOYMENTS
from services.deployments.contract import CreateDeployment, DeleteDeployment, DeploymentId, DeploymentRow
from services.identity.app import APP
from services.identity.contract import (
    AddWorkspaceUser,
    Authenticate,
    CreateServiceAccount,
    CreateTeam,
    CreateWorkspace,
    InvitationId,
    Invited,
    InviteUser,
    MailDetails,
    MailPurpose,
    RegisterUser,
    Role,
    ServiceAccountRow,
    SetTeamRole,
    Signed,
    TeamRow,
    UserId,
    WorkspaceRow,
)
from services.identity.settings import IdentitySettings
from shared.auth import ANONYMOUS, Principal, service_principal
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.bus.kernel import WaitFor
from shared.bus.request import Answered
from shared.followers.followers import Followers
from shared.followers.status import FollowerKind
from shared.messages import Ask, Message
from shared.service import ServiceProcess
from tests.integration.bus import bus_of, until
from tests.servers import Database, NatsForTests

A = TypeVar("A", bound=Message)

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
PASSWORD = "correct horse battery staple"
PATIENCE = timedelta(seconds=15)
INVITES = service_principal("invites")
KEY = "0123456789abcdef0123456789abcdef"


@dataclass
class Identity:
    """Replicas of identity on one database, and a bus that asks as the gateway does."""

    nats: NatsForTests
    database: Database
    gateway: Bus
    invites: Bus
    replicas: list[ServiceProcess] = field(default_factory=list[ServiceProcess])

    def settings(self, **changes: Any) -> IdentitySettings:
        """Return the settings of a replica."""
        login = self.nats.login("identity")
        return IdentitySettings(
            nats_url=login.url,
            nats_user=login.user,
            nats_password=SecretStr(login.password),
            database_url=SecretStr(self.database.app_dsn),
            master_key=SecretStr(MASTER_KEY),
            organization_name="Flight School",
        ).model_copy(update=changes)

    async def start(self, **changes: Any) -> ServiceProcess:
        """Start one more replica."""
        process = ServiceProcess(APP, self.settings(**changes))
        self.replicas.append(process)
        await process.start()
        return process

    async def stop_all(self) -> None:
        """Let all replicas leave in order."""
        while self.replicas:
            await self.replicas.pop().stop()

    @property
    def followers(self) -> Followers:
        """The followers of the first replica."""
        followers = self.replicas[0]._followers
        assert followers is not None
        return followers

    async def answered(
        self, message: Ask[A], asker: Principal = ANONYMOUS, *, message_id: UUID | None = None, keyed: bool = False
    ) -> Answered[A]:
        """Return the answer with its position, once the read models show it."""
        context = Context.first(asker, patience=PATIENCE, message_id=message_id, keyed=keyed)
        bus = self.invites if asker.subject == INVITES.subject else self.gateway
        answered = await bus.ask(message, context)
        if answered.position:
            await self.shown(answered.position)
        return answered

    async def ask(
        self, message: Ask[A], asker: Principal = ANONYMOUS, *, message_id: UUID | None = None, keyed: bool = False
    ) -> A:
        """Return the answer once the read models show it."""
        return (await self.answered(message, asker, message_id=message_id, keyed=keyed)).value

    async def shown(self, position: int) -> None:
        """Return when the read models show what was committed up to `position`."""
        wait = WaitFor(position=position, timeout_s=10)
        answer = await self.gateway.ask(wait, Context.first(patience=PATIENCE), to="identity")
        assert answer.value.reached

    async def heard(self, source: str, position: int) -> None:
        """Return when identity has taken in what another service committed up to `position`, and shows it."""
        wait = WaitFor(source=source, position=position, timeout_s=10)
        answer = await self.gateway.ask(wait, Context.first(patience=PATIENCE), to="identity")
        assert answer.value.reached
        (head,) = await self.fetch("select position from store_head")
        await self.shown(head["position"])

    async def deployment(self, maker: "Somebody", place: WorkspaceRow, label: str = "prod") -> DeploymentRow:
        """Return a new deployment that identity knows of."""
        wish = CreateDeployment(workspace_id=place.id, label=label)
        answered = await self.gateway.ask(wish, Context.first(await self.principal(maker.token), patience=PATIENCE))
        await self.heard(DEPLOYMENTS, answered.position)
        return answered.value

    async def drop(self, maker: "Somebody", deployment_id: DeploymentId) -> None:
        """Delete a deployment and return when identity knows."""
        wish = DeleteDeployment(deployment_id=deployment_id, hard=True)
        answered = await self.gateway.ask(wish, Context.first(await self.principal(maker.token), patience=PATIENCE))
        await self.heard(DEPLOYMENTS, answered.position)

    async def principal(self, token: str) -> Principal:
        """Return whose token it is."""
        return (await self.ask(Authenticate(token=token))).principal

    async def sign_up(self, email: str = "ann@example.com", **wish: Any) -> "Somebody":
        """Return a new person who is signed in."""
        signed = await self.ask(RegisterUser(email=email, password=PASSWORD, **wish))
        return await self.somebody(signed)

    async def somebody(self, signed: Signed) -> "Somebody":
        """Return who signed in."""
        assert signed.session is not None
        return Somebody(signed, await self.principal(signed.session.token))

    async def invited(self, email: str, **wish: Any) -> tuple[Invited, str]:
        """Return an invitation, made as invites makes it, and the token of its mail."""
        invited = await self.ask(InviteUser(email=email, **wish), INVITES)
        return invited, await self.mail_token(invited.user_id, invited.invitation_id)

    async def mail_token(self, user_id: UserId, invitation_id: InvitationId) -> str:
        """Return the token of the mail of an invitation."""
        return (await self.ask(MailDetails(user_id=user_id, invitation_id=invitation_id), INVITES)).token

    async def link_token(self, user_id: UserId, purpose: MailPurpose) -> str:
        """Return the token of the newest link that was mailed to a person for a purpose; "" where it is not open."""
        types = {MailPurpose.CONFIRM: "user.confirmation_requested", MailPurpose.RESET: "user.password_reset_requested"}
        query = "select data from events where stream = $1 and type_name = $2 order by version desc limit 1"
        (asked,) = await self.fetch(query, f"user-{user_id}", types[purpose])
        generation = json.loads(asked["data"])["generation"]
        return (await self.ask(MailDetails(user_id=user_id, purpose=purpose, generation=generation), INVITES)).token

    async def join(self, email: str, **wish: Any) -> "Somebody":
        """Return a person who came by an invitation."""
        _, token = await self.invited(email, **wish)
        return await self.sign_up(email, invite_token=token)

    async def workspace(self, owner: "Somebody", label: str = "Main") -> WorkspaceRow:
        """Return a new workspace of a person."""
        return await self.ask(CreateWorkspace(label=label), owner.now)

    async def member(self, admin: "Somebody", place: WorkspaceRow, email: str, role: Role) -> "Somebody":
        """Return a new person with a role in a workspace."""
        found = await self.ask(AddWorkspaceUser(workspace_id=place.id, email=email, role=role), admin.now)
        (invitation,) = await self.fetch("select id from read.invitations where user_id = $1", found.user.id)
        return await self.sign_up(email, invite_token=await self.mail_token(found.user.id, invitation["id"]))

    async def account(
        self, maker: "Somebody", entity: str = "system", *, key: str = KEY, role: Role | None = None
    ) -> ServiceAccountRow:
        """Return a new service account."""
        return await self.ask(CreateServiceAccount(label="ci", entity=entity, role=role, key=key), maker.now)

    async def team(
        self, maker: "Somebody", *members: "Somebody", role: Role | None = None, entity: str = "system"
    ) -> TeamRow:
        """Return a new team with members and, where one is given, a role."""
        made = await self.ask(CreateTeam(name="Pilots", member_ids=tuple(each.id for each in members)), maker.now)
        if role is not None:
            await self.ask(SetTeamRole(team_id=made.id, entity=entity, role=role), maker.now)
        return made

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Return rows of the database, seen as its superuser."""
        connection = await asyncpg.connect(self.database.admin_dsn)
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()

    async def settled(self) -> None:
        """Return when every job of the outbox is done, and the read models show what came of it."""
        followers = self.followers

        async def nothing_waits() -> bool:
            status = await followers.status()
            return all(each.lag == 0 for each in status.followers if each.kind is FollowerKind.POLICY) and not any(
                each.waiting for each in status.outbox
            )

        await until(nothing_waits, timeout_s=30)
        (head,) = await self.fetch("select position from store_head")
        await self.shown(head["position"])


@dataclass(frozen=True)
class Somebody:
    """A person who is signed in, with the principal that the gateway had of them then."""

    signed: Signed
    now: Principal

    @property
    def id(self) -> UserId:
        return self.signed.user.id

    @property
    def token(self) -> str:
        assert self.signed.session is not None
        return self.signed.session.token


@asynccontextmanager
async def identity_on(nats: NatsForTests, database: Database) -> AsyncGenerator[Identity]:
    """Return identity without a replica yet."""
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(bus_of(nats, "gateway"))
        invites = await stack.enter_async_context(bus_of(nats, "invites"))
        made = Identity(nats, database, gateway, invites)
        stack.push_async_callback(made.stop_all)
        yield made


async def rows_of(identity: Identity, table: str) -> list[dict[str, Any]]:
    """Return a table of the read models, in the order of ids."""
    queries = {
        name: f"select to_jsonb(t)::text as row from read.{name} t order by id"
        for name in (
            "users",
            "role_bindings",
            "invitations",
            "workspaces",
            "deployments",
            "service_accounts",
            "sessions",
            "teams",
            "team_members",
            "team_bindings",
            "totals",
        )
    }
    return [dict(row) for row in await identity.fetch(queries[table])]
