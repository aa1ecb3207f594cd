"""`aerodrome logs` against a gateway: what it shows, how it goes on and ends, and what it says when it can't."""

import asyncio
import os
import pty
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from services.cli.folder import CannotStart
from services.cli.logs import Asked, Record, read_lines
from services.deployments.contract import Component
from shared.ids import new_id
from tests.integration.bus import until
from tests.integration.gateway.components import START, Writer, writing
from tests.integration.gateway.doors import open_door
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def logged(aerodrome: Aerodrome) -> AsyncGenerator[tuple[Asked, Writer]]:
    """Give what asks for the worker's lines of a new deployment, which none but the writer writes."""
    document = "mutation ($w: Uuid!, $l: String!) { createDeployment(workspaceUuid: $w, label: $l) { id } }"
    made = await aerodrome.data(document, aerodrome.admin, w=await aerodrome.make_workspace(), l=new_id())
    async with writing(aerodrome.installation.nats) as writer:
        asked = Asked(
            url=aerodrome.door.url, token=aerodrome.admin, deployment=made["id"], component="workers", search="told"
        )
        yield asked, writer


async def read(asked: Asked, into: list[Record], warnings: list[str] | None = None) -> None:
    """Read lines until they end."""
    told = [] if warnings is None else warnings
    async with asyncio.timeout(60):
        async for record in read_lines(asked, told.append):
            into += [record]


async def write(writer: Writer, asked: Asked, *texts: str) -> None:
    """Have the worker say this."""
    await writer.write(*texts, component=Component.WORKER, at=START, deployment=asked.deployment)


async def test_what_is_there_is_shown_and_then_it_ends(aerodrome: Aerodrome) -> None:
    async with logged(aerodrome) as (asked, writer):
        await write(writer, asked, "told 1", "kept", "told 2")
        found: list[Record] = []
        await read(replace(asked, url=f"{asked.url}/v1/"), found)
        assert [record["message"] for record in found] == ["told 1", "told 2"]
        found.clear()
        await read(replace(asked, since="5m"), found)
        assert found == []


async def test_a_follower_goes_on_when_the_gateway_is_back_with_every_line_once(aerodrome: Aerodrome) -> None:
    nats = aerodrome.installation.nats
    found: list[Record] = []
    warnings: list[str] = []
    async with logged(aerodrome) as (asked, writer):
        async with open_door(nats) as door:
            port = door.process.port
            follower = asyncio.create_task(
                read(replace(asked, url=f"http://127.0.0.1:{port}", follow=True), found, warnings)
            )
            await write(writer, asked, *[f"told {number}" for number in range(5)])
            await until(lambda: len(found) == 5)
        await write(writer, asked, "told 5", "told 6")
        await until(lambda: bool(warnings))
        async with open_door(nats, port=port):
            await write(writer, asked, "told 7")
            await until(lambda: len(found) == 8, timeout_s=30)
        follower.cancel()
        await asyncio.wait([follower])
    assert [record["message"] for record in found] == [f"told {number}" for number in range(8)]
    assert warnings == [f"http://127.0.0.1:{port} is away; the lines go on when it is back"]


async def test_what_goes_wrong_is_told_with_what_to_do(aerodrome: Aerodrome) -> None:
    _, stranger = await aerodrome.make_user(f"{new_id()}@example.com")
    async with logged(aerodrome) as (asked, _):
        cases: list[tuple[dict[str, Any], str]] = [
            ({"token": "nonsense"}, "does not know the token"),
            ({"token": stranger}, f"no deployment {asked.deployment} that the token may see"),
            ({"deployment": "no-such-0001"}, "no deployment no-such-0001"),
            ({"deployment": "../../etc"}, "no deployment ../../etc"),
            ({"component": "flower"}, "Component must be one of scheduler"),
            ({"since": "yesterday"}, "Since must be a time"),
            ({"url": "http://127.0.0.1:1", "follow": True}, "no gateway answers at http://127.0.0.1:1"),
            ({"url": "nonsense"}, "no gateway answers at nonsense"),
        ]
        for changes, said in cases:
            with pytest.raises(CannotStart, match=said):
                await read(replace(asked, **changes), [])


async def test_the_deletion_of_the_deployment_ends_it_and_is_told(aerodrome: Aerodrome) -> None:
    async with logged(aerodrome) as (asked, writer):
        await write(writer, asked, "told")
        found: list[Record] = []
        follower = asyncio.create_task(read(replace(asked, follow=True), found))
        await until(lambda: len(found) == 1)
        delete = "mutation ($d: Uuid) { deleteDeployment(deploymentUuid: $d) { id } }"
        await aerodrome.data(delete, aerodrome.admin, d=asked.deployment)
        with pytest.raises(CannotStart, match="the lines end: The deployment was deleted"):
            await follower


def _heed_ctrl_c() -> None:
    """Undo what a shell does to whom it starts in the background, and they to their children: to ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
async def test_it_colours_on_a_terminal_and_ends_cleanly_on_ctrl_c(
    aerodrome: Aerodrome, variables: dict[str, str], coloured: bool
) -> None:
    async with logged(aerodrome) as (asked, writer):
        await writer.write("told", level="WARNING", component=Component.WORKER, deployment=asked.deployment)
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        environment |= {"AERODROME_TOKEN": asked.token, "AERODROME_URL": asked.url, "TERM": "xterm", **variables}
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.cli", "logs", asked.deployment, "-f"),
            *("--since", "2000-01-01T00:00:00Z"),
            env=environment,
            stdout=theirs,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=_heed_ctrl_c,
        )
        os.close(theirs)
        try:
            shown = b""
            async with asyncio.timeout(30):
                while b"WARNING told" not in shown:
                    shown += await asyncio.to_thread(os.read, ours, 65536)
                process.send_signal(signal.SIGINT)
                _, said = await process.communicate()
        finally:
            os.close(ours)
        assert (process.returncode, said) == (0, b"")
        assert (b"\x1b[33m" in shown) is coloured
