"""All services behind a gateway, and the people who use them through it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from nats.aio.msg import Msg

from tests.conftest import NewDatabase
from tests.integration.bus import client_of
from tests.integration.gateway.doors import Door, open_door
from tests.integration.invites.installation import PASSWORD, PUBLIC_URL, Installation, installation
from tests.integration.invites.post_office import PostOffice, token_in
from tests.servers import NatsForTests

SERVICES = ("identity", "invites", "deployments")


@dataclass
class Aerodrome:
    """The whole product in this process."""

    installation: Installation
    office: PostOffice
    door: Door

    @asynccontextmanager
    async def overheard(self) -> AsyncGenerator[list[str]]:
        """Give the subjects of all queries that requests ask while the block runs; followers ask for events."""
        subjects: list[str] = []

        async def note(message: Msg) -> None:
            if not message.subject.endswith(".query.events"):
                subjects.append(message.subject)

        async with client_of(self.installation.nats, "test") as client:
            await client.subscribe("*.query.>", cb=note)
            await client.flush()
            yield subjects
            await client.flush()

    @property
    def admin(self) -> str:
        """Return the token of the administrator."""
        return self.installation.admin.token

    async def data(self, document: str, token: str, **variables: Any) -> Any:
        """Return the one root field of an answer without errors."""
        answer = await self.door.run(document, token, **variables)
        assert "errors" not in answer, answer["errors"]
        return next(iter(answer["data"].values()))

    async def refused(self, document: str, token: str, **variables: Any) -> tuple[str, str]:
        """Return message and code of the one error of an answer."""
        answer = await self.door.run(document, token, **variables)
        (error,) = answer["errors"]
        return error["message"], error["extensions"]["code"]

    async def make_workspace(self, label: str = "analytics") -> str:
        """Return the id of a new workspace of the administrator."""
        made = await self.data("mutation ($l: String!) { createWorkspace(label: $l) { id } }", self.admin, l=label)
        id_: str = made["id"]
        return id_

    async def make_key(self, role: str = "SYSTEM_ADMIN") -> str:
        """Return the key of a new service account on the system."""
        document = 'mutation ($r: Role) { createServiceAccount(label: "ci", entityType: SYSTEM, role: $r) { apiKey } }'
        key: str = (await self.data(document, self.admin, r=role))["apiKey"]
        return key

    async def make_user(self, email: str) -> tuple[str, str]:
        """Return id and token of a new user without roles, who came by invitation."""
        await self.data("mutation ($e: String!) { inviteUser(email: $e) { id } }", self.admin, e=email)
        token = token_in(await self.office.mail_to(email), below=PUBLIC_URL)
        document = (
            "mutation ($e: String!, $p: String!, $t: String) { createUser(email: $e, password: $p, inviteToken: $t) "
            "{ user { id } token { value } } }"
        )
        signed = await self.data(document, "", e=email, p=PASSWORD, t=token)
        return signed["user"]["id"], signed["token"]["value"]


@asynccontextmanager
async def whole(
    database: NewDatabase, nats: NatsForTests, office: PostOffice, **identity: Any
) -> AsyncGenerator[Aerodrome]:
    """Run every service and a gateway while the block runs; `identity` are settings of that service."""
    async with (
        installation(database, nats, smtp_port=office.port, services=SERVICES, identity=identity) as made,
        open_door(nats) as door,
    ):
        yield Aerodrome(made, office, door)
