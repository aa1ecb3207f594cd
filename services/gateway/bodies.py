"""Receives the bytes of a request body, unpacked, in bounded time and space."""

import asyncio
import zlib
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from services.gateway.requests import MOST_BODY
from shared.errors import Invalid

BODY_S: Final = 30.0
"""How long a client may take to send its body."""

NOT_WHOLE: Final = "the request body did not arrive whole"
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_FORMS: Final = {"gzip": (_GZIP,), "deflate": (_ZLIB, _RAW)}
"""What each Content-Encoding may mean to zlib; some clients send deflate without its header."""


async def read_bytes(request: web.Request) -> bytes:
    """Return the body as it was before packing.

    Raises Invalid, TimeoutError after BODY_S, and HTTPRequestEntityTooLarge over MOST_BODY, packed or not.
    """
    try:
        async with asyncio.timeout(BODY_S):
            raw = await request.read()
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError):
        raise Invalid(NOT_WHOLE) from None  # the client left, or its chunks are malformed
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    return raw if encoding in {"", "identity"} else unpack(raw, encoding)


def unpack(raw: bytes, encoding: str) -> bytes:
    """Return what `raw` holds; raise Invalid for what is not packed as `encoding` says."""
    if encoding not in _FORMS:
        raise Invalid("the Content-Encoding must be gzip, deflate or identity")
    for form in _FORMS[encoding]:
        unpacker = zlib.decompressobj(form)
        try:
            body = unpacker.decompress(raw, MOST_BODY + 1)
        except zlib.error:
            continue
        if len(body) > MOST_BODY:
            raise web.HTTPRequestEntityTooLarge(MOST_BODY, len(body))
        if unpacker.eof and not unpacker.unused_data:
            return body
    raise Invalid(f"the body is not packed as {encoding}")
