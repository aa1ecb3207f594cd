"""One person's way from the invitation to a role in a workspace, and what must be there afterwards, once each."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

from tests.acceptance.client import JSON, GraphQLFailed, Houston
from tests.acceptance.conftest import PASSWORD, SIGN_IN, SIGN_UP
from tests.acceptance.stack import Stack
from tests.faults.backstage import Backstage
from tests.faults.checks import until

WORKSPACE = 'mutation { createWorkspace(label: "analytics") { id } }'
INVITE = """mutation ($workspace: Uuid!, $email: String!) {
  workspaceAddUser(workspaceUuid: $workspace, email: $email, role: WORKSPACE_EDITOR) { id }
}"""
USERS = "query ($email: String) { users(user: { email: $email }) { id status } }"
MINE = "{ workspaces { id roleBindings { role user { username } } } }"
OPEN = "{ invites { email } }"
USED = ("Invite token not found", "Email address in use")
PATIENCE_S = 60.0
EFFECTS = {
    "identity": ("user.invited", "user.activated"),
    "invites": ("invite.created", "invite.accepted"),
}


@dataclass
class Journey:
    """What a person and an administrator do, each again and again until it is answered, as people do.

    The person reads the mail when so many `copies` of it have come.
    """

    stack: Stack
    admin: Houston
    copies: int = 1
    workspace: str = ""
    email: str = field(default_factory=lambda: f"jane-{uuid4().hex[:8]}@example.com")

    async def go(self) -> None:
        """Invite, read the mail, open its page, sign up with a password, and sign in where that was not answered."""
        key = {"Idempotency-Key": self.email}
        made = await answered(lambda: self.admin.run(WORKSPACE, None, {"Idempotency-Key": f"{self.email}-workspace"}))
        self.workspace = made["createWorkspace"]["id"]
        await answered(lambda: self.admin.run(INVITE, {"workspace": self.workspace, "email": self.email}, key))
        await until(self._mailed, f"{self.copies} copies of the mail came", timeout_s=PATIENCE_S)
        token = await self.stack.mailed_token(self.email)
        person = await self._signed_in(token)
        mine = (await answered(lambda: person.run(MINE)))["workspaces"]
        assert [each["id"] for each in mine] == [self.workspace]

    async def _mailed(self) -> bool:
        return len(Backstage(self.stack).mails().get(self.email, [])) >= self.copies

    async def _signed_in(self, token: str) -> Houston:
        anonymous = Houston(self.stack.url, self.admin.session)
        async with self.admin.session.get(f"{self.stack.url}/signup", params={"token": token}) as page:
            assert page.status == 200
        wish = {"email": self.email, "password": PASSWORD, "token": token}
        try:
            signed = (await answered(lambda: anonymous.run(SIGN_UP, wish)))["createUser"]
        except GraphQLFailed as failed:
            if failed.messages[0] not in USED:  # else the first asking had its effect, but no answer
                raise
            who = {"identity": self.email, "password": PASSWORD}
            signed = (await answered(lambda: anonymous.run(SIGN_IN, who)))["createToken"]
        return anonymous.as_(signed["token"]["value"])

    async def assert_came_once(self) -> None:
        """One user, one grant of the role, one invite and that one consumed, one Message-ID, nothing left to do."""
        backstage = Backstage(self.stack)
        users = (await answered(lambda: self.admin.run(USERS, {"email": self.email})))["users"]
        assert [user["status"] for user in users] == ["active"]
        spaces = (await answered(lambda: self.admin.run(MINE)))["workspaces"]
        (bindings,) = (each["roleBindings"] for each in spaces if each["id"] == self.workspace)
        theirs = [each["role"] for each in bindings if each["user"]["username"] == self.email]
        assert theirs == ["WORKSPACE_EDITOR"]
        assert len(set(backstage.mails()[self.email])) == 1, backstage.mails()[self.email]
        await self._assert_consumed(backstage)

    async def _assert_consumed(self, backstage: Backstage) -> None:
        async def consumed() -> bool:
            waiting = (await answered(lambda: self.admin.run(OPEN)))["invites"]
            return self.email not in {each["email"] for each in waiting}

        await until(consumed, "the invite is consumed", timeout_s=PATIENCE_S)

        async def nothing_to_send() -> bool:
            return not await backstage.mails_to_send()

        await until(nothing_to_send, "no mail is left to send")


async def assert_each_event_once(backstage: Backstage, journeys: int) -> None:
    """Every journey has left each of its events once, in a stream of its own."""

    async def recorded() -> bool:
        return len(await backstage.streams_with("invites", "invite.accepted")) == journeys

    await until(recorded, "each acceptance is recorded")
    for service, types in EFFECTS.items():
        for type_name in types:
            found = await backstage.streams_with(service, type_name)
            assert (len(found), set(found.values())) == (journeys, {1}), f"{type_name}: {found}"


async def answered(ask: Callable[[], Awaitable[Any]]) -> JSON:
    """Return the answer, asked again while the service is not available or no answer comes; raise other refusals."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                try:
                    found: JSON = await ask()
                except GraphQLFailed as failed:
                    if failed.codes != ["SERVICE_UNAVAILABLE"]:
                        raise
                else:
                    return found
            await asyncio.sleep(0.05)
