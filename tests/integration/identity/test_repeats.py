"""A command that is sent again, at once or later and to any replica, has one effect and one answer."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from services.identity.contract import (
    AddWorkspaceUser,
    CreateServiceAccount,
    CreateWorkspace,
    DeleteServiceAccount,
    InviteUser,
    RegisterUser,
    RemoveUser,
    Role,
    SignIn,
    UpdateWorkspace,
    UpdateWorkspaceUserRole,
    WithdrawInvitation,
)
from shared.auth import ANONYMOUS, Principal
from shared.errors import AerodromeError
from shared.ids import new_message_id
from shared.messages import Command
from tests.integration.identity.service import INVITES, PASSWORD, Identity, Somebody

EMAILS = [f"person{n}@example.com" for n in range(3)]


@dataclass
class Sender:
    """Sends random commands, each one to three times with the same id, and keeps what came back."""

    identity: Identity
    ann: Somebody
    chance: random.Random
    answers: dict[UUID, set[str]] = field(default_factory=dict[UUID, set[str]])
    sent: list[tuple[UUID, Command[Any], Principal]] = field(default_factory=list[Any])

    async def send(self, id_: UUID, command: Command[Any], asker: Principal) -> None:
        """Send once and keep the answer or the refusal."""
        try:
            answer = (await self.identity.answered(command, asker, message_id=id_, keyed=asker is not ANONYMOUS)).value
            said = answer.model_dump_json(include={"id", "user_id", "invitation_id", "session", "workspace"})
        except AerodromeError as error:
            said = f"{error.code} {error.rule}"
        self.answers.setdefault(id_, set()).add(said)

    async def step(self) -> None:
        """Send a new command, or an old one again."""
        if self.sent and self.chance.random() < 0.3:
            await self.send(*self.chance.choice(self.sent))
            return
        command, asker = await self.wish()
        id_ = new_message_id()
        await asyncio.gather(*(self.send(id_, command, asker) for _ in range(self.chance.randint(1, 3))))
        # What was refused without a receipt may be allowed later; the gateway never repeats what was answered.
        kept = all(said.startswith(("{", "rejected")) for said in self.answers[id_])
        if kept and asker is not ANONYMOUS:
            self.sent.append((id_, command, asker))

    async def wish(self) -> tuple[Command[Any], Principal]:
        """Return something to wish, about things that exist more often than not."""
        email, ann = self.chance.choice(EMAILS), self.ann.now
        role = self.chance.choice([Role.WORKSPACE_VIEWER, Role.WORKSPACE_EDITOR])
        place = await self.any_of("select id from read.workspaces")
        user = await self.any_of("select id from read.users where email <> 'ann@example.com'")
        account = await self.any_of("select id from read.service_accounts")
        invitation = await self.any_of("select id from read.invitations")
        wishes: list[tuple[Command[Any], Principal]] = [
            (CreateWorkspace(label="New"), ann),
            (UpdateWorkspace.model_validate({"workspace_id": place, "label": str(self.chance.random())}), ann),
            (AddWorkspaceUser.model_validate({"workspace_id": place, "email": email, "role": role}), ann),
            (UpdateWorkspaceUserRole.model_validate({"workspace_id": place, "email": email, "role": role}), ann),
            (RemoveUser.model_validate({"user_id": user}), ann),
            (CreateServiceAccount(label="ci", entity="system", key=f"{self.chance.getrandbits(128):032x}"), ann),
            (DeleteServiceAccount.model_validate({"credential_id": account}), ann),
            (InviteUser(email=email), INVITES),
            (WithdrawInvitation.model_validate({"invitation_id": invitation}), INVITES),
            (RegisterUser(email=email, password=PASSWORD), ANONYMOUS),
            (SignIn(identity=email, password=PASSWORD), ANONYMOUS),
        ]
        return self.chance.choice(wishes)

    async def any_of(self, query: str) -> str:
        """Return one of the ids that a query finds."""
        found = [row["id"] for row in await self.identity.fetch(query)]
        return self.chance.choice(sorted(found)) if found else "cnothing"


@pytest.mark.parametrize("seed", [1, 2])
async def test_any_command_that_is_sent_again_has_one_effect_and_one_answer(stopped: Identity, seed: int) -> None:
    for _ in range(2):
        await stopped.start(public_signups=True, email_confirmation=False)
    sender = Sender(stopped, await stopped.sign_up(), random.Random(seed))

    for _ in range(40):
        await sender.step()

    assert {id_: said for id_, said in sender.answers.items() if len(said) > 1} == {}
    entries = await stopped.fetch(
        """
        select metadata::jsonb->>'message_id' as id, max(position) - min(position) + 1 - count(*) as gap
        from events where metadata::jsonb->>'subject' <> 'service:identity' group by 1
        """
    )
    assert [row["id"] for row in entries if row["gap"]] == []
    ids = {str(id_) for id_ in sender.answers}
    assert len([row for row in entries if row["id"] in ids]) >= 5
