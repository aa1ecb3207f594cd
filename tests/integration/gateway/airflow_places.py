"""A deployment with a web server of the tests where its Airflow would be, and who asks for it."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt
from aiohttp import web

from shared.ids import new_id
from tests.integration.gateway.whole import Aerodrome

HOST = "localhost:8871"
OPEN = "mutation ($d: Uuid!, $p: String) { openAirflow(deploymentUuid: $d, path: $p) { url expiresAt } }"


@dataclass
class Upstream:
    """An HTTP server where an Airflow would be; `seen` are the requests that came through."""

    url: str = ""
    seen: list[web.Request] = field(default_factory=list[web.Request])
    bodies: list[bytes] = field(default_factory=list[bytes])

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        self.bodies.append(await request.read())
        response = web.StreamResponse(status=201, headers={"X-From": "airflow", "Service-Worker-Allowed": "/"})
        response.headers.add("Set-Cookie", "session=abc; Domain=localhost; Path=/; HttpOnly")
        response.headers.add("Set-Cookie", "aerodrome_visit=stolen; Path=/")
        response.headers["Location"] = f"{self.url}/elsewhere"
        await response.prepare(request)
        await response.write(b"from ")
        if request.path.endswith("/endless"):
            await asyncio.Event().wait()
        await response.write(b"airflow")
        return response


@dataclass
class Place:
    """A deployment whose door leads to `upstream`."""

    aerodrome: Aerodrome
    upstream: Upstream
    workspace: str
    id: str
    release: str

    async def ask(
        self, path: str = "/", method: str = "GET", *, host: str = HOST, **headers: str
    ) -> tuple[aiohttp.ClientResponse, str]:
        """Return the answer to a request for this deployment's Airflow."""
        return await self.raw(f"/{self.release}/airflow{path}", method, host=host, data=None, **headers)

    async def raw(
        self, path: str, method: str = "GET", *, host: str = HOST, data: bytes | None = None, **headers: str
    ) -> tuple[aiohttp.ClientResponse, str]:
        """Return the answer to a request at a host name."""
        door = self.aerodrome.door
        sent = {"Host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(
                method,
                f"{door.url}{path}",
                headers=sent,
                allow_redirects=False,
                data=io.BytesIO(data) if data else None,
            ) as answer,
        ):
            return answer, await answer.text()

    async def entrance(self, token: str, path: str = "/") -> str:
        """Return what follows the host in the address that lets a browser in."""
        found: dict[str, str] = await self.aerodrome.data(OPEN, token, d=self.id, p=path)
        parts = urlsplit(found["url"])
        assert parts.netloc == HOST
        return f"{parts.path}?{parts.query}"

    async def visit(self, token: str) -> str:
        """Return the cookie of a browser that was let in."""
        answer, _ = await self.raw(await self.entrance(token))
        assert answer.status == 303
        return answer.headers["Set-Cookie"].partition(";")[0]

    @property
    def last(self) -> web.Request:
        return self.upstream.seen[-1]

    @property
    def role(self) -> str:
        """Return as what the last request came to the Airflow."""
        token = self.last.headers["Authorization"].removeprefix("Bearer ")
        said: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
        role: str = said["role"]
        return role


async def place_of(aerodrome: Aerodrome, upstream: Upstream) -> Place:
    """Return a new deployment whose keeper has told that its door is at `upstream`."""
    workspace = await aerodrome.make_workspace(new_id())
    wish = "mutation ($w: Uuid!, $l: String!) { createDeployment(workspaceUuid: $w, label: $l) { id releaseName } }"
    made = await aerodrome.data(wish, aerodrome.admin, w=workspace, l=new_id())
    await tell(aerodrome, made["id"], upstream.url)
    return Place(aerodrome, upstream, workspace, made["id"], made["releaseName"])


async def tell(aerodrome: Aerodrome, deployment: str, endpoint: str) -> None:
    """Write down where a deployment's door is, once its simulation runs."""
    query = "update assignments set endpoint = $2 where deployment_id = $1 and seen = 'HEALTHY' returning 1"
    await aerodrome.installation.until("deployments", query, deployment, endpoint)
