"""The door to Airflows on the wire: what a hostile Airflow answers, and what a hostile client sends."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio

from services.gateway.airflow.upstream import MOST_BODY
from tests.integration.gateway.airflow_places import HOST, OPEN, Place, Upstream, place_of
from tests.integration.gateway.doors import open_door
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Bare(Upstream):
    """Answers each connection once, with the same bytes, or reads on for none.

    `heads` are the requests that came, without their bodies.
    """

    said: bytes = PLAIN
    heads: tuple[bytes, ...] = ()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads += (await reader.readuntil(b"\r\n\r\n"),)
        if self.said:
            writer.write(self.said)
            writer.write_eof()
        while await reader.read(2**16):
            pass
        writer.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bare(aerodrome: Aerodrome) -> AsyncGenerator[tuple[Bare, Place]]:
    """A deployment whose Airflow says any bytes."""
    upstream = Bare()
    async with await asyncio.start_server(upstream.serve, "127.0.0.1", 0) as server:
        upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield upstream, await place_of(aerodrome, upstream)


async def talk(place: Place, *requests: str) -> bytes:
    """Send requests on one connection, without waiting for answers, and return all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", place.aerodrome.door.process.port)
    last = f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
    writer.write("".join([*requests, last]).encode("latin-1"))
    said = await reader.read()
    writer.close()
    return said


def asked(place: Place, path: str = "/", method: str = "GET", more: str = "") -> str:
    """Return a request of the administrator to the Airflow."""
    about = f"Host: {HOST}\r\nAuthorization: {place.aerodrome.admin}\r\n{more}"
    return f"{method} /{place.release}/airflow{path} HTTP/1.1\r\n{about}\r\n"


@pytest.mark.parametrize("status", [b"101 Switching Protocols", b"199 Early", b"000 None", b"600 Late", b"999 Late"])
async def test_what_is_no_last_answer_is_none(bare: tuple[Bare, Place], status: bytes) -> None:
    upstream, place = bare
    upstream.said = b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok"
    said = await talk(place, asked(place))
    assert re.findall(rb"HTTP/1\.1 ([0-9]+)", said) == [b"503", b"200"]


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_no_body_goes_where_none_may_be(bare: tuple[Bare, Place], status: bytes) -> None:
    upstream, place = bare
    upstream.said = b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % len(PLAIN) + PLAIN
    assert b"ok" not in (await talk(place, asked(place))).partition(b"HTTP/1.1 200")[0]


async def test_an_airflow_rules_over_nothing_else_at_its_origin(bare: tuple[Bare, Place]) -> None:
    upstream, place = bare
    ruling = ("Alt-Svc", "NEL", "Report-To", "Accept-CH", "Clear-Site-Data", "Set-Login")
    lines = "".join(f"{name}: x\r\n" for name in ruling)
    upstream.said = f"HTTP/1.1 200 OK\r\n{lines}Content-Length: 2\r\n\r\nok".encode()
    answer, text = await place.ask("/", Authorization=place.aerodrome.admin)
    assert text == "ok"
    assert [name for name in ruling if name in answer.headers] == []


@pytest.mark.parametrize("cookie", ["=aerodrome_visit=evil", "= aerodrome_visit=evil; Path=/", ";x", ""])
async def test_a_cookie_without_a_name_is_not_set(bare: tuple[Bare, Place], cookie: str) -> None:
    upstream, place = bare
    upstream.said = f"HTTP/1.1 200 OK\r\nSet-Cookie: {cookie}\r\nContent-Length: 2\r\n\r\nok".encode()
    answer, _ = await place.ask("/", Authorization=place.aerodrome.admin)
    assert "Set-Cookie" not in answer.headers


async def test_a_pass_never_comes_to_an_airflow(bare: tuple[Bare, Place]) -> None:
    upstream, place = bare
    before = len(upstream.heads)
    for method in ("HEAD", "POST", "OPTIONS"):
        entrance = await place.entrance(place.aerodrome.admin)
        answer, _ = await place.raw(entrance, method, Authorization=place.aerodrome.admin)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET")
    assert len(upstream.heads) == before


async def test_a_body_of_no_told_length_is_bounded_too(bare: tuple[Bare, Place]) -> None:
    upstream, place = bare
    upstream.said = b""

    async def endless() -> AsyncGenerator[bytes]:
        for _ in range(MOST_BODY // 2**20 + 1):
            yield bytes(2**20)

    headers = {"Host": HOST, "Authorization": place.aerodrome.admin}
    address = f"{place.aerodrome.door.url}/{place.release}/airflow/"
    async with aiohttp.ClientSession() as session, session.post(address, data=endless(), headers=headers) as answer:
        assert answer.status == 413
        assert await answer.json() == {"detail": "A request may have at most 64 MiB"}


async def test_a_page_below_the_same_domain_sets_no_visit_of_another(bare: tuple[Bare, Place]) -> None:
    upstream, place = bare
    upstream.said = PLAIN
    host = f"{place.release}-airflow.flows.example.com"
    nats, public_url = place.aerodrome.installation.nats, "https://aerodrome.example.com"
    async with open_door(nats, public_url=public_url, base_domain="flows.example.com") as door:
        there = replace(place, aerodrome=replace(place.aerodrome, door=door))
        url: str = (await there.aerodrome.data(OPEN, place.aerodrome.admin, d=place.id))["url"]
        entrance = urlsplit(url)
        assert (entrance.scheme, entrance.netloc) == ("https", host)
        answer, _ = await there.raw(f"{entrance.path}?{entrance.query}", host=host)
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-aerodrome_visit=")
        assert all(part in cookie for part in ("; Path=/;", "; Secure", "; HttpOnly"))
        assert "Domain" not in cookie
        visit = cookie.partition(";")[0]
        answer, _ = await there.raw("/", host=host, Cookie=f"aerodrome_visit=evil; {visit}")
        assert answer.status == 200
        assert b"visit" not in upstream.heads[-1]
        weak = visit.removeprefix("__Host-")
        assert (await there.raw("/", host=host, Cookie=weak))[0].status == 401


@pytest.mark.parametrize("visit", ["\xff", "\x80", "x" * 5_000, "a b", '"x"', ""])
async def test_a_visit_that_can_be_none_is_none(bare: tuple[Bare, Place], visit: str) -> None:
    _, place = bare
    head = f"GET /{place.release}/airflow/ HTTP/1.1\r\nHost: {HOST}\r\nCookie: aerodrome_visit={visit}\r\n\r\n"
    assert (await talk(place, head)).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("token", ["%00", "%FF", "%ED%A0%80", "x" * 5_000, "", "a.b.c", "%F0%9F%9B%A9"])
async def test_a_pass_that_can_be_none_is_none(bare: tuple[Bare, Place], token: str) -> None:
    _, place = bare
    answer, text = await place.raw(f"/{place.release}/airflow/aerodrome-enter?pass={token}&path=%00%FF")
    assert (answer.status, text) == (401, '{"detail": "No valid credential was sent"}')


@pytest.mark.parametrize("release", ["x" * 7_000, "%F0%9F%9B%A9", "%00", "%FF", "-a", "A"])
async def test_a_release_that_can_be_none_is_none(bare: tuple[Bare, Place], release: str) -> None:
    _, place = bare
    answer, _ = await place.raw(f"/{release}/airflow/", Authorization=place.aerodrome.admin)
    assert answer.status == 404
