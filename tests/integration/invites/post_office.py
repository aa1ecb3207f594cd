"""A mail server for tests: real SMTP, a Maildir, and answers that a test can make worse."""

import asyncio
import datetime as dt
import re
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from operator import itemgetter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = "250 OK"


async def nothing() -> None:
    """Let the 250 go out at once."""


@dataclass
class PostOffice:
    """What arrived, and what it answers: `rcpt` and `data` are used up first, then all is taken.

    `before_answer` runs when a mail is safe in the Maildir, before the 250.
    """

    folder: Path
    port: int = 0
    rcpt: list[str] = field(default_factory=list[str])
    data: list[str] = field(default_factory=list[str])
    before_answer: Callable[[], Awaitable[None]] = nothing
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    attempts: int = 0
    taken: int = 0

    def __post_init__(self) -> None:
        self._maildir = Mailbox(self.folder)
        self._read: dict[str, tuple[int, EmailMessage]] = {}

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.rcpt.pop(0) if self.rcpt else OK
        if answer == OK:
            envelope.rcpt_tos.append(address)
        else:
            await self._attempted()
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.data.pop(0) if self.data else OK
        if answer == OK:
            await self._maildir.handle_DATA(server, session, envelope)
            self.taken += 1
            await self.before_answer()
        await self._attempted()
        return answer

    def mails(self) -> list[EmailMessage]:
        """Return every mail by its arrival."""
        for path in self.folder.glob("new/*"):
            if path.name not in self._read:
                mail = message_from_bytes(path.read_bytes(), policy=policy.default)
                assert isinstance(mail, EmailMessage)
                self._read[path.name] = path.stat().st_mtime_ns, mail
        return [mail for _, mail in sorted(self._read.values(), key=itemgetter(0))]

    async def wait(self, *, mails: int = 0, attempts: int = 0, timeout_s: float = 30.0) -> list[EmailMessage]:
        """Return the mails once so many have arrived and so many attempts were made."""
        async with asyncio.timeout(timeout_s), self.changed:
            await self.changed.wait_for(lambda: self.taken >= mails and self.attempts >= attempts)
        return self.mails()

    async def mail_to(self, address: str, *, timeout_s: float = 30.0) -> EmailMessage:
        """Return the first mail to an address, once it is there; others may get theirs in between."""
        async with asyncio.timeout(timeout_s), self.changed:
            while not (found := [mail for mail in self.mails() if mail["X-RcptTo"] == address]):
                await self.changed.wait()
        return found[0]

    async def _attempted(self) -> None:
        async with self.changed:
            self.attempts += 1
            self.changed.notify_all()


@asynccontextmanager
async def open_post_office(
    folder: Path,
    *,
    port: int = 0,
    user: str = "",
    password: str = "",
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    utf8: bool = True,
) -> AsyncGenerator[PostOffice]:
    """Serve SMTP on 127.0.0.1 while the block runs; `user` makes it ask for a log-in."""
    office = PostOffice(folder)
    loop = asyncio.get_running_loop()
    sessions: set[SMTP] = set()

    def session() -> SMTP:
        new = SMTP(
            office,
            enable_SMTPUTF8=utf8,
            hostname="localhost",
            loop=loop,
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=bool(user),
            auth_require_tls=starttls is not None,
            authenticator=_admit(LoginPassword(user.encode(), password.encode())) if user else None,
        )
        sessions.add(new)
        return new

    server = await loop.create_server(session, "127.0.0.1", port, ssl=tls)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()
        for each in sessions:
            if each.transport is not None:
                each.transport.close()
        await server.wait_closed()


def _admit(right: LoginPassword) -> Callable[[SMTP, Session, Envelope, str, object], AuthResult]:
    def admit(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: object) -> AuthResult:
        return AuthResult(success=login == right, handled=False)

    return admit


def text_of(mail: EmailMessage, form: str = "plain") -> str:
    """Return the body of a mail in one of its forms."""
    body = mail.get_body((form,))
    assert body is not None
    text: str = body.get_content()
    return text


def token_in(mail: EmailMessage, *, below: str, path: str = "/signup") -> str:
    """Return the token of the link in a mail, the same in both forms, below the public URL."""
    found: set[str] = set()
    for form in ("plain", "html"):
        body = mail.get_body((form,))
        assert body is not None
        found.update(re.findall(r"https?://[^\s\"<]+", body.get_content()))
    (link,) = found
    assert link.startswith(f"{below}{path}?token=")
    return parse_qs(urlsplit(link).query)["token"][0]


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return the TLS side of a server on 127.0.0.1, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server of a test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
