"""The local mail server: what it takes can be listed and read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
from typer.testing import CliRunner

from services.cli.app import app
from services.cli.folder import CannotStart
from services.cli.mail import find_mail, read_mails
from services.cli.mailcatcher import catch_mail
from shared.servers.process import free_port


@pytest.fixture
async def smtp_port(private_folder: Path) -> AsyncIterator[int]:
    """The port of a running catcher whose Maildir is `private_folder / "mail"`."""
    port = free_port()
    task = asyncio.create_task(catch_mail(private_folder / "mail", port=port))
    async with asyncio.timeout(10):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            await asyncio.sleep(0.01)
    writer.close()
    await writer.wait_closed()
    yield port
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def mail(subject: str, body: str) -> EmailMessage:
    """Return a mail to Jané."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "aerodrome@localhost", "jané@example.com", subject
    message.set_content(body)
    return message


async def test_a_mail_can_be_listed_and_read(smtp_port: int, private_folder: Path) -> None:
    for number in (1, 2):
        message = mail(f"Invitation {number}", f"Grüße {number}")
        await aiosmtplib.send(message, hostname="127.0.0.1", port=smtp_port, start_tls=False)
    maildir = private_folder / "mail"
    assert [each.message["Subject"] for each in read_mails(maildir)] == ["Invitation 1", "Invitation 2"]
    assert "Grüße 2" in find_mail(maildir, -1).text()
    with pytest.raises(CannotStart, match="holds 2"):
        find_mail(maildir, 3)
    (private_folder / "run").mkdir()  # as `up` makes it
    shown = await asyncio.to_thread(CliRunner().invoke, app, ["mail", "show", "1", "--data", str(private_folder)])
    assert "Grüße 1" in shown.output


def test_no_mail_is_an_empty_list(private_folder: Path) -> None:
    assert read_mails(private_folder / "mail") == []


def test_a_folder_that_up_has_not_made_is_an_error_and_no_empty_list(private_folder: Path) -> None:
    for folder, said in ((private_folder / "nowhere", "is no folder"), (private_folder, "is no data folder")):
        for command in (["mail", "list"], ["mail", "show"]):
            result = CliRunner().invoke(app, [*command, "--data", str(folder)])
            assert isinstance(result.exception, CannotStart)
            assert said in str(result.exception)
    (private_folder / "run").mkdir()
    assert "no mail in" in CliRunner().invoke(app, ["mail", "list", "--data", str(private_folder)]).output
