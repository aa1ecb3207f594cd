"""What components write reaches the stream: as records, within a quota that each deployment has for itself."""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from services.deployments.contract import MOST_BATCH_BYTES, DeploymentId, LogBatch, LogRecord
from services.deployments.logs.parsing import TaskIds
from services.deployments.logs.quota import Rate
from services.deployments.logs.stream import LogStream
from services.deployments.runner.versions import Part
from services.deployments.runner.voices import Voices
from shared.clock import utc_now
from tests.integration.bus import bus_of
from tests.integration.deployments.service import LogReader, log_reader
from tests.servers import NatsForTests

ONE, OTHER = DeploymentId("cone"), DeploymentId("cother")
MEBIBYTE = 1024 * 1024


@dataclass
class Ingest:
    """Voices of a small quota, and who reads what they wrote."""

    voices: Voices
    reader: LogReader

    async def until(self, message: str) -> list[LogRecord]:
        """Return all records up to the batch with a message."""
        batches = await self.reader.until(lambda batch: any(each.message == message for each in batch.records))
        return [record for batch in batches for record in batch.records]


@pytest.fixture
async def ingest(nats_server: NatsForTests) -> AsyncGenerator[Ingest]:
    """Voices on a stream of their own."""
    async with bus_of(nats_server, "deployments") as bus:
        stream = LogStream(bus, timedelta(hours=1), 64 * MEBIBYTE)
        await stream.ensure()
        voices = Voices(stream, Rate(lines_per_s=100, bytes_per_s=MEBIBYTE))
        async with log_reader(nats_server) as reader:
            yield Ingest(voices, reader)
        await voices.close()


def line(text: str, time: str = "2026-11-30T20:50:56.200+0000") -> bytes:
    return f"[{time}] {{x.py:1}} INFO - {text}\n".encode()


async def test_a_traceback_that_comes_in_pieces_is_one_record(ingest: Ingest) -> None:
    take = ingest.voices.of(ONE)
    take(Part.SCHEDULER, b"Traceback (most recent call last):\n  File")
    take(Part.DAG_PROCESSOR, line("of another pipe"))
    take(Part.SCHEDULER, b' "x.py", line 1, in f\nValueError: no\n')
    found = await ingest.until('Traceback (most recent call last):\n  File "x.py", line 1, in f\nValueError: no')
    assert [each.level for each in found if each.message.startswith("Traceback")] == ["ERROR"]


async def test_pods_of_the_same_part_are_told_apart(ingest: Ingest) -> None:
    one, other = ingest.voices.of(ONE), ingest.voices.of(ONE)
    one(Part.WORKER, b"ERROR: one\n")
    other(Part.WORKER, b"ERROR: other\n")
    one(Part.WORKER, b"  of one\n")
    other(Part.WORKER, b"  of other\nERROR: last\n")
    found = await ingest.until("last")
    assert {each.message for each in found} == {"one\n  of one", "other\n  of other", "last"}


async def test_a_record_has_its_own_time_if_that_can_be_and_times_rise(ingest: Ingest) -> None:
    take, now = ingest.voices.of(ONE), utc_now()
    before = now - timedelta(seconds=2)
    for text, time in [
        ("of just now", before),
        ("of long ago", now - timedelta(days=1)),
        ("of the future", now + timedelta(hours=1)),
        ("of before", before),
    ]:
        take(Part.SCHEDULER, line(text, time.isoformat()))
    found = await ingest.until("of before")
    times = [each.timestamp for each in found]
    assert times[0] == before
    assert times == sorted(set(times))
    assert now <= times[1] <= times[-1] <= utc_now()


async def test_a_tasks_file_gives_its_records_the_task(ingest: Ingest) -> None:
    task = TaskIds(dag_id="d", task_id="t", run_id="r", try_number=2)
    ingest.voices.of_task(ONE, Part.WORKER, task)(line("said by it"))
    (found,) = await ingest.until("said by it")
    assert (found.dag_id, found.task_id, found.run_id, found.try_number, found.map_index) == ("d", "t", "r", 2, None)


async def test_a_flood_is_cut_and_counted_and_drowns_nobody(ingest: Ingest) -> None:
    flood, other = ingest.voices.of(ONE), ingest.voices.of(OTHER)
    for _ in range(100):
        flood(Part.SCHEDULER, line("a flood") * 1_000)
    other(Part.SCHEDULER, line("of another deployment"))
    other(Part.SCHEDULER, line("last"))
    batches: list[LogBatch] = []
    while (told := _dropped(batches)) == 0 or not any("last" in each.message for each in _records(batches, OTHER)):
        batches.append(await ingest.reader.next())
    taken = [each for each in _records(batches, ONE) if each.message == "a flood"]
    assert len(taken) >= 500
    assert len(taken) + told == 100_000
    assert [each.message for each in _records(batches, OTHER)] == ["of another deployment", "last"]
    assert max(len(batch.model_dump_json(exclude_none=True)) for batch in batches) <= MOST_BATCH_BYTES


async def test_large_records_come_in_batches_of_64_kib(ingest: Ingest) -> None:
    take = ingest.voices.of(ONE)
    for text in ('"\\' * 40_000, "ü" * 40_000, "x" * 60_000, "last"):
        take(Part.SCHEDULER, line(text))
    batches = await ingest.reader.until(lambda batch: batch.records[-1].message == "last")
    assert max(len(batch.model_dump_json(exclude_none=True).encode()) for batch in batches) <= MOST_BATCH_BYTES
    assert len(_records(batches, ONE)) > 4


def _records(batches: list[LogBatch], deployment: DeploymentId) -> list[LogRecord]:
    return [record for batch in batches if batch.deployment == deployment for record in batch.records]


def _dropped(batches: list[LogBatch]) -> int:
    told = [re.fullmatch(r"(\d+) lines dropped: .*", each.message) for each in _records(batches, ONE)]
    return sum(int(found[1]) for found in told if found)
