"""A composed message has the headers it should have, and no others can be slipped in."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from uuid import UUID

import pytest

from services.invites.mail.letters import Letter
from services.invites.mail.smtp import Stamp, compose
from shared.errors import Invalid

LETTER = Letter(subject="Your invitation to Überflieger", text="Hello,\n", html="<p>Hello,</p>\n")
STAMP = Stamp(mail_id=UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), time=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC))
SENDER = "Aerodrome <no-reply@aerodrome.example.com>"


def test_a_message_has_both_forms_and_the_headers_of_automatic_mail() -> None:
    message = compose(LETTER, address="jane@example.com", name="Jane Doe", stamp=STAMP, sender=SENDER)
    read = message_from_bytes(message.as_bytes(), policy=default)
    assert read["To"] == "Jane Doe <jane@example.com>"
    assert read["From"] == SENDER
    assert read["Subject"] == LETTER.subject
    assert read["Message-ID"] == "<6ba7b810-9dad-11d1-80b4-00c04fd430c8@aerodrome.example.com>"
    assert read["Date"] == "Wed, 04 Mar 2026 05:06:07 +0000"
    assert read["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in read.walk()] == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize(
    "address",
    [
        "jane@example.com\r\nBcc: eve@example.com",
        "jane@example.com\nBcc: eve@example.com",
        "jane\r\n@example.com",
        "jane@example.com ",
        "jane",
        "",
        "jane@exa..mple.com",
        "jane@example.com, eve@example.com",
        "jane@example.com> <eve@example.com",
    ],
)
def test_an_address_that_is_more_than_an_address_is_refused(address: str) -> None:
    with pytest.raises(Invalid):
        compose(LETTER, address=address, name="", stamp=STAMP, sender=SENDER)


def test_a_name_cannot_slip_in_a_header_or_a_recipient() -> None:
    name = 'Jane"\r\nBcc: eve@example.com, <mallory@example.com>'
    message = compose(LETTER, address="jane@example.com", name=name, stamp=STAMP, sender=SENDER)
    read = message_from_bytes(message.as_bytes(), policy=default)
    assert read["Bcc"] is None
    assert [to.addr_spec for to in read["To"].addresses] == ["jane@example.com"]


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("jane+tag@example.com", "jane+tag@example.com"),
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ("jäne@example.com", "jäne@example.com"),
        ("o'hara@example.com", "o'hara@example.com"),
        ("l" * 64 + "@" + "d" * 63 + ".example", "l" * 64 + "@" + "d" * 63 + ".example"),
    ],
)
def test_unusual_addresses_are_kept(address: str, written: str) -> None:
    message = compose(LETTER, address=address, name="", stamp=STAMP, sender=SENDER)
    assert [to.addr_spec for to in message["To"].addresses] == [written]
