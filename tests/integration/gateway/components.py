"""Components that write log batches to a real JetStream, as drivers do."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from services.deployments.contract import LOGS_STREAM, LOGS_SUBJECTS, Component, LogBatch, LogRecord, logs_subject
from tests.integration.bus import client_of
from tests.servers import NatsForTests

DEPLOYMENT = "cdeployment"
START = datetime(2026, 8, 13, 16, 0, tzinfo=UTC)


@dataclass
class Writer:
    """Writes numbered batches of one deployment's components."""

    jetstream: JetStreamContext
    counts: dict[str, int] = field(default_factory=dict[str, int])

    async def make_stream(self) -> None:
        """Make the stream as the deployments service does."""
        await self.jetstream.add_stream(StreamConfig(name=LOGS_STREAM, subjects=[LOGS_SUBJECTS]))

    async def write(
        self,
        *messages: str,
        component: Component = Component.SCHEDULER,
        at: datetime | None = None,
        deployment: str = DEPLOYMENT,
        batch: int = 0,
        level: str | None = None,
    ) -> None:
        """Write one batch; its records are 1 ms apart from `at` on, by default from now."""
        number = batch or self.counts.get(component, 0) + 1
        self.counts[component] = number
        first = at or datetime.now(UTC)
        records = tuple(
            LogRecord(
                id=f"{component}-{number}-{index}",
                timestamp=first + timedelta(milliseconds=index),
                level=level,
                message=message,
            )
            for index, message in enumerate(messages)
        )
        made = LogBatch(deployment=deployment, component=component, incarnation="one", batch=number, records=records)
        await self.jetstream.publish(
            logs_subject(deployment, component),
            made.model_dump_json().encode(),
            headers={"Nats-Msg-Id": made.message_id()},
        )


@asynccontextmanager
async def writing(nats: NatsForTests, *, counts: Sequence[tuple[str, int]] = ()) -> AsyncGenerator[Writer]:
    """Give a writer while the block runs."""
    async with client_of(nats, "test", stream=LOGS_STREAM) as client:
        yield Writer(client.jetstream(), dict(counts))
