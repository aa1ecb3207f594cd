"""Bodies that are packed, broken or never end."""

import asyncio
import gzip
import json
import logging
import zlib

import pytest

from tests.integration.bus import until
from tests.integration.gateway.doors import Door

BODY = json.dumps({"query": "{ __typename }"}).encode()
raw_deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
RAW = raw_deflate.compress(BODY) + raw_deflate.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", gzip.compress(BODY, mtime=0)), ("deflate", zlib.compress(BODY)), ("deflate", RAW), ("identity", BODY)],
    ids=["gzip", "deflate", "deflate without header", "identity"],
)
async def test_a_packed_body_is_unpacked(alone: Door, encoding: str, body: bytes) -> None:
    answer = await alone.post(data=body, headers={"Content-Encoding": encoding})
    assert answer == (200, {"data": {"__typename": "Query"}})


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", BODY),
        ("deflate", BODY),
        ("br", BODY),
        ("zstd", BODY),
        ("gzip, br", BODY),
        ("gzip", gzip.compress(BODY, mtime=0)[:-4]),
        ("gzip", gzip.compress(BODY, mtime=0) + b"more"),
        ("gzip", b""),
    ],
)
async def test_a_body_not_packed_as_said_is_400_in_the_error_form(alone: Door, encoding: str, body: bytes) -> None:
    status, answer = await alone.post(data=body, headers={"Content-Encoding": encoding})
    assert (status, answer["errors"][0]["extensions"]["code"]) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("head", ["Content-Length: 500", "Transfer-Encoding: chunked"])
async def test_a_client_that_leaves_in_mid_body_is_no_error(
    alone: Door, caplog: pytest.LogCaptureFixture, head: str
) -> None:
    async def answered() -> bool:
        async with alone.session.get(f"{alone.url}/metrics") as response:
            return _bad_requests(await response.text()) > before

    async with alone.session.get(f"{alone.url}/metrics") as response:
        before = _bad_requests(await response.text())
    _, writer = await asyncio.open_connection("127.0.0.1", alone.process.port)
    kind = "Content-Type: application/json"
    writer.write(f"POST /v1 HTTP/1.1\r\nHost: x\r\n{kind}\r\n{head}\r\n\r\n5\r\n{{".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    await until(answered)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def _bad_requests(metrics: str) -> float:
    lines = [line for line in metrics.splitlines() if line.startswith('aerodrome_gateway_answers_total{status="400"}')]
    return float(lines[0].split()[-1]) if lines else 0.0
