"""What lies behind the doors of a running product: its stores, its JetStream streams, its mail."""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import Self

import asyncpg
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from services.cli.environments import environments
from services.cli.folder import DataFolder
from services.cli.reach import opened
from services.cli.verifying import verify_store
from services.nats_users import SERVICES, event_stream, inbox_prefix
from shared.bus.connection import login_name
from shared.followers.published import place_of
from shared.followers.status import Status
from shared.store.verify import Verification
from tests.acceptance.stack import Stack

OPERATOR = "operator"


@dataclass(frozen=True)
class Backstage:
    """The stores, streams and mails of one running product, seen by its operator.

    `began` is the position in each store behind which the events of a test are.
    """

    stack: Stack
    began: Mapping[str, int] = field(default_factory=dict[str, int])

    @classmethod
    async def from_now(cls, stack: Stack) -> Self:
        """Return what sees only the events that are still to come."""
        earlier = cls(stack)
        return cls(stack, {service: len(await earlier.positions(service)) for service in SERVICES})

    async def positions(self, service: str) -> list[int]:
        """Return the positions of all events of a service, in order."""
        rows = await self.fetch(service, "select position from events order by position")
        return [row["position"] for row in rows]

    async def streams_with(self, service: str, type_name: str) -> Counter[str]:
        """Return how many events of a type each stream of a service has that came since this test began."""
        began = self.began.get(service, 0)
        query = "select stream from events where type_name = $1 and position > $2"
        rows = await self.fetch(service, query, type_name, began)
        return Counter(row["stream"] for row in rows)

    async def verification(self, service: str) -> Verification:
        """Return what `aerodrome events verify` finds in the store of a service."""
        return await verify_store(service, environments(self._folder, service)[service])

    async def status(self, service: str) -> Status:
        """Return where the followers of a service stand."""
        async with opened(self._folder, service) as running:
            return await running.followers.status()

    async def digests(self, service: str, *, rebuilt: bool) -> dict[str, str]:
        """Return a digest of the rows of every projection of a service; `rebuilt`: after filling them anew."""
        async with opened(self._folder, service) as running:
            names = [each.name for each in (await running.followers.status()).followers if each.kind == "projection"]
            for name in names if rebuilt else ():
                await running.followers.rebuild(name)
            return {name: await running.followers.digest(name) for name in names}

    async def published(self, service: str) -> list[int]:
        """Return the positions of the events in the JetStream stream of a service, in the stream's order."""
        name = event_stream(service)
        async with self._nats(name) as client:
            js = client.jetstream()
            try:
                state = (await js.stream_info(name)).state
            except NotFoundError:
                return []
            places = [
                place_of(await js.get_msg(name, sequence, direct=True))
                for sequence in range(state.first_seq, state.last_seq + 1)
                if state.messages
            ]
        return [place[1] for place in places if place]

    def mails(self) -> dict[str, list[str]]:
        """Return the Message-IDs of the mails to each address, one for every arrival."""
        found: dict[str, list[str]] = {}
        for path in (self.stack.data / "mail" / "new").glob("*"):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            found.setdefault(str(mail["To"]), []).append(str(mail["Message-ID"]))
        return found

    async def mails_to_send(self) -> list[str]:
        """Return what went wrong last with each mail that is not done, dead ones too."""
        rows = await self.fetch("invites", "select error from outbox where kind = 'mail' and done_at is null")
        return [row["error"] for row in rows]

    @property
    def _folder(self) -> DataFolder:
        return DataFolder(self.stack.data)

    @asynccontextmanager
    async def _nats(self, stream: str) -> AsyncGenerator[Client]:
        client = Client()
        await client.connect(
            self._folder.state().nats_url,
            user=login_name(OPERATOR, stream),
            password=self._folder.secrets().nats[OPERATOR],
            inbox_prefix=inbox_prefix(OPERATOR),
        )
        try:
            yield client
        finally:
            await client.close()

    async def fetch(self, service: str, query: str, *values: object) -> list[asyncpg.Record]:
        """Return rows of a service's database, seen as its superuser."""
        async with self.database(service) as connection:
            return await connection.fetch(query, *values)

    @asynccontextmanager
    async def database(self, service: str) -> AsyncGenerator[asyncpg.Connection]:
        """Give a connection to a service's database, as its superuser."""
        connection = await asyncpg.connect(
            host="127.0.0.1",
            port=self._folder.state().postgres_port,
            user="postgres",
            password=self._folder.secrets().postgres,
            database=service,
        )
        try:
            yield connection
        finally:
            await connection.close()
