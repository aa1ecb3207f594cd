"""The door for DAG files: `POST /v1/deployments/{id}/dags`, a bundle in a form. Source: houston 7.10."""

import asyncio
import hashlib
import logging
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import IO, Any, Final, cast

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

from services.deployments.contract import (
    BUNDLES,
    BUNDLES_STREAM,
    MOST_BUNDLE,
    DeployDags,
    DeploymentId,
    DeploymentRow,
    Rule,
)
from services.gateway.answers import encode
from services.gateway.context import Asking, RequestContext
from services.gateway.errors import Code
from services.gateway.http import HEADERS
from services.gateway.rest import refused, refused_for
from services.gateway.work import Work
from shared.bus.client import Bus
from shared.errors import AerodromeError, Invalid, Unavailable
from shared.ids import new_id

log: Final = logging.getLogger(__name__)

PATIENCE: Final = timedelta(seconds=60)
"""How long the service may take to look a bundle through."""

BODY_S: Final = 300.0
MOST_AT_ONCE: Final = 8
"""Of which one caller has at most half."""

_AWAY: Final = (NatsError, JetStreamError, OSError, TimeoutError)
_CHUNK: Final = 256 * 1024
_MOST_TEXT: Final = 4 * 1024
_MOST_DESCRIPTION: Final = 255

NewContext = Callable[[Asking], RequestContext]


@dataclass(frozen=True, slots=True)
class _Bundle:
    sha256: str
    size: int
    description: str


@dataclass(slots=True)
class BundleDoor:
    """Takes a few bundles at a time; the credential stands in a header, never in a cookie."""

    bus: Bus
    asking: Callable[[web.Request], Asking]
    context: NewContext
    _work: Work = field(default_factory=lambda: Work(most=MOST_AT_ONCE))

    async def post(self, request: web.Request) -> web.Response:
        """Have a deployment run the DAG files of a bundle; the answer, exactly 200, names its version.

        Errors have the form of GraphQL's: 400 for what is wrong or not allowed, 404 for a deployment that the caller
        does not see, 413 for a bundle over 64 MiB, 503 for what may be sent again. Never 401 or 403.
        """
        context = self.context(self.asking(request))
        try:
            caller = await context.signed_in_caller()
            with self._work.place(caller.principal.subject) as admitted:
                if not admitted:
                    raise Unavailable("too many bundles are on their way")
                row = await self._deploy(request, context)
        except web.HTTPRequestEntityTooLarge:
            return refused(413, f"A bundle may have at most {MOST_BUNDLE // 2**20} MiB", Code.BAD_USER_INPUT)
        except AerodromeError as error:
            return refused_for(error)
        return web.json_response(text=encode(_shown(row)), headers=HEADERS)

    async def _deploy(self, request: web.Request, context: RequestContext) -> DeploymentRow:
        with tempfile.TemporaryFile(prefix="bundle-") as file:
            try:
                async with asyncio.timeout(BODY_S):
                    bundle = await _received(request, file)
            except (web.RequestPayloadError, HttpProcessingError, ConnectionError, TimeoutError, ValueError):
                raise _wrong("did not arrive whole") from None
            async with self._brought(file) as name:
                command = DeployDags(
                    deployment_id=DeploymentId(request.match_info["id"]),
                    object_name=name,
                    sha256=bundle.sha256,
                    size=bundle.size,
                    description=bundle.description,
                )
                return await context.deliver(command, patience=PATIENCE)

    @asynccontextmanager
    async def _brought(self, file: IO[bytes]) -> AsyncGenerator[str]:
        """Have the service find a file under a name for the time of the block: a command may come to it twice."""
        name = new_id()
        file.seek(0)
        try:
            objects = await self.bus.stream(BUNDLES_STREAM).jetstream().object_store(BUNDLES)
            await objects.put(name, cast("Any", file))
        except _AWAY as error:
            log.warning("a bundle can't be brought", extra={"error": str(error)})
            raise Unavailable("the bundle can't be brought") from error
        try:
            yield name
        finally:
            try:
                await objects.delete(name)
            except _AWAY as error:  # it is forgotten after an hour
                log.warning("a bundle is left on the way", extra={"error": str(error)})


async def _received(request: web.Request, into: IO[bytes]) -> _Bundle:
    """Read the form: the field `file`, and `description` if it is there."""
    if not request.content_type.startswith("multipart/"):
        raise _wrong("must be sent as multipart/form-data with a field `file`")
    digest, size, description, found = hashlib.sha256(), 0, "", False
    parts = await request.multipart()
    while (part := await parts.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise _wrong("must be sent as a form without forms in it")
        if part.name == "description":
            description = await _text(part)
        elif part.name == "file" and not found:
            found = True
            while chunk := await part.read_chunk(_CHUNK):
                size += len(chunk)
                if size > MOST_BUNDLE:
                    raise web.HTTPRequestEntityTooLarge(MOST_BUNDLE, size)
                digest.update(chunk)
                await asyncio.to_thread(into.write, chunk)
        else:
            raise _wrong("comes with a field that is neither `file`, once, nor `description`")
    if not found:
        raise _wrong("is missing: the form has no field `file`")
    return _Bundle(digest.hexdigest(), size, description)


async def _text(part: BodyPartReader) -> str:
    said = bytearray()
    while chunk := await part.read_chunk():
        said += chunk
        if len(said) > _MOST_TEXT:
            raise _wrong("has a description that is too long")
    return said.decode(errors="replace")[:_MOST_DESCRIPTION]


def _wrong(text: str) -> Invalid:
    return Invalid(f"the bundle {text}", rule=Rule.INVALID_BUNDLE)


def _shown(row: DeploymentRow) -> dict[str, Any]:
    bundle = next(each for each in row.bundles if each.version == row.active_bundle)
    return {"deployment": row.id, "state": row.state, **bundle.model_dump(mode="json", by_alias=True)}
