"""Mail leaves in a real conversation, and what the mail server says is told apart: later, or never."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from services.invites.mail.letters import Letter
from services.invites.mail.smtp import MAIL_REFUSED, MailServer, Stamp, Tls, send
from shared.errors import Rejected, Unavailable
from shared.servers.process import free_port
from tests.integration.invites.post_office import certificate, open_post_office

LETTER = Letter(subject="Your invitation", text="Hello,\n\n.\nhttps://example.com/signup\n", html="<p>Hello,</p>\n")
STAMP = Stamp(mail_id=UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), time=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC))


def server(port: int, *, tls: Tls = Tls.NONE, user: str = "", password: str = "") -> MailServer:
    return MailServer(
        host="127.0.0.1", port=port, sender="aerodrome@example.com", tls=tls, user=user, password=password
    )


async def post(to: MailServer, address: str = "jane@example.com") -> None:
    await send(LETTER, address=address, name="Jane", stamp=STAMP, server=to)


async def test_a_mail_arrives_as_it_was_composed(private_folder: Path) -> None:
    async with open_post_office(private_folder / "mail") as office:
        await post(server(office.port))
        (mail,) = office.mails()
    assert mail["X-RcptTo"] == "jane@example.com"
    assert mail["X-MailFrom"] == "aerodrome@example.com"
    assert mail["Message-ID"] == "<6ba7b810-9dad-11d1-80b4-00c04fd430c8@example.com>"
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == LETTER.text


@pytest.mark.parametrize("answer", ["550 5.1.1 no such user jane@example.com", "553 not here"])
async def test_a_recipient_refused_for_good_is_refused_without_naming_them(private_folder: Path, answer: str) -> None:
    async with open_post_office(private_folder / "mail") as office:
        office.rcpt = [answer]
        with pytest.raises(Rejected) as refused:
            await post(server(office.port))
    assert refused.value.rule == MAIL_REFUSED
    assert "jane" not in str(refused.value)
    assert answer[:3] in refused.value.text


async def test_a_message_refused_for_good_is_refused(private_folder: Path) -> None:
    async with open_post_office(private_folder / "mail") as office:
        office.data = ["554 5.7.1 spam"]
        with pytest.raises(Rejected) as refused:
            await post(server(office.port))
    assert refused.value.rule == MAIL_REFUSED


async def test_a_server_that_says_later_is_asked_later(private_folder: Path) -> None:
    async with open_post_office(private_folder / "mail") as office:
        office.rcpt, office.data = ["451 4.7.1 greylisted"], ["452 disk full"]
        for _ in range(2):
            with pytest.raises(Unavailable):
                await post(server(office.port))
        await post(server(office.port))
        assert len(office.mails()) == 1


async def test_no_server_means_later() -> None:
    with pytest.raises(Unavailable):
        await post(server(free_port()))


async def test_a_foreign_alphabet_before_the_at_needs_a_server_that_takes_it(private_folder: Path) -> None:
    async with open_post_office(private_folder / "mail", utf8=False) as office:
        with pytest.raises(Rejected) as refused:
            await post(server(office.port), "jäne@example.com")
        assert refused.value.rule == MAIL_REFUSED
    async with open_post_office(private_folder / "mail") as office:
        await post(server(office.port), "jäne@bücher.example")
        assert len(office.mails()) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")  # it knows of STARTTLS only
@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.TLS])
async def test_mail_is_encrypted_and_logged_in(private_folder: Path, tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = certificate(private_folder)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    starttls, whole = (context, None) if tls is Tls.STARTTLS else (None, context)
    mail = private_folder / "mail"
    async with open_post_office(mail, user="aero", password="drome", starttls=starttls, tls=whole) as office:
        await post(server(office.port, tls=tls, user="aero", password="drome"))
        with pytest.raises(Unavailable):
            await post(server(office.port, tls=tls, user="aero", password="wrong"))
        assert len(office.mails()) == 1


async def test_a_server_that_cannot_be_trusted_gets_neither_mail_nor_password(private_folder: Path) -> None:
    context, _ = certificate(private_folder)
    async with open_post_office(private_folder / "mail", user="aero", password="drome", starttls=context) as office:
        with pytest.raises(Unavailable):
            await post(server(office.port, tls=Tls.STARTTLS, user="aero", password="drome"))
        assert office.mails() == []


async def test_a_server_without_tls_is_not_spoken_to_where_tls_is_asked_for(private_folder: Path) -> None:
    async with open_post_office(private_folder / "mail") as office:
        with pytest.raises(Unavailable):
            await post(server(office.port, tls=Tls.STARTTLS))
        assert office.mails() == []
