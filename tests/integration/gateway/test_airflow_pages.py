"""Pages at the Airflows' origin in a real browser: how one gets there, and what a hostile one can't do."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import BrowserContext

from shared.ids import new_id
from shared.servers.process import free_port
from tests.acceptance.browser import browser
from tests.acceptance.hostile import attack, judge
from tests.integration.gateway.airflow_places import Place, Upstream, place_of
from tests.integration.gateway.doors import open_door
from tests.integration.gateway.whole import Aerodrome
from tests.integration.invites.installation import PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Scene:
    """A deployment with a web server of the tests, and the gateway that a browser reaches it by."""

    place: Place
    port: int
    email: str

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/{self.place.release}/airflow"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(aerodrome: Aerodrome) -> AsyncGenerator[Scene]:
    """A deployment whose Airflow serves a hostile page at /evil, and somebody who may see it."""
    port = free_port()

    async def evil(_: web.Request) -> web.Response:
        return web.Response(text=attack(f"http://127.0.0.1:{port}"), content_type="text/html")

    async def home(request: web.Request) -> web.Response:
        return web.Response(text=f"<h1>Airflow at {request.path_qs}</h1>", content_type="text/html")

    application = web.Application()
    application.router.add_get("/{release}/airflow/evil", evil)
    application.router.add_get("/{release}/airflow/{path:.*}", home)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    upstream = Upstream(f"http://127.0.0.1:{runner.addresses[0][1]}")
    email = f"{new_id()}@example.com"
    try:
        async with open_door(aerodrome.installation.nats, port=port, public_url=f"http://127.0.0.1:{port}"):
            place = await place_of(aerodrome, upstream)
            await aerodrome.make_user(email)
            add = "mutation ($w: Uuid!, $e: String!) { workspaceAddUser(workspaceUuid: $w, email: $e) { id } }"
            await aerodrome.data(add, aerodrome.admin, w=place.workspace, e=email)
            yield Scene(place, port, email)
    finally:
        await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="module")
async def window() -> AsyncGenerator[BrowserContext]:
    """A browser."""
    async with browser() as context:
        yield context


async def test_one_signs_in_on_the_way_and_comes_to_where_one_wanted(scene: Scene, window: BrowserContext) -> None:
    page = await window.new_page()
    await page.goto(f"{scene.url}/dags?state=failed")
    assert page.url.startswith(f"{scene.api}/airflow?")
    await page.get_by_label("Username or e-mail address").fill(scene.email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name=f"Airflow at /{scene.place.release}/airflow/dags?state=failed").wait_for()
    assert page.url == f"{scene.url}/dags?state=failed"
    (visit,) = [cookie for cookie in await window.cookies() if cookie.get("name") == "aerodrome_visit"]
    place = f"/{scene.place.release}/airflow"
    assert (visit.get("domain"), visit.get("path"), visit.get("httpOnly")) == ("localhost", place, True)

    other = await place_of(scene.place.aerodrome, scene.place.upstream)
    await page.goto(f"http://localhost:{scene.port}/{other.release}/airflow/")
    await page.get_by_role("heading", name="This Airflow can't be opened").wait_for()


async def test_a_hostile_page_can_do_nothing_at_the_api(scene: Scene, window: BrowserContext) -> None:
    page = await window.new_page()
    await page.goto(f"{scene.url}/evil")
    await page.get_by_label("Username or e-mail address").fill(scene.email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{scene.url}/evil")
    await page.wait_for_function("window.results")
    judge(await page.evaluate("window.results"))
    labels = await scene.place.aerodrome.data("{ workspaces { label } }", scene.place.aerodrome.admin)
    assert "taken over" not in {each["label"] for each in labels}
