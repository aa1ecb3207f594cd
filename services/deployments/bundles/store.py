"""The bytes of bundles: brought by an object store of JetStream, kept in Postgres for as long as they are wanted."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final, cast

from nats.errors import Error as NatsError
from nats.js.errors import BucketNotFoundError, NotFoundError
from nats.js.object_store import ObjectStore

from services.deployments.bundles.archive import count_files
from services.deployments.contract import BUNDLES, BUNDLES_STREAM, MOST_BUNDLE, DeployDags, DeploymentId, Rule
from services.deployments.statements import QUERIES
from shared.bus.client import Bus
from shared.errors import Invalid, Unavailable
from shared.store.connections import fetch
from shared.store.model import PgPool

_PART: Final = 1024 * 1024
_LOOK_S: Final = 10.0
_KEPT_S: Final = 3600.0
_FRESH: Final = timedelta(hours=1)
_MOST_WAITING: Final = 16 * MOST_BUNDLE


@dataclass(frozen=True, slots=True)
class Bundles:
    """Takes bundles that were brought, and gives them to who unpacks them."""

    pool: PgPool
    bus: Bus

    async def keep(self) -> None:
        """See to it, until cancelled, that the object store is there; what lies in it is forgotten after an hour."""
        while True:
            try:
                await self._ensure()
            except (NatsError, OSError):
                await asyncio.sleep(1)
            else:
                await asyncio.sleep(_LOOK_S)

    async def take(self, command: DeployDags) -> int:
        """Store the bundle that a command names and return how many files it holds; raise Invalid for a bad one."""
        with tempfile.NamedTemporaryFile(prefix="bundle-") as file:
            await self._bring(command.object_name, cast("BinaryIO", file))
            file.flush()
            path = Path(file.name)
            sha256, size = await asyncio.to_thread(_measured, path)
            if (sha256, size) != (command.sha256, command.size) or size > MOST_BUNDLE:
                raise Invalid("the bundle did not arrive whole", rule=Rule.INVALID_BUNDLE)
            files = await asyncio.to_thread(count_files, path)
            await self._store(command.deployment_id, sha256, path)
        return files

    @asynccontextmanager
    async def open(self, deployment_id: DeploymentId, sha256: str) -> AsyncGenerator[Path]:
        """Give a file with a bundle for the time of the block; raise Unavailable where it is not stored whole."""
        with tempfile.NamedTemporaryFile(prefix="bundle-") as file:
            part = 0
            while rows := await fetch(self.pool, QUERIES["read_bundle_part"], deployment_id, sha256, part):
                await asyncio.to_thread(file.write, rows[0]["bytes"])
                part += 1
            file.flush()
            path = Path(file.name)
            if (await asyncio.to_thread(_measured, path))[0] != sha256:
                raise Unavailable("the bundle is not stored whole")
            yield path

    async def drop_others(self, deployment_id: DeploymentId, wanted: Collection[str]) -> None:
        """Forget the bundles of a deployment but those that are wanted, and those of the last hour."""
        await fetch(self.pool, QUERIES["drop_bundles"], deployment_id, list(wanted), _FRESH)

    async def drop_all(self, deployment_id: DeploymentId) -> None:
        """Forget all bundles of a deployment that is gone."""
        await fetch(self.pool, QUERIES["drop_bundles"], deployment_id, [], timedelta())

    async def _bring(self, name: str, into: BinaryIO) -> None:
        try:
            objects = await self._objects()
            await objects.get(name, writeinto=into)  # type: ignore[arg-type]  # it wants what it calls a buffer
        except (NotFoundError, BucketNotFoundError) as error:
            raise Invalid("the bundle did not arrive", rule=Rule.INVALID_BUNDLE) from error
        except (NatsError, OSError, TimeoutError) as error:
            raise Unavailable("the bundle can't be brought: nats is away") from error

    async def _store(self, deployment_id: DeploymentId, sha256: str, path: Path) -> None:
        with path.open("rb") as file:
            part = 0
            while chunk := await asyncio.to_thread(file.read, _PART):
                await fetch(self.pool, QUERIES["store_bundle_part"], deployment_id, sha256, part, chunk)
                part += 1

    async def _objects(self) -> ObjectStore:
        return await self.bus.stream(BUNDLES_STREAM).jetstream().object_store(BUNDLES)

    async def _ensure(self) -> None:
        jetstream = self.bus.stream(BUNDLES_STREAM).jetstream()
        try:
            await jetstream.object_store(BUNDLES)
        except BucketNotFoundError:
            await jetstream.create_object_store(BUNDLES, ttl=_KEPT_S, max_bytes=_MOST_WAITING)


def _measured(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
