"""A mail server that is away, puts off or refuses, and a whole installation: what is owed is sent, and once."""

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from shared.servers.process import free_port
from tests.acceptance.client import Houston
from tests.acceptance.conftest import PASSWORD, SIGN_IN, sign_up
from tests.acceptance.stack import Stack, running_in
from tests.faults.backstage import Backstage
from tests.faults.checks import assert_stores_intact, until
from tests.faults.commands import INVITE
from tests.integration.invites.post_office import PostOffice, open_post_office

MAILS = 5
# The waits between tries double from 0.5 to 1 s on: so many failed tries take some 5 s, or a minute.
TRIES = [3, pytest.param(7, marks=[pytest.mark.full, pytest.mark.timeout(300)])]
TRIED = "select 1 from outbox where kind = 'mail' and attempts >= $1 and error <> '' having count(*) = $2"
MAILED_S = 90.0


@dataclass(frozen=True)
class Product:
    """A running product and the port where it looks for its mail server."""

    stack: Stack
    smtp_port: int


@pytest.fixture(scope="module")
def product(quick_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Run a product for all tests here, with a mail server to be that is not there yet."""
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AERODROME_SMTP_HOST", "127.0.0.1")
        patch.setenv("AERODROME_SMTP_PORT", str(port))
        with running_in(quick_folder, tmp_path_factory.mktemp("mail")) as stack:
            asyncio.run(sign_up(stack))
            yield Product(stack, port)


@pytest.fixture
async def admin(product: Product) -> AsyncIterator[Houston]:
    """Sign the administrator in."""
    async with aiohttp.ClientSession() as session:
        anonymous = Houston(product.stack.url, session)
        signed = await anonymous.run(SIGN_IN, {"identity": product.stack.admin_email, "password": PASSWORD})
        yield anonymous.as_(signed["createToken"]["token"]["value"])


async def invite(admin: Houston, *names: str) -> set[str]:
    """Invite people to the installation; return their addresses."""
    addresses = [f"{name}@example.com" for name in names]
    for address in addresses:
        await admin.run(INVITE, {"email": address})
    return set(addresses)


async def until_sent(backstage: Backstage) -> None:
    """Return when no mail is left to send."""

    async def sent() -> bool:
        return not await backstage.mails_to_send()

    await until(sent, "every mail is sent", timeout_s=MAILED_S)


def receivers(office: PostOffice) -> list[str]:
    """Return to whom the mails went, one for each arrival."""
    return sorted(str(mail["X-RcptTo"]) for mail in office.mails())


async def aerodrome(stack: Stack, *words: str) -> str:
    """Return what a command of the operator prints."""
    command = str(Path(sys.executable).parent / "aerodrome")
    child = await asyncio.create_subprocess_exec(
        command, *words, "--data", str(stack.data), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    assert child.returncode == 0, said
    return said.decode()


@pytest.mark.parametrize("tries", TRIES)
async def test_mails_wait_for_a_server_that_is_away(
    tmp_path: Path, product: Product, admin: Houston, tries: int
) -> None:
    backstage, away = Backstage(product.stack), time.monotonic()
    invited = await invite(admin, *(f"person{n}-{tries}" for n in range(MAILS)))

    async def tried() -> bool:
        return bool(await backstage.fetch("invites", TRIED, tries, MAILS))

    await until(tried, f"each mail was tried {tries} times", timeout_s=2 * MAILED_S)
    back = time.monotonic()
    async with open_post_office(tmp_path / "mail", port=product.smtp_port) as office:
        await until_sent(backstage)
        assert receivers(office) == sorted(invited)
    print(f"away for {back - away:.1f} s; {MAILS} mails, the last {time.monotonic() - back:.1f} s after it was back")
    await assert_stores_intact(backstage)


async def test_a_refused_address_is_a_dead_job_until_the_operator_has_it_tried_again(
    tmp_path: Path, product: Product, admin: Houston
) -> None:
    stack, backstage = product.stack, Backstage(product.stack)
    async with open_post_office(tmp_path / "mail", port=product.smtp_port) as office:
        office.rcpt = ["451 4.7.1 greylisted", "550 5.1.1 no such user ann@example.com"]
        ann = await invite(admin, "ann")
        await office.wait(attempts=2)

        async def buried() -> bool:
            return bool((await backstage.status("invites")).dead_letters)

        await until(buried, "the refused mail is a dead job")
        status = await aerodrome(stack, "projections", "status", "--service", "invites")
        (dead,) = re.findall(r"dead job +(\d+) mail invite/\S+ after 2 attempts: (.*)", status)
        assert "refused the message with 550" in dead[1]
        assert "ann" not in status
        ben = await invite(admin, "ben")
        await office.wait(mails=1)
        assert receivers(office) == sorted(ben)

        await aerodrome(stack, "projections", "requeue", "invites", dead[0])
        await office.wait(mails=2)
        await until_sent(backstage)
        assert receivers(office) == sorted(ann | ben)
    await assert_stores_intact(backstage)
