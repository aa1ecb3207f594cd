"""The local mail server of `aerodrome up`: it takes every mail and keeps it in a Maildir."""

import asyncio
from pathlib import Path

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

from shared.runtime.loop import stop_signal


async def catch_mail(maildir: Path, *, port: int) -> None:
    """Take mail on 127.0.0.1 until SIGTERM or SIGINT."""
    handler = Mailbox(maildir)
    loop = asyncio.get_running_loop()
    told = stop_signal()

    def smtp() -> SMTP:
        # Without a host name it would ask the name service for one at every connection.
        return SMTP(handler, enable_SMTPUTF8=True, hostname="localhost", ident="aerodrome", loop=loop)

    async with await loop.create_server(smtp, "127.0.0.1", port):
        await told.wait()
