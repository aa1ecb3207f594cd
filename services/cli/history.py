"""What `aerodrome events` shows: stored events as they are, personal data still encrypted."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.cli.environments import DATABASE
from services.cli.folder import CannotStart
from shared.messages import Metadata

POLL_S = 0.5
PAGE = 500
STREAM = """
select position, stream, version, type_name, data, metadata, recorded_at
from public.events where stream = $1 and version > $2 order by version limit $3"""
AFTER = """
select position, stream, version, type_name, data, metadata, recorded_at
from public.events where position > $1 order by position limit $2"""


@dataclass(frozen=True)
class Shown:
    """One stored event for a person's eyes."""

    service: str
    position: int
    stream: str
    version: int
    type_name: str
    data: str
    metadata: Metadata
    recorded_at: datetime

    def line(self) -> str:
        """Return it as one line: when, where, what, who, and the data."""
        who = f"{self.metadata.kind} {self.metadata.subject}".strip() or "nobody"
        at = self.recorded_at.isoformat(timespec="milliseconds")
        place = f"{self.service}#{self.position}  {self.stream} v{self.version}"
        return f"{at}  {place}  {self.type_name}  by {who}  {self.data}"

    def json(self) -> str:
        """Return it as one line of JSON."""
        fields = {
            "service": self.service,
            "position": self.position,
            "stream": self.stream,
            "version": self.version,
            "type": self.type_name,
            "recorded_at": self.recorded_at.isoformat(),
            "metadata": self.metadata.model_dump(mode="json"),
            "data": json.loads(self.data),
        }
        return json.dumps(fields, ensure_ascii=False)


async def read_stream(environments: Mapping[str, Mapping[str, str]], stream: str) -> list[Shown]:
    """Return the events of a stream, from whichever service has it; raise CannotStart when none does."""
    for service, environment in environments.items():
        connection = await _connect(service, environment)
        try:
            found: list[Shown] = []
            while rows := await connection.fetch(STREAM, stream, len(found), PAGE):
                found += _shown(service, rows)
        finally:
            await connection.close()
        if found:
            return found
    raise CannotStart(f"there is no stream {stream} in {', '.join(environments)}")


async def tail(environments: Mapping[str, Mapping[str, str]], *, last: int, follow: bool) -> AsyncIterator[Shown]:
    """Yield the `last` events of each service, then, if told to follow, every new one as it comes."""
    connections = {name: await _connect(name, environment) for name, environment in environments.items()}
    try:
        seen = {name: await _position(each) - last for name, each in connections.items()}
        while True:
            moved = False
            for name, connection in connections.items():
                for shown in _shown(name, await connection.fetch(AFTER, seen[name], PAGE)):
                    seen[name], moved = shown.position, True
                    yield shown
            if not moved:
                if not follow:
                    return
                await asyncio.sleep(POLL_S)
    finally:
        for connection in connections.values():
            await connection.close()


async def _position(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("select position from public.store_head"))


async def _connect(service: str, environment: Mapping[str, str]) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(environment[DATABASE], timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise CannotStart(f"the database of {service} does not answer: {error}") from error


def _shown(service: str, rows: Sequence[asyncpg.Record]) -> list[Shown]:
    return [
        Shown(
            service=service,
            position=row["position"],
            stream=row["stream"],
            version=row["version"],
            type_name=row["type_name"],
            data=row["data"],
            metadata=Metadata.model_validate_json(row["metadata"]),
            recorded_at=row["recorded_at"],
        )
        for row in rows
    ]
