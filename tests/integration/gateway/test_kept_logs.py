"""The queries `logs` and `deploymentLogs`, with every service behind them."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from services.deployments.contract import Component
from tests.integration.bus import until
from tests.integration.gateway.components import Writer, writing
from tests.integration.gateway.talks import LEGACY, talking
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")
FIELDS = "id uuid timestamp release component level message logger dagId taskId runId tryNumber mapIndex cursor"
LOGS = f"""query logs($d: Uuid!, $c: String, $t: DateTime, $s: String, $b: String) {{
  logs(deploymentUuid: $d, component: $c, timestamp: $t, search: $s, before: $b) {{ {FIELDS} }}
}}"""
ALIAS = LOGS.replace("logs(deploymentUuid", "deploymentLogs(deploymentUuid")
CREATE = "mutation ($w: Uuid!, $l: String!) { createDeployment(workspaceUuid: $w, label: $l) { id releaseName } }"


@dataclass
class Place:
    """A deployment in a workspace of its own; its simulated components write lines too."""

    aerodrome: Aerodrome
    writer: Writer
    workspace: str
    id: str
    release: str

    async def logs(self, document: str = LOGS, *, token: str = "", **asked: Any) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = await self.aerodrome.data(
            document, token or self.aerodrome.admin, d=self.id, **asked
        )
        return lines

    async def messages(self, **asked: Any) -> list[str]:
        """Return the messages of what is found."""
        return [line["message"] for line in await self.logs(**asked)]

    async def write(self, *messages: str, **of_batch: Any) -> None:
        await self.writer.write(*messages, deployment=self.id, **of_batch)


@pytest_asyncio.fixture(loop_scope="module")
async def place(aerodrome: Aerodrome) -> AsyncGenerator[Place]:
    async with writing(aerodrome.installation.nats) as writer:
        workspace = await aerodrome.make_workspace()
        made = await aerodrome.data(CREATE, aerodrome.admin, w=workspace, l=f"logs-{uuid4().hex[:8]}")
        yield Place(aerodrome, writer, workspace, made["id"], made["releaseName"])


def at(hours: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=20) + timedelta(hours=hours)


async def test_lines_are_found_oldest_first_and_strictly_later(place: Place) -> None:
    first = at(0).replace(microsecond=0)
    await place.write("alpha", "beta", "gamma", component=Component.WORKER, at=first, level="INFO")
    await until(lambda: _shows(place, ["gamma"], s="gamma"))
    lines = await place.logs(t=None, c="workers", s="a")
    lines = [line for line in lines if line["message"] in {"alpha", "beta", "gamma"}]
    assert [line["message"] for line in lines] == ["alpha", "beta", "gamma"]
    assert {(line["release"], line["component"], line["level"]) for line in lines} == {
        (place.release, "worker", "INFO")
    }
    assert all(line["uuid"] == line["id"] and line["cursor"] for line in lines)
    stamps = [line["timestamp"] for line in lines]
    shown = [line["message"] for line in await place.logs(ALIAS, c="WORKER", t=stamps[0].replace("Z", "999Z"), s="a")]
    assert [text for text in shown if text in {"alpha", "beta", "gamma"}] == ["beta", "gamma"]
    shifted = (first + timedelta(hours=2)).isoformat().replace("+00:00", "+02:00")
    assert await place.messages(t=shifted, s="alpha") == []
    assert await place.messages(t=shifted, s="BETA") == ["beta"]


async def _shows(place: Place, expected: list[str], **asked: Any) -> bool:
    return await place.messages(**asked) == expected


async def test_the_newest_800_are_shown_and_older_ones_behind_a_cursor(place: Place) -> None:
    texts = [f"counted {number:04}" for number in range(1_000)]
    for begin in range(0, 1_000, 200):
        await place.write(*texts[begin : begin + 200], component=Component.TRIGGERER, at=at(begin))
    await until(lambda: _shows(place, ["counted 0999"], s="counted 0999"))
    page = await place.logs(s="counted")
    assert [line["message"] for line in page] == texts[200:]
    rest = await place.logs(s="counted", b=page[0]["cursor"])
    assert [line["message"] for line in rest] == texts[:200]
    answer = await place.aerodrome.refused(LOGS, place.aerodrome.admin, d=place.id, b="' or 1=1")
    assert answer == ("Before must be the cursor of a record", "BAD_USER_INPUT")


async def test_long_lines_come_in_several_replies(place: Place) -> None:
    for number in range(60):
        await place.write(f"long {number} " + "x" * 24_000, component=Component.WEBSERVER, at=at(number))
    await until(lambda: _long(place))


async def _long(place: Place) -> bool:
    found = [message.split()[1] for message in await place.messages(s="long ")]
    return found == [str(number) for number in range(60)]


async def test_what_there_is_none_of_is_an_empty_list(place: Place) -> None:
    await place.write("a line", "end_of_log", component=Component.WORKER, at=at(0))
    await until(lambda: _shows(place, ["a line"], s="a line"))
    assert await place.logs(c="git-sync") == []
    assert await place.logs(s="end_of_log") == []
    assert await place.logs(t="2199-01-01T00:00:00Z") == []
    _, code = await place.aerodrome.refused(LOGS, place.aerodrome.admin, d=place.id, s="x" * 1001)
    assert code == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "sent",
    [
        {"s": "%"},
        {"s": "_"},
        {"s": "\\"},
        {"s": "secret"},
        {"s": "' or '1'='1"},
        {"c": "%"},
        {"c": "worker' or '1'='1"},
        {"c": "scheduler,worker"},
        {"b": "99999999999999999-999999999999999999"},
    ],
)
async def test_no_argument_shows_lines_of_another_deployment(place: Place, sent: dict[str, str]) -> None:
    other = await place.aerodrome.data(CREATE, place.aerodrome.admin, w=place.workspace, l=f"other-{uuid4().hex[:8]}")
    await place.writer.write("secret % _ \\ of another", deployment=other["id"], component=Component.WORKER, at=at(0))
    await until(lambda: _shows_of(place, other["id"]))
    assert not [message for message in await place.messages(**sent) if "of another" in message]


async def _shows_of(place: Place, id_: str) -> bool:
    lines = await place.aerodrome.data(LOGS, place.aerodrome.admin, d=id_, s="of another")
    return [line["message"] for line in lines] == ["secret % _ \\ of another"]


async def test_who_may_not_read_it_is_told_what_others_are(place: Place) -> None:
    _, token = await place.aerodrome.make_user(f"reader-{uuid4().hex[:8]}@example.com")
    for document in (LOGS, ALIAS):
        for id_ in (place.id, "cabsent00000000000000001", "%", ""):
            _, code = await place.aerodrome.refused(document, token, d=id_)
            assert code == ("RESOURCE_NOT_FOUND" if id_ else "BAD_USER_INPUT")


async def test_a_deleted_deployments_lines_go_for_good(place: Place) -> None:
    await place.write("for good", component=Component.WORKER)
    await until(lambda: _shows(place, ["for good"], s="for good"))
    document = "mutation ($d: Uuid!) { deleteDeployment(deploymentUuid: $d, deploymentHardDelete: true) { id } }"
    await place.aerodrome.data(document, place.aerodrome.admin, d=place.id)
    _, code = await place.aerodrome.refused(LOGS, place.aerodrome.admin, d=place.id)
    assert code == "RESOURCE_NOT_FOUND"


async def test_it_is_told_that_logs_are_kept(aerodrome: Aerodrome) -> None:
    assert await aerodrome.data("{ deploymentConfig { loggingEnabled } }", aerodrome.admin) == {"loggingEnabled": True}


async def test_a_subscription_tells_the_same_fields(place: Place) -> None:
    start = '$d: Uuid!, $t: DateTime) { log(deploymentUuid: $d, timestamp: $t, search: "same")'
    document = f"subscription ({start} {{ {FIELDS} }} }}"
    await place.write("the same", component=Component.WORKER)
    await until(lambda: _shows(place, ["the same"], s="the same"))
    async with talking(place.aerodrome, LEGACY) as talk:
        await talk.start("1", document, d=place.id, t="2000-01-01T00:00:00Z")
        (followed,) = await talk.each_line("1", 1)
    (kept,) = await place.logs(s="the same")
    assert {**kept, "cursor": None} == followed
