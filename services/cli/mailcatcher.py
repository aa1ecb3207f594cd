"""The local mail server of `aerodrome up`: it takes every mail and keeps it in a Maildir."""

import asyncio
import signal
from pathlib import Path

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP


async def catch_mail(maildir: Path, *, port: int) -> None:
    """Take mail on 127.0.0.1 until SIGTERM or SIGINT."""
    handler = Mailbox(maildir)
    loop = asyncio.get_running_loop()
    left = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, left.set)
    server = await loop.create_server(
        lambda: SMTP(handler, enable_SMTPUTF8=True, ident="aerodrome", loop=loop), "127.0.0.1", port
    )
    async with server:
        await left.wait()
