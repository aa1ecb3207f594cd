"""What is no HTTP: it gets a short answer in our form that does not repeat it, and no place in the log."""

import asyncio
import json
import logging

import pytest

from tests.integration.gateway.doors import Door

SECRET = "4f1d2c"
LONG = SECRET * 2_000


async def knock(door: Door, raw: bytes) -> bytes:
    """Return all that is answered to raw bytes until the gateway closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.process.port)
    writer.write(raw)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    "raw",
    [
        f"POST /v1 HTTP/1.1\r\nHost: x\r\nAuthorization: {LONG}\r\n\r\n",
        f"GET /v1?query={LONG} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"POST /v1 HTTP/1.1\r\nHost: x\r\n{SECRET}\r\n\r\n",
        f"POST /v1 HTTP/1.1\r\nHost: x\r\nX: {SECRET}\x00\r\n\r\n",
        f"POST /v1 HTTP/1.1\r\nHost: x\r\nContent-Length: {SECRET}\r\n\r\n",
        f"G{SECRET}\x01 /v1 HTTP/1.1\r\n\r\n",
        f"GET {SECRET} SMTP/1.1\r\n\r\n",
        f"\x16\x03\x01{SECRET}\r\n\r\n",
    ],
    ids=["header", "target", "no header", "nul", "length", "method", "protocol", "tls"],
)
async def test_what_is_no_http_is_not_repeated(alone: Door, caplog: pytest.LogCaptureFixture, raw: str) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        head, _, body = (await knock(alone, raw.encode())).partition(b"\r\n\r\n")
        assert head.split(b" ")[1] == b"400"
        assert json.loads(body)["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert SECRET.encode() not in head + body
    told = [record for record in caplog.records if record.levelno >= logging.INFO and "HTTP" in record.getMessage()]
    assert len(told) == 1
    assert SECRET not in caplog.text
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


async def test_nonsense_on_a_connection_in_use_is_answered_and_ends_it(alone: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", alone.process.port)
    writer.write(b"GET /v1/healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readuntil(b"{}")).startswith(b"HTTP/1.1 200")
    writer.write(b"nonsense\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.0 400")
    writer.close()
    await writer.wait_closed()
