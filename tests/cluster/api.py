"""The API server: objects by their paths, watches that can be broken, and log lines that are followed."""

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.cluster.pods import Fate, PodLog, fated
from tests.cluster.selectors import matches

COLLECTIONS = {"namespaces", "pods", "secrets", "configmaps", "jobs"}
TOKEN = "token-of-tests"
MIGRATION = "run-airflow-migrations"


@dataclass(slots=True)
class FakeCluster:
    """What is in the cluster, and how it behaves. `fates` are those of new pods by their component."""

    folder: Path
    objects: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    fates: dict[str, Fate] = field(default_factory=dict[str, Fate])
    logs: dict[str, PodLog] = field(default_factory=dict[str, PodLog])
    asked: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    refused: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    stuck: bool = False
    lingering: bool = False
    token: str = TOKEN
    page: int = 500
    url: str = ""
    _version: int = 100
    _oldest: int = 0
    _events: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _watches: set[asyncio.WriteTransport] = field(default_factory=set[asyncio.WriteTransport])
    _broken: int = 0
    _expired: int = 0

    @property
    def kubeconfig(self) -> Path:
        """The file of the credentials."""
        return self.folder / "kubeconfig"

    def write_kubeconfig(self) -> None:
        """Write the credentials as they are."""
        named = {"name": "tests"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "tests",
            "clusters": [{**named, "cluster": {"server": self.url}}],
            "users": [{**named, "user": {"token": self.token}}],
            "contexts": [{**named, "context": {"cluster": "tests", "user": "tests"}}],
        }
        self.kubeconfig.write_text(json.dumps(config))

    def below(self, prefix: str, kind: str) -> dict[str, dict[str, Any]]:
        """Return the objects of a kind below a path, by name."""
        return {
            path.rpartition("/")[2]: found
            for path, found in self.objects.items()
            if path.startswith(prefix) and path.split("/")[-2] == kind
        }

    def pods(self) -> dict[str, dict[str, Any]]:
        """Return all pods by name."""
        return self.below("/", "pods")

    async def put(self, path: str, wanted: dict[str, Any]) -> dict[str, Any]:
        """Write an object as it is, with a new version."""
        present = self.objects.get(path)
        self._version += 1
        metadata: dict[str, Any] = {
            "uid": secrets.token_hex(8),
            **(present["metadata"] if present else {}),
            **wanted["metadata"],
            "name": path.rpartition("/")[2],
            "resourceVersion": str(self._version),
        }
        if "/namespaces/" in path.rpartition("/")[0]:
            metadata["namespace"] = path.split("/namespaces/")[1].split("/", maxsplit=1)[0]
        found: dict[str, Any] = {**(present or {}), **wanted, "metadata": metadata}
        if _kind(path) == "pods" and present is None:
            component = metadata["labels"]["component"]
            usual = Fate.SUCCEEDED if component == MIGRATION else Fate.READY
            found = fated(found, self.fates.get(component, usual))
            self.logs[metadata["name"]] = PodLog()
        self.objects[path] = found
        await self._tell(path, "MODIFIED" if present else "ADDED", found)
        return found

    async def remove(self, path: str) -> None:
        """Take an object away, and all that is below it."""
        below = (f"{path}/", path.replace("/api/v1/", "/apis/batch/v1/") + "/")
        for each in [each for each in self.objects if each.startswith(below)]:
            await self.remove(each)
        if found := self.objects.pop(path, None):
            if _kind(path) == "pods":
                await self.logs[path.rpartition("/")[2]].end()
            self._version += 1
            found = {**found, "metadata": {**found["metadata"], "resourceVersion": str(self._version)}}
            await self._tell(path, "DELETED", found)

    async def turn(self, component: str, fate: Fate) -> None:
        """Have every pod of a component become something else."""
        self.fates[component] = fate
        for path, found in list(self.objects.items()):
            if _kind(path) == "pods" and found["metadata"]["labels"]["component"] == component:
                await self.put(path, fated(found, fate))

    async def leave(self) -> None:
        """Have pods that linger go at last."""
        self.lingering = False
        for path, found in list(self.objects.items()):
            if _kind(path) == "pods" and "deletionTimestamp" in found["metadata"]:
                await self.remove(path)

    async def say(self, pod: str, line: str, *, second: int) -> None:
        """Have a pod write a line at a second of the year 2100, which is after any start."""
        await self.logs[pod].add(f"2100-01-01T00:{second // 60:02}:{second % 60:02}.5Z", line)

    async def break_off(self) -> None:
        """Cut every watch, in the middle of whatever it says."""
        self._broken += 1
        for transport in self._watches:
            transport.abort()
        async with self._news:
            self._news.notify_all()

    async def expire(self) -> None:
        """Tell everybody who watches that it has taken too long."""
        self._expired += 1
        async with self._news:
            self._news.notify_all()

    def forget(self) -> None:
        """Know no more what has changed up to now."""
        self._oldest = self._version
        self._events.clear()

    @property
    def watched(self) -> int:
        """How many watch now."""
        return len(self._watches)

    async def _tell(self, path: str, kind: str, found: dict[str, Any]) -> None:
        if _kind(path) == "pods":
            async with self._news:
                self._events.append((self._version, kind, json.dumps(found)))
                self._news.notify_all()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request like an API server does."""
        body = await request.text()
        self.asked.append((request.method, request.path, body))
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _status(401, "Unauthorized")
        for (method, part), status in self.refused.items():
            if request.method == method and part in request.path:
                return _status(status, "refused by the test")
        if request.path.endswith("/log"):
            return await self._log(request)
        if request.path.rpartition("/")[2] in COLLECTIONS:
            return await self._collection(request, body)
        return await self._one(request, body)

    async def _collection(self, request: web.Request, body: str) -> web.StreamResponse:
        if request.method == "POST":
            wanted = json.loads(body)
            path = f"{request.path}/{wanted['metadata']['name']}"
            if path in self.objects:
                return _status(409, "already exists")
            return web.json_response(await self.put(path, wanted), status=201)
        if request.query.get("watch"):
            return await self._watch(request)
        kind, prefix = request.path.rpartition("/")[2], request.path.rpartition("/")[0]
        found = [
            each
            for path, each in sorted(self.objects.items())
            if path.startswith(f"{prefix}/") and _kind(path) == kind
            if matches(each, request.query.get("labelSelector", ""))
        ]
        first = int(request.query.get("continue") or 0)
        more = str(first + self.page) if first + self.page < len(found) else ""
        metadata = {"resourceVersion": str(self._version), "continue": more}
        return web.json_response({"metadata": metadata, "items": found[first : first + self.page]})

    async def _one(self, request: web.Request, body: str) -> web.StreamResponse:
        path, present = request.path, self.objects.get(request.path)
        if request.method == "PATCH":
            assert request.content_type == "application/apply-patch+yaml"
            return web.json_response(await self.put(path, json.loads(body)))
        if present is None:
            return _status(404, f"{path} not found")
        if request.method == "DELETE":
            lingers = self.stuck if _kind(path) == "namespaces" else self.lingering and _kind(path) == "pods"
            if lingers:
                marked = {**present["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
                await self.put(path, {**present, "metadata": marked})
            else:
                await self.remove(path)
        return web.json_response(present)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        seen = int(request.query["resourceVersion"])
        if seen < self._oldest:
            return _status(410, "too old resource version")
        answer, transport = web.StreamResponse(), request.transport
        await answer.prepare(request)
        assert isinstance(transport, asyncio.WriteTransport)
        self._watches.add(transport)
        broken, expired, selector = self._broken, self._expired, request.query.get("labelSelector", "")
        try:
            while broken == self._broken:
                if expired != self._expired:
                    status = {"kind": "Status", "code": 410, "message": "too old resource version"}
                    await answer.write(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
                    return answer
                for version, kind, text in [each for each in self._events if each[0] > seen]:
                    seen = version
                    if matches(found := json.loads(text), selector):
                        event = json.dumps({"type": kind, "object": found})
                        await answer.write(f"{event}\n".encode())
                await self._after(seen, broken, expired)
        finally:
            self._watches.discard(transport)
        return answer

    async def _after(self, seen: int, broken: int, expired: int) -> None:
        def is_news() -> bool:
            return (bool(self._events) and self._events[-1][0] > seen) or (broken, expired) != (
                self._broken,
                self._expired,
            )

        async with self._news:
            await self._news.wait_for(is_news)

    async def _log(self, request: web.Request) -> web.StreamResponse:
        name = request.path.split("/")[-2]
        if name not in self.logs:
            return _status(404, f"pod {name} not found")
        answer = web.StreamResponse()
        await answer.prepare(request)
        async for line in self.logs[name].lines(request.query):
            await answer.write(f"{line}\n".encode())
        return answer


def _kind(path: str) -> str:
    return path.split("/")[-2]


def _status(code: int, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "code": code, "message": message}, status=code)


@asynccontextmanager
async def running_cluster(folder: Path) -> AsyncGenerator[FakeCluster]:
    """Run a cluster until the end."""
    made = FakeCluster(folder)
    app = web.Application(client_max_size=16 * 2**20)
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    made.write_kubeconfig()
    try:
        yield made
    finally:
        await runner.cleanup()
