"""Viewers of log lines of every kind that watch until their stream ends, and tell what they saw and how it ended."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from yarl import URL

from services.cli.sse import Place, read_events
from shared.runtime.background import end_tasks
from tests.integration.bus import until
from tests.integration.gateway.talks import DATA, LEGACY, TRANSPORT, talking
from tests.integration.gateway.whole import Aerodrome

LONG_AGO = "2000-01-01T00:00:00Z"
FIELDS = "id timestamp release component level message"
LINES = f"""subscription ($d: Uuid!, $c: String, $s: String, $since: DateTime) {{
  log(deploymentUuid: $d, component: $c, search: $s, timestamp: $since) {{ {FIELDS} }}
}}"""
LISTS = f"""subscription ($d: String, $c: String, $s: String, $since: DateTime) {{
  deploymentLogStream(deploymentUuid: $d, component: $c, search: $s, timestamp: $since, interval: 100) {{ {FIELDS} }}
}}"""
DOCUMENTS = {"log": LINES, "deploymentLogStream": LISTS}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which lines are asked for, in whose name."""

    aerodrome: Aerodrome
    token: str
    deployment: str
    component: str = ""
    search: str = ""
    since: str = LONG_AGO
    last_id: str = ""


@dataclass
class Watcher:
    """One viewer; `end` says how its stream ended, "" while it goes on, and `ended_at` when (monotonic, s)."""

    name: str
    lines: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    end: str = ""
    ended_at: float = 0.0

    def ended(self, how: str) -> None:
        """Note the end."""
        self.end, self.ended_at = how, time.monotonic()


Watch = Callable[[Asked, Watcher], Coroutine[Any, Any, None]]


def over_socket(protocol: str, name: str) -> Watch:
    """Return what watches by one of the subscriptions."""

    async def watch(asked: Asked, seen: Watcher) -> None:
        variables = {"d": asked.deployment, "c": asked.component, "s": asked.search, "since": asked.since}
        async with talking(asked.aerodrome, protocol, asked.token) as talk:
            await talk.start("1", DOCUMENTS[name], **variables)
            async for message in talk.socket:
                frame = message.json()
                if frame["type"] != DATA[protocol]:
                    seen.ended(" ".join([frame["type"], *frame.get("payload", {}).values()]))
                    return
                if errors := frame["payload"].get("errors"):
                    seen.ended(str(errors[0]["extensions"]["code"]))
                    return
                found = frame["payload"]["data"][name]
                seen.lines += found if isinstance(found, list) else [found]
            seen.ended(f"closed {talk.socket.close_code}")

    return watch


async def over_events(asked: Asked, seen: Watcher) -> None:
    """Watch server-sent events."""
    door = asked.aerodrome.door
    told = {"component": asked.component, "search": asked.search, "since": asked.since}
    headers = {"Authorization": asked.token} | ({"Last-Event-ID": asked.last_id} if asked.last_id else {})
    query = urlencode({name: value for name, value in told.items() if value})
    address = URL(f"{door.url}/v1/deployments/{quote(asked.deployment, safe='')}/logs?{query}", encoded=True)
    async with door.session.get(address, headers=headers) as response:
        if response.status != 200:
            seen.ended((await response.json())["errors"][0]["extensions"]["code"])
            return
        async with aclosing(read_events(response.content.iter_any(), Place())) as events:
            async for event in events:
                if event.kind == "end":
                    seen.ended(json.loads(event.data)["reason"])
                    return
                seen.lines.append(json.loads(event.data))
    seen.ended("cut off")


async def over_command(asked: Asked, seen: Watcher) -> None:
    """Watch `aerodrome logs -f`; its end is its status and what it says."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "services.cli", "logs", "-f", "--json", "--since", asked.since),
        *("--component", asked.component, "--search", asked.search, "--", asked.deployment),
        env={**os.environ, "AERODROME_TOKEN": asked.token, "AERODROME_URL": asked.aerodrome.door.url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert child.stdout
    try:
        async for line in child.stdout:
            seen.lines.append(json.loads(line))
        _, said = await child.communicate()
        seen.ended(f"{child.returncode} {said.decode().strip()}")
    finally:
        if child.returncode is None:
            child.kill()
            await child.communicate()


SOCKETS: Mapping[str, Watch] = {
    f"{protocol} {name}": over_socket(protocol, name) for protocol in (LEGACY, TRANSPORT) for name in DOCUMENTS
}
KINDS: Mapping[str, Watch] = {**SOCKETS, "events": over_events, "aerodrome logs -f": over_command}


@asynccontextmanager
async def watching(asked: Asked, kinds: Mapping[str, Watch] = KINDS) -> AsyncGenerator[list[Watcher]]:
    """Have a viewer of each kind watch while the block runs, or until its stream ends."""
    watchers = [Watcher(name) for name in kinds]
    tasks = [asyncio.create_task(kinds[seen.name](asked, seen), name=seen.name) for seen in watchers]
    try:
        yield watchers
    finally:
        await end_tasks(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()


async def until_all(watchers: list[Watcher], reached: Callable[[Watcher], bool]) -> None:
    """Wait until all viewers have come so far."""
    try:
        await until(lambda: all(map(reached, watchers)), timeout_s=30)
    except TimeoutError:
        late = [watcher for watcher in watchers if not reached(watcher)]
        raise AssertionError([(each.name, len(each.lines), each.end) for each in late]) from None
