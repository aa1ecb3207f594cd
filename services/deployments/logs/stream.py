"""The JetStream stream `logs`: written batch by batch, made and limited by age and bytes by the service."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from services.deployments.contract import LOGS_STREAM, LOGS_SUBJECTS, Component, LogBatch, logs_subject
from shared.bus.client import Bus

log = logging.getLogger(__name__)

PUBLISH_TIMEOUT_S: Final = 2.0
_LOOK_S: Final = 10.0
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0
_DUPLICATE_WINDOW: Final = timedelta(minutes=2)
_MESSAGE_ID: Final = "Nats-Msg-Id"


@dataclass(frozen=True, slots=True)
class LogFeed:
    """The stream of log lines, as one sees it who may write it and no more."""

    bus: Bus

    async def write(self, batch: LogBatch) -> None:
        """Return when the stream holds the batch, once; waits for as long as NATS or the stream is away."""
        subject = logs_subject(batch.deployment, Component(batch.component))
        data = batch.model_dump_json(exclude_none=True).encode()
        pause_s = _FIRST_PAUSE_S
        while not await self._published(subject, data, batch.message_id()):
            await self._mended()  # the stream may have been lost with JetStream's data
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _published(self, subject: str, data: bytes, message_id: str) -> bool:
        jetstream = self.bus.stream(LOGS_STREAM).jetstream()
        try:
            await jetstream.publish(
                subject, data, timeout=PUBLISH_TIMEOUT_S, stream=LOGS_STREAM, headers={_MESSAGE_ID: message_id}
            )
        except (NatsError, OSError) as error:
            log.warning("log lines wait for nats", extra={"subject": subject, "error": str(error)})
            return False
        return True

    async def _mended(self) -> bool:
        return False  # the service sees to it


@dataclass(frozen=True, slots=True)
class LogStream(LogFeed):
    """The stream of log lines, as the service sees it, which keeps it."""

    age: timedelta
    most_bytes: int

    async def ensure(self) -> None:
        """Make the stream, or give it the limits of our settings; raises nats' errors while it can't be reached."""
        wanted = StreamConfig(
            name=LOGS_STREAM,
            subjects=[LOGS_SUBJECTS],
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.OLD,
            storage=StorageType.FILE,
            max_age=self.age.total_seconds(),
            max_bytes=self.most_bytes,
            duplicate_window=min(_DUPLICATE_WINDOW, self.age).total_seconds(),
            allow_direct=True,
        )
        jetstream = self.bus.stream(LOGS_STREAM).jetstream()
        try:
            present = await jetstream.stream_info(LOGS_STREAM)
        except NotFoundError:
            await jetstream.add_stream(wanted)
            log.info("stream of log lines made", extra={"stream": LOGS_STREAM})
            return
        if (present.config.max_age, present.config.max_bytes) != (wanted.max_age, wanted.max_bytes):
            present.config.max_age, present.config.max_bytes = wanted.max_age, wanted.max_bytes
            await jetstream.update_stream(present.config)

    async def keep(self) -> None:
        """See to it, until cancelled, that the stream is there: readers may come before the first line is written."""
        while True:
            there = await self._mended()
            await asyncio.sleep(_LOOK_S if there else _LONGEST_PAUSE_S)

    async def _mended(self) -> bool:
        try:
            await self.ensure()
        except (NatsError, OSError) as error:
            log.warning("stream of log lines can't be made", extra={"error": str(error)})
            return False
        return True
