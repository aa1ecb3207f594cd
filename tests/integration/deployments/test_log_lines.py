"""The stream of log lines: its limits, and what simulated components write to it."""

import shutil
from datetime import timedelta

import pytest
from nats.js.errors import NotFoundError

from services.deployments.contract import LOGS_STREAM, Component, State
from services.deployments.logs.stream import LogStream
from shared.bus.client import Bus
from tests.integration.deployments.conftest import Ground
from tests.integration.deployments.service import Gateway, becomes, log_reader, running, settings_of, until
from tests.servers import NatsForTests

MEBIBYTE = 1024 * 1024


async def test_every_component_writes_a_line_a_second(ground: Ground, gateway: Gateway) -> None:
    async with running(settings_of(ground.database, ground.nats)):
        created = await gateway.create()
        async with log_reader(ground.nats, created.id) as reader:
            batches = await reader.until(lambda batch: batch.batch == 3)
    for component in Component:
        mine = [batch for batch in batches if batch.component == component]
        assert [batch.batch for batch in mine] == list(range(1, len(mine) + 1))
        times = [record.timestamp for batch in mine for record in batch.records]
        assert times == sorted(set(times))
        assert times[-1] - times[0] < timedelta(seconds=5)
    ids = [record.id for batch in batches for record in batch.records]
    assert len(set(ids)) == len(ids)


async def test_lines_go_on_after_nats_lost_its_data(ground: Ground, gateway: Gateway) -> None:
    async with running(settings_of(ground.database, ground.nats)):
        created = await gateway.create()
        await becomes(gateway, created, State.HEALTHY)
        async with log_reader(ground.nats, created.id) as reader:
            await reader.next()
        ground.nats.kill()
        shutil.rmtree(ground.nats.server.store)
        ground.nats.restart()
        await until(lambda: _stream_is_there(ground.nats))
        async with log_reader(ground.nats, created.id) as reader:
            await reader.next()


async def _stream_is_there(nats: NatsForTests) -> bool:
    try:
        async with log_reader(nats):
            return True
    except NotFoundError:
        return False


async def test_the_stream_gets_the_limits_of_the_settings(ground: Ground) -> None:
    bus = await Bus.connect(settings_of(ground.database, ground.nats), name="deployments", streams=[LOGS_STREAM])
    try:
        with pytest.raises(NotFoundError):
            await bus.stream(LOGS_STREAM).jetstream().stream_info(LOGS_STREAM)
        for hours, mebibytes in ((1, 16), (1, 16), (2, 8)):
            await LogStream(bus, timedelta(hours=hours), mebibytes * MEBIBYTE).ensure()
            config = (await bus.stream(LOGS_STREAM).jetstream().stream_info(LOGS_STREAM)).config
            assert (config.max_age, config.max_bytes) == (hours * 3600, mebibytes * MEBIBYTE)
    finally:
        await bus.close()
