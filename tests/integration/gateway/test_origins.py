"""Which pages are taken for the gateway's own: told by reading answers and opening sockets."""

import aiohttp
import pytest

from tests.integration.gateway.doors import Door

TYPENAME = {"query": "{ __typename }"}
REFUSED = [
    "http://[",
    "http://[::1",
    "http://127.0.0.1:x",
    "http://127.0.0.1:99999999",
    "ftp://{host}",
    "https://{host}",
    "http://{host}/",
    "http://{host}/path",
    "http://user@{host}",
    "http://localhost:1",
    "http://console.example.com",
    "https://console.example.com:8443",
    "https://console.example.com.evil.org",
    "",
]


async def readable(door: Door, headers: dict[str, str]) -> str | None:
    """Return the origin whose pages may read the answer, which is always given."""
    async with door.session.post(f"{door.url}/v1", json=TYPENAME, headers=headers) as response:
        assert (response.status, await response.json()) == (200, {"data": {"__typename": "Query"}})
        return response.headers.get("Access-Control-Allow-Origin")


@pytest.mark.parametrize("origin", REFUSED)
async def test_a_foreign_or_malformed_origin_is_answered_but_not_ours(alone: Door, origin: str) -> None:
    sent = origin.replace("{host}", alone.url.removeprefix("http://"))
    assert await readable(alone, {"Origin": sent}) is None
    async with alone.session.get(f"{alone.url}/ws", headers={"Origin": sent, "Upgrade": "websocket"}) as response:
        assert (response.status, "errors" in await response.json()) == (403, True)


@pytest.mark.parametrize("origin", ["{url}", "http://127.0.0.1:8871", "https://console.example.com:443"])
async def test_own_public_and_configured_pages_are_ours(alone: Door, origin: str) -> None:
    sent = origin.replace("{url}", alone.url)
    assert await readable(alone, {"Origin": sent}) == sent
    async with alone.socket("graphql-ws", origin=sent) as socket:
        assert socket.protocol == "graphql-ws"


async def test_the_name_localhost_is_the_airflows(alone: Door) -> None:
    host = f"localhost:{alone.process.port}"
    assert await readable(alone, {"Host": host, "Origin": f"http://{host}"}) is None


async def test_a_page_that_invents_the_host_is_foreign(alone: Door) -> None:
    host = f"rebound.example.org:{alone.process.port}"
    assert await readable(alone, {"Host": host, "Origin": f"http://{host}"}) is None
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await alone.session.ws_connect(f"{alone.url}/ws", headers={"Host": host, "Origin": f"http://{host}"})
