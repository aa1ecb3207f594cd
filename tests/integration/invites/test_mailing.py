"""Mail is sent at least once, under one Message-ID, whatever dies; and not at all when there is no need any more."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from services.invites.contract import CreateInvite, WithdrawInvite
from shared.servers.process import free_port
from tests.conftest import NewDatabase
from tests.integration.crowds import together
from tests.integration.invites.installation import Installation, environment, installation
from tests.integration.invites.post_office import PostOffice, nothing, open_post_office
from tests.servers import NatsForTests

JANE = "jane@example.com"
TRIED = "select 1 from outbox where kind = 'mail' and attempts > 0 and error <> ''"
SENT = "select 1 from outbox where kind = 'mail' and done_at is not null having count(*) = $1"


async def test_a_mail_waits_for_its_server_and_is_then_sent_once(
    database: NewDatabase, nats_server: NatsForTests, private_folder: Path
) -> None:
    port = free_port()
    async with installation(database, nats_server, smtp_port=port) as aerodrome:
        await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)
        await aerodrome.until("invites", TRIED)
        async with open_post_office(private_folder / "mail", port=port) as office:
            await office.wait(mails=1)
            await aerodrome.until("invites", SENT, 1)
            assert len(office.mails()) == 1


async def test_a_server_that_says_later_gets_the_mail_later(aerodrome: Installation, office: PostOffice) -> None:
    office.rcpt, office.data = ["451 4.7.1 greylisted"], ["452 4.3.1 disk full"]
    await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)
    (mail,) = await office.wait(mails=1, attempts=3)
    assert mail["X-RcptTo"] == JANE


async def test_an_address_that_is_refused_for_good_becomes_a_dead_letter(
    aerodrome: Installation, office: PostOffice
) -> None:
    office.rcpt = ["550 5.1.1 no such user jane@example.com"]
    await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)
    await aerodrome.until("invites", "select 1 from outbox where dead_at is not null")
    (letter,) = (await aerodrome.followers("invites").status()).dead_letters
    assert (letter.kind, letter.attempts) == ("mail", 1)
    assert "550" in letter.error
    assert "jane" not in letter.error
    await aerodrome.ask(CreateInvite(email="joe@example.com"), aerodrome.admin)
    (mail,) = await office.wait(mails=1)
    assert mail["X-RcptTo"] == "joe@example.com"

    assert await aerodrome.followers("invites").requeue(letter.id)
    assert len(await office.wait(mails=2)) == 2


async def test_an_invite_that_ended_before_its_mail_was_sent_gets_none(
    aerodrome: Installation, office: PostOffice
) -> None:
    office.rcpt = ["451 4.7.1 greylisted"]
    invite = await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)
    await office.wait(attempts=1)
    await aerodrome.ask(WithdrawInvite(invite_id=invite.id), aerodrome.admin)
    await aerodrome.until("invites", SENT, 1)
    assert office.mails() == []


async def test_no_address_and_no_token_is_kept(aerodrome: Installation, office: PostOffice) -> None:
    await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)
    (mail,) = await office.wait(mails=1)
    token = str(mail.get_body(("plain",))).partition("token=")[2].split()[0]
    kept = await aerodrome.fetch(
        "invites",
        "select data || metadata as text from events union all select payload || origin || error from outbox"
        " union all select i::text from read.invites i union all select outcome from receipts",
    )
    texts = [row["text"] for row in kept]
    assert len(texts) >= 4
    assert not any("jane" in text or "example.com" in text or token[-20:] in text for text in texts)


async def test_a_death_after_the_250_repeats_the_mail_under_the_same_message_id(
    database: NewDatabase, nats_server: NatsForTests, office: PostOffice
) -> None:
    async with installation(database, nats_server, smtp_port=office.port, services=("identity",)) as aerodrome:
        async with process("invites", aerodrome) as first:
            answered = asyncio.Event()

            async def die() -> None:
                await answered.wait()
                os.kill(first.pid, signal.SIGKILL)

            office.before_answer = die
            await aerodrome.ask_when_up(CreateInvite(email=JANE), aerodrome.admin)
            answered.set()
            await office.wait(mails=1)
        office.before_answer = nothing
        await aerodrome.fetch("invites", "update outbox set leased_until = now() where kind = 'mail'")
        async with process("invites", aerodrome):
            mails = await office.wait(mails=2)
            await aerodrome.until("invites", SENT, 1)
    assert len({mail["Message-ID"] for mail in mails}) == 1
    assert len(office.mails()) == 2


@asynccontextmanager
async def process(service: str, aerodrome: Installation) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run a service in a process of its own while the block runs."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.cli", "run", service,
        env={"PATH": os.environ["PATH"], **environment(aerodrome.settings(service))},
        cwd=Path(__file__).parents[3],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
        await started.wait()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("many", [200, pytest.param(10_000, marks=pytest.mark.full)])
async def test_many_invites_are_many_mails(aerodrome: Installation, office: PostOffice, many: int) -> None:
    commands = [CreateInvite(email=f"person{number}@example.com") for number in range(many)]
    admin = await aerodrome.principal(aerodrome.admin)
    await together([partial(aerodrome.ask, command, admin) for command in commands])
    mails = await office.wait(mails=many, timeout_s=1200)
    assert sorted(mail["X-RcptTo"] for mail in mails) == sorted(command.email for command in commands)
