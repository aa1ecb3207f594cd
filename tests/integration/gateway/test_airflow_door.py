"""The door to Airflows: who is let in and as whom, what an Airflow gets to know, and what its pages can't do."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from shared.ids import new_id
from tests.integration.gateway.airflow_places import HOST, OPEN, Place, Upstream, place_of, tell
from tests.integration.gateway.doors import open_door
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADD = "mutation ($w: Uuid!, $e: String!, $r: Role!) { workspaceAddUser(workspaceUuid: $w, email: $e, role: $r) { id } }"
PAGE = "text/html,*/*"
JSON = "application/json"
BODY = b'{"query": "{ self { user { id } } }"}'
OURS = "127.0.0.1:8871"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(aerodrome: Aerodrome) -> AsyncGenerator[Place]:
    """A deployment of the administrator with a web server behind its door."""
    upstream = Upstream()
    application = web.Application(client_max_size=2**27)
    application.router.add_route("*", "/{path:.*}", upstream.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield await place_of(aerodrome, upstream)
    finally:
        await runner.cleanup()


async def member(place: Place, role: str) -> str:
    """Return the token of a new person with a role in the workspace."""
    email = f"{new_id()}@example.com"
    _, token = await place.aerodrome.make_user(email)
    await place.aerodrome.data(ADD, place.aerodrome.admin, w=place.workspace, e=email, r=role)
    return token


async def test_a_browser_is_led_to_the_entrance_and_let_in_once(place: Place) -> None:
    answer, _ = await place.ask("/dags?state=failed", Accept=PAGE)
    assert answer.status == 302
    found = urlsplit(answer.headers["Location"])
    assert (found.netloc, found.path) == ("127.0.0.1:8871", "/airflow")
    assert parse_qs(found.query) == {"release": [place.release], "path": ["/dags?state=failed"]}

    entrance = await place.entrance(place.aerodrome.admin, "/dags?state=failed")
    answer, _ = await place.raw(entrance)
    assert answer.status == 303
    assert answer.headers["Location"] == f"http://{HOST}/{place.release}/airflow/dags?state=failed"
    assert answer.headers["Cache-Control"] == "no-store"
    cookie = answer.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", f"Path=/{place.release}/airflow"))
    again, _ = await place.raw(entrance)
    assert again.status == 401
    assert "Set-Cookie" not in again.headers

    through, text = await place.ask("/dags?state=failed", Cookie=cookie.partition(";")[0])
    assert (through.status, text, place.role) == (201, "from airflow", "ADMIN")
    assert place.last.path_qs == f"/{place.release}/airflow/dags?state=failed"


@pytest.mark.parametrize(
    ("role", "there"),
    [("WORKSPACE_ADMIN", "ADMIN"), ("WORKSPACE_EDITOR", "USER"), ("WORKSPACE_VIEWER", "VIEWER")],
)
async def test_a_role_here_is_a_role_there(place: Place, role: str, there: str) -> None:
    answer, _ = await place.ask("/api/v2/dags", Authorization=f"Bearer {await member(place, role)}")
    assert (answer.status, place.role) == (201, there)


async def test_strangers_learn_nothing(place: Place) -> None:
    _, stranger = await place.aerodrome.make_user(f"{new_id()}@example.com")
    there, _ = await place.ask("/", Authorization=stranger)
    nowhere, text = await place.raw("/no-such-1234/airflow/", Authorization=stranger)
    assert (there.status, nowhere.status, text) == (404, 404, '{"detail": "There is no such deployment"}')
    assert (await place.ask("/"))[0].status == 401
    assert (await place.ask("/", Authorization="nonsense"))[0].status == 401
    refusal = await place.aerodrome.refused(OPEN, stranger, d=place.id)
    assert refusal == ("The requested resource was not found", "RESOURCE_NOT_FOUND")


async def test_an_airflow_gets_no_credential_of_ours_and_sets_no_cookie_of_ours(place: Place) -> None:
    visit = await place.visit(place.aerodrome.admin)
    cookies = f"{visit}; astronomer_127_0_0_1_auth={place.aerodrome.admin}; _token=x; mine=1"
    answer, _ = await place.ask(
        "/",
        "POST",
        Cookie=cookies,
        Origin=f"http://{HOST}",
        X_Forwarded_For="6.6.6.6",
        Connection="keep-alive, X-Hop",
        X_Hop="1",
    )
    assert answer.status == 201
    seen = place.last.headers
    assert seen["Cookie"] == "mine=1"
    assert "X-Hop" not in seen
    assert (seen["X-Forwarded-For"], seen["Host"], seen["X-Forwarded-Proto"]) == ("127.0.0.1", HOST, "http")
    assert place.aerodrome.admin not in str(seen)
    assert answer.headers.getall("Set-Cookie") == [f"session=abc; HttpOnly; Path=/{place.release}/airflow"]
    assert "Service-Worker-Allowed" not in answer.headers
    assert answer.headers["Location"] == f"http://{HOST}/elsewhere"


async def test_a_visit_is_good_at_its_own_door_alone(place: Place) -> None:
    visit = await place.visit(place.aerodrome.admin)
    other = await place_of(place.aerodrome, place.upstream)
    assert (await other.ask("/", Cookie=visit))[0].status == 401
    token = visit.partition("=")[2]
    assert (await place.ask("/", Authorization=token))[0].status == 401
    _, api = await place.aerodrome.door.post({"query": "{ workspaces { id } }"}, headers={"Authorization": token})
    assert "errors" in api
    assert (await place.ask("/", Cookie=f"aerodrome_visit={place.aerodrome.admin}"))[0].status == 401


async def test_signing_out_ends_the_visit(place: Place) -> None:
    token = await member(place, "WORKSPACE_VIEWER")
    visit = await place.visit(token)
    assert (await place.ask("/", Cookie=visit))[0].status == 201
    await place.aerodrome.data("mutation { logout }", token)
    assert (await place.ask("/", Cookie=visit))[0].status == 401


async def test_who_loses_the_role_is_cut_off_in_the_middle(place: Place) -> None:
    email = f"{new_id()}@example.com"
    id_, token = await place.aerodrome.make_user(email)
    await place.aerodrome.data(ADD, place.aerodrome.admin, w=place.workspace, e=email, r="WORKSPACE_VIEWER")
    door = place.aerodrome.door
    headers = {"Host": HOST, "Authorization": token}
    async with door.session.get(f"{door.url}/{place.release}/airflow/endless", headers=headers) as answer:
        assert await answer.content.readexactly(5) == b"from "
        gone = "mutation ($w: Uuid!, $u: Uuid!) { workspaceRemoveUser(workspaceUuid: $w, userUuid: $u) { id } }"
        await place.aerodrome.data(gone, place.aerodrome.admin, w=place.workspace, u=id_)
        with pytest.raises(aiohttp.ClientError):
            async with asyncio.timeout(5):
                await answer.content.read()


async def test_what_another_page_sends_with_the_cookie_is_refused(place: Place) -> None:
    visit = await place.visit(place.aerodrome.admin)
    count = len(place.upstream.seen)
    for origin in ("https://evil.example.com", "null", "http://127.0.0.1:8871", f"http://{HOST}, http://{HOST}"):
        assert (await place.ask("/api/v2/dags/x", "PATCH", Cookie=visit, Origin=origin))[0].status == 403
    assert (await place.ask("/", "POST", Cookie=visit, Sec_Fetch_Site="cross-site"))[0].status == 403
    assert len(place.upstream.seen) == count


async def test_the_api_does_not_trust_the_origin_of_the_airflows(place: Place) -> None:
    cookie = f"astronomer_127_0_0_1_auth={place.aerodrome.admin}"
    for host, origin in (
        (HOST, f"http://{HOST}"),
        (OURS, f"http://{HOST}"),
        (HOST, "http://localhost.:8871"),
    ):
        answer, text = await place.raw(
            "/v1", "POST", host=host, data=BODY, Cookie=cookie, Origin=origin, Content_Type=JSON
        )
        assert '"self":null' in text.replace(" ", ""), (host, origin, text)
        assert "Access-Control-Allow-Origin" not in answer.headers
    _, text = await place.raw("/v1", "POST", data=BODY, Authorization=place.aerodrome.admin, Content_Type=JSON)
    assert '"errors"' not in text
    _, text = await place.raw(
        "/v1",
        "POST",
        host="127.0.0.1:8871",
        data=BODY,
        Cookie=cookie,
        Origin="http://127.0.0.1:8871",
        Content_Type=JSON,
    )
    assert '"errors"' not in text


async def test_our_pages_are_not_at_the_origin_of_the_airflows(place: Place) -> None:
    for path in ("/", "/playground", "/reset-password?token=x", "/airflow?release=x", "/v1"):
        answer, _ = await place.raw(path, Accept=PAGE)
        assert (answer.status, answer.headers["Location"]) == (302, f"http://127.0.0.1:8871{path}")


async def test_a_pass_leads_nowhere_else(place: Place) -> None:
    for path in ("//evil.example.com/", "/\\evil.example.com"):
        answer, _ = await place.raw(await place.entrance(place.aerodrome.admin, path))
        assert answer.headers["Location"].startswith(f"http://{HOST}/{place.release}/airflow/")
    refusal = await place.aerodrome.refused(OPEN, place.aerodrome.admin, d=place.id, p="https://evil.example.com")
    assert refusal == ("Path must begin with / and have at most 2000 characters", "BAD_USER_INPUT")


async def test_bodies_pass_and_are_bounded(place: Place) -> None:
    path = f"/{place.release}/airflow/api/v2/variables"
    token = place.aerodrome.admin
    answer, _ = await place.raw(path, "POST", data=b"x" * 3_000_000, Authorization=token)
    assert (answer.status, place.upstream.bodies[-1] == b"x" * 3_000_000) == (201, True)
    answer, _ = await place.raw(path, "POST", data=b"x" * (64 * 2**20 + 1), Authorization=token)
    assert answer.status == 413


async def test_an_airflow_that_is_away_is_told_as_such(place: Place) -> None:
    gone = await place_of(place.aerodrome, place.upstream)
    await tell(place.aerodrome, gone.id, "http://127.0.0.1:1")
    answer, text = await gone.ask("/", Authorization=place.aerodrome.admin, Accept=PAGE)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    assert "The Airflow does not answer now" in text
    await place.aerodrome.data(
        "mutation ($d: Uuid!) { hibernateDeployment(deploymentUuid: $d) { id } }", place.aerodrome.admin, d=gone.id
    )
    answer, text = await gone.ask("/", Authorization=place.aerodrome.admin)
    assert (answer.status, text) == (503, '{"detail": "The deployment hibernates"}')


async def test_with_a_base_domain_each_has_an_origin_of_its_own(place: Place) -> None:
    nats = place.aerodrome.installation.nats
    async with open_door(nats, base_domain="localhost") as door:
        there = replace(place, aerodrome=replace(place.aerodrome, door=door))
        host = f"{place.release}-airflow.localhost:8871"
        found: dict[str, str] = await there.aerodrome.data(OPEN, place.aerodrome.admin, d=place.id, p="/dags")
        parts = urlsplit(found["url"])
        answer, _ = await there.raw(f"{parts.path}?{parts.query}", host=parts.netloc)
        assert (parts.netloc, answer.headers["Location"]) == (host, f"http://{host}/dags")
        assert "; Path=/;" in f"{answer.headers['Set-Cookie']};"
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        through, _ = await there.raw("/v1", "POST", host=host, Cookie=cookie, Origin=f"http://{host}", data=BODY)
        assert (through.status, place.last.path) == (201, "/v1")
        foreign = "http://other-airflow.localhost:8871"
        refused, _ = await there.raw("/v1", "POST", host=host, Cookie=cookie, Origin=foreign, data=BODY)
        assert refused.status == 403
        other, _ = await there.raw("/", host="other-airflow.localhost:8871", Cookie=cookie)
        assert other.status == 404


async def test_an_airflow_is_not_asked_for_what_the_client_did_not_ask_for(place: Place) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", place.aerodrome.door.process.port)
    request = (
        f"GET /{place.release}/airflow/ HTTP/1.0\r\nHost: {HOST}\r\nAuthorization: {place.aerodrome.admin}\r\n\r\n"
    )
    writer.write(request.encode())
    assert (await reader.readline()).split()[1] == b"201"
    writer.close()
    assert not {"accept", "accept-encoding", "user-agent", "content-type"} & {
        name.lower() for name in place.last.headers
    }


async def test_who_asks_the_wrong_host_is_led_to_the_right_one(place: Place) -> None:
    answer, _ = await place.ask("/dags?x=1", host=OURS, Accept=PAGE)
    assert (answer.status, answer.headers["Location"]) == (302, f"http://{HOST}/{place.release}/airflow/dags?x=1")
    answer, text = await place.ask("/api/v2/dags", host=OURS, Authorization=place.aerodrome.admin)
    assert (answer.status, text) == (404, f'{{"detail": "This Airflow is at http://{HOST}/{place.release}/airflow/"}}')


async def test_the_address_stands_in_urls(place: Place) -> None:
    found = await place.aerodrome.data(
        "query ($d: String!) { deployment(where: {id: $d}) { urls { type url } } }", place.aerodrome.admin, d=place.id
    )
    assert found["urls"][0] == {"type": "airflow", "url": f"http://{HOST}/{place.release}/airflow/"}
