"""The API of a cluster: credentials by the client library, everything else plain HTTP and JSON."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

import aiohttp

from services.deployments.contract import JsonObject
from services.deployments.drivers.protocol import StepFailed
from services.deployments.kubernetes.credentials import kubeconfig_of
from services.deployments.kubernetes.names import OWNER, Json
from shared.errors import Unavailable

log = logging.getLogger(__name__)

ANSWER_S: Final = 30.0
CONNECT_S: Final = 10.0
QUIET_S: Final = 300.0
"""A stream on which nothing comes for so long may be half-dead and is opened again."""

PAGE: Final = 500
GONE: Final = 410
NOT_FOUND: Final = 404
_UNAUTHORIZED: Final = 401
_TOO_MANY: Final = 429
_MOST_TOLD: Final = 500
_LONGEST_LINE: Final = 8 * 1024 * 1024


class Refused(Unavailable):
    """The cluster has answered with an error; `status` is that of HTTP."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"the cluster has answered {status}: {text}")
        self.status = status


@contextmanager
def step(name: str) -> Generator[None]:
    """Tell what the cluster refuses as a failure of this step."""
    try:
        yield
    except Refused as error:
        raise StepFailed(name, f"failed: {error.text}", ()) from error


@dataclass(slots=True)
class _Session:
    """The connections by one set of credentials; `streams` still read from it when others have taken its place."""

    api: Any
    streams: int = 0
    retired: bool = False

    async def retire(self) -> None:
        """Close it as soon as nothing reads from it: who reads would never hear of it."""
        self.retired = True
        if self.streams == 0:
            await self.api.close()


@dataclass(slots=True)
class Cluster:
    """One API server. `outside` is the environment of this process; raises Unavailable where it does not answer."""

    outside: Mapping[str, str] = field(repr=False)
    quiet_s: float = QUIET_S
    _session: _Session | None = None
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find(self, path: str) -> JsonObject | None:
        """Return one object, None where there is none."""
        try:
            return await self._object("GET", path)
        except Refused as error:
            if error.status == NOT_FOUND:
                return None
            raise

    async def list(self, path: str, **query: str) -> tuple[list[JsonObject], str]:
        """Return all objects of a list, page by page, and the version of the list."""
        found: list[JsonObject] = []
        more = ""
        while True:
            page = {**query, "limit": str(PAGE), **({"continue": more} if more else {})}
            answer: dict[str, Any] = dict(await self._object("GET", path, query=page))
            found += answer.get("items") or []
            more = answer["metadata"].get("continue") or ""
            if not more:
                return found, answer["metadata"]["resourceVersion"]

    async def apply(self, path: str, wanted: JsonObject) -> None:
        """Make an object what it shall be, or make it anew; what others have set in it stays."""
        query = {"fieldManager": OWNER, "force": "true"}
        await self._object("PATCH", path, query=query, body=wanted, kind="application/apply-patch+yaml")

    async def delete(self, path: str, *, grace_s: int | None = None) -> None:
        """Have an object deleted, and what belongs to it in the background; nothing happens if there is none.

        `grace_s`: how long a pod may take, None for its own grace.
        """
        body: Json = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        if grace_s is not None:
            body["gracePeriodSeconds"] = grace_s
        try:
            await self._object("DELETE", path, body=body)
        except Refused as error:
            if error.status != NOT_FOUND:
                raise

    @asynccontextmanager
    async def opened(
        self, path: str, query: Mapping[str, str], *, longest: int = _LONGEST_LINE
    ) -> AsyncGenerator[AsyncGenerator[bytes]]:
        """Open an answer that comes line by line; a line longer than `longest` comes in pieces."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=self.quiet_s)
        answer, session = await self._ask("GET", path, query=query, timeout=timeout)
        session.streams += 1
        try:
            yield _lines(answer, longest)
        finally:
            answer.close()
            session.streams -= 1
            if session.retired:
                await session.retire()

    async def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.retire()

    async def _object(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: JsonObject | None = None,
        kind: str = "application/json",
    ) -> JsonObject:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S, sock_connect=CONNECT_S)
        answer, _ = await self._ask(method, path, query=query or {}, body=body, kind=kind, timeout=timeout)
        try:
            found: JsonObject = await answer.json(content_type=None)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise Unavailable(f"the cluster has broken off: {type(error).__name__}") from error
        return found

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
        body: JsonObject | None = None,
        kind: str = "application/json",
    ) -> tuple[aiohttp.ClientResponse, _Session]:
        session = await self._connected()
        answer = await _once(session, method, path, query, timeout, body, kind)
        if answer.status == _UNAUTHORIZED:  # credentials last minutes where another program makes them
            answer.close()
            if session is self._session:
                await self.close()
            session = await self._connected()
            answer = await _once(session, method, path, query, timeout, body, kind)
        if answer.status >= 400:
            raise await _refusal(answer)
        return answer, session

    async def _connected(self) -> _Session:
        async with self._connecting:
            if self._session is None:
                self._session = _Session(await _connect(self.outside))
            return self._session


async def _once(
    session: _Session,
    method: str,
    path: str,
    query: Mapping[str, str],
    timeout: aiohttp.ClientTimeout,
    body: JsonObject | None,
    kind: str,
) -> aiohttp.ClientResponse:
    try:
        answer: aiohttp.ClientResponse = await session.api.call_api(
            path,
            method,
            query_params=list(query.items()),
            header_params={"Accept": "application/json, */*", "Content-Type": kind},
            body=body,
            auth_settings=["BearerToken"],
            _preload_content=False,
            _request_timeout=timeout,
        )
    except (aiohttp.ClientError, OSError, TimeoutError, RuntimeError) as error:
        raise Unavailable(f"the cluster does not answer: {type(error).__name__}: {error}") from error
    return answer


async def _connect(outside: Mapping[str, str]) -> Any:
    # Imported here: 75 MiB and seconds that only this driver needs. The library has no types worth the name.
    client: Any = await asyncio.to_thread(import_module, "kubernetes_asyncio.client")
    config: Any = import_module("kubernetes_asyncio.config")
    yaml: Any = import_module("yaml")
    settings = client.Configuration()
    settings.connection_pool_maxsize = 0  # streams of log lines must not keep a question waiting
    try:
        if (file := kubeconfig_of(outside)) is None:
            config.load_incluster_config(client_configuration=settings)
        else:
            await config.load_kube_config(config_file=file, client_configuration=settings, persist_config=False)
        return client.ApiClient(settings)
    except (config.ConfigException, yaml.YAMLError, OSError, ValueError) as error:
        raise Unavailable(f"no credentials of a cluster can be read: {error}") from error


async def _lines(answer: aiohttp.ClientResponse, longest: int) -> AsyncGenerator[bytes]:
    rest = b""
    try:
        async for chunk in answer.content.iter_any():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line
            while len(rest) > longest:
                yield rest[:longest]
                rest = rest[longest:]
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Unavailable(f"the cluster has broken off: {type(error).__name__}") from error
    if rest:
        yield rest


async def _refusal(answer: aiohttp.ClientResponse) -> Unavailable:
    try:
        text = await answer.text()
    except (aiohttp.ClientError, OSError, TimeoutError):
        text = ""
    try:
        said: Any = json.loads(text)
        text = str(said["message"])
    except (ValueError, KeyError, TypeError):
        pass
    told = text[:_MOST_TOLD]
    if answer.status >= 500 or answer.status == _TOO_MANY:
        return Unavailable(f"the cluster has answered {answer.status}: {told}")
    return Refused(answer.status, told)
