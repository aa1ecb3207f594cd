"""The SMTP side of mail: one conversation a letter, and what its end means."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import aiosmtplib

from services.invites.mail.letters import Letter, one_line
from shared.errors import Invalid, Rejected, Unavailable

TIMEOUT_S: Final = 30.0
"""Seconds for each step of the conversation."""

MAIL_REFUSED: Final = "mail_refused"
"""The rule of a letter that the mail server will never take."""

_LOCAL: Final = re.compile(r"[^\s()<>\[\]:;@\\,\"]{1,64}")
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,255}")


class Tls(StrEnum):
    """How the conversation is encrypted: not, after STARTTLS, or from its first byte."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over, and in whose name."""

    host: str
    port: int
    sender: str
    tls: Tls = Tls.NONE
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one mail from another: the same for every attempt at it."""

    mail_id: UUID
    time: datetime


async def send(letter: Letter, *, address: str, name: str, stamp: Stamp, server: MailServer) -> None:
    """Hand `letter` to the mail server and return once it has answered 250.

    Raises Rejected (rule `mail_refused`) when the server says that it will never take it (5xx on the message or its
    recipient), Unavailable for all else: no connection, 4xx, a refused log-in or sender. The texts hold no address.
    """
    message = compose(letter, address=address, name=name, stamp=stamp, sender=server.sender)
    try:
        await aiosmtplib.send(
            message,
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.tls is Tls.TLS,
            start_tls=server.tls is Tls.STARTTLS,
            local_hostname=_domain(server.sender),
            timeout=TIMEOUT_S,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _answered(error.recipients[0].code) from None
    except (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError) as error:
        raise _answered(error.code) from None
    except aiosmtplib.SMTPNotSupported:
        raise Rejected("the mail server does not speak what the address needs", rule=MAIL_REFUSED) from None
    except aiosmtplib.SMTPResponseException as error:
        raise Unavailable(f"the mail server answered {error.code}") from None
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Unavailable(f"no conversation with the mail server: {type(error).__name__}") from None


def compose(letter: Letter, *, address: str, name: str, stamp: Stamp, sender: str) -> EmailMessage:
    """Return the message with its headers; its Message-ID depends on nothing but `stamp` and the sender's domain.

    Raises Invalid when `address` cannot stand in a header.
    """
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = sender
    message["To"] = _recipient(address, name)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(stamp.time)
    message["Message-ID"] = f"<{stamp.mail_id}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, 5: no vacation notes in answer
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def _recipient(address: str, name: str) -> Address:
    local, _, domain = address.rpartition("@")
    try:
        host = domain.encode("idna").decode("ascii")
    except UnicodeError:
        host = ""
    if not _LOCAL.fullmatch(local) or not _HOST.fullmatch(host) or one_line(address) != address:
        raise Invalid("the address is none that mail can be sent to")
    return Address(display_name=one_line(name), username=local, domain=host)


def _answered(code: int) -> Rejected | Unavailable:
    if code >= 500:
        return Rejected(f"the mail server refused the message with {code}", rule=MAIL_REFUSED)
    return Unavailable(f"the mail server put the message off with {code}")


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2].strip("> ")
