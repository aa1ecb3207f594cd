"""What tasks of real Airflows say reaches the stream of log lines: once, with its task, a traceback in one piece."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from pydantic import SecretStr

from services.cli.folder import DataFolder
from services.deployments.contract import LOGS_STREAM, LogBatch, LogRecord, logs_filter
from services.deployments.runner.versions import VERSIONS
from shared.bus.client import Bus
from shared.settings import BusSettings
from tests.acceptance.airflows import Deployment, created, door_of, send_dags
from tests.acceptance.client import Houston
from tests.acceptance.conftest import PASSWORD, SIGN_IN, sign_up
from tests.acceptance.stack import Stack, running
from tests.faults.viewers import Viewer, every_kind, watching, wish

pytestmark = [pytest.mark.airflow, pytest.mark.full, pytest.mark.timeout(1200)]

NEWEST, OLDER, OLDEST = VERSIONS
RAISES = b"""
import logging
from datetime import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task

with DAG("broken", schedule="@once", start_date=datetime(2026, 1, 1), is_paused_upon_creation=False) as dag:
    @task(task_id="fail")
    def fail():
        print("printed before it")
        try:
            {}["missing"]
        except KeyError as error:
            raise ValueError("raised by the task") from error

    fail()
"""
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
RAISED = "ValueError: raised by the task"


@pytest.fixture(scope="module")
def local_stack() -> Iterator[Stack]:
    """A product whose deployments are real, in a folder of a short name: a socket of 2.11 in it may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="") as name:
        Path(name).chmod(0o711)
        with running(Path(name) / "data", driver="local") as stack:
            asyncio.run(sign_up(stack))
            yield stack


@pytest.fixture
async def owner(local_stack: Stack) -> AsyncIterator[Houston]:
    """The administrator of that product."""
    async with aiohttp.ClientSession() as session:
        anonymous = Houston(local_stack.url, session)
        signed = await anonymous.run(SIGN_IN, {"identity": local_stack.admin_email, "password": PASSWORD})
        yield anonymous.as_(signed["createToken"]["token"]["value"])


@pytest.mark.parametrize(
    ("version", "executor", "component"),
    [
        (NEWEST, "LocalExecutor", "scheduler"),
        (NEWEST, "CeleryExecutor", "worker"),
        (OLDER, "LocalExecutor", "scheduler"),
        (OLDEST, "LocalExecutor", "scheduler"),
    ],
)
async def test_what_a_task_raises_is_one_record(
    local_stack: Stack, owner: Houston, version: str, executor: str, component: str
) -> None:
    workspace = (await owner.run('mutation { createWorkspace(label: "w") { id } }'))["createWorkspace"]["id"]
    deployment = await created(owner, workspace, "broken", version, executor)
    await deployment.becomes("HEALTHY")
    asked = wish(url=owner.url, token=owner.authorization, deployment=deployment.id, since=LONG_AGO)
    viewers = every_kind(asked)
    async with watching(viewers):
        await send_dags(deployment, broken=RAISES)
        records = await _records_of_the_failure(local_stack, deployment)
        first = next(each for each in records if RAISED in each.message and each.dag_id)
        for viewer in viewers:
            await _assert_shown(viewer, first, component)
    print(version, executor, first.model_dump_json(exclude_none=True)[:900])
    assert (first.level, first.dag_id, first.task_id, first.try_number) == ("ERROR", "broken", "fail", 1)
    assert first.run_id
    assert "KeyError: 'missing'\n\nThe above exception was the direct cause" in first.message
    printed = [each for each in records if each.message == "printed before it"]
    assert len(printed) == 1
    assert not [each for each in records if each.message.startswith(("Traceback", "  File"))]
    await deployment.delete()


async def _records_of_the_failure(stack: Stack, deployment: Deployment) -> list[LogRecord]:
    """Return what is said until the task has raised, and in the second after."""
    door, records = await door_of(deployment), list[LogRecord]()
    async with asyncio.timeout(120), _batches(stack, deployment.id) as batches:
        while not await _has_failed(door):
            await asyncio.sleep(0.5)
        while not any(RAISED in each.message and each.dag_id for each in records):
            records += await batches.records()
        return records + await batches.records()


async def _has_failed(door: Any) -> bool:
    status, found = await door.ask("GET", "/dags/broken/dagRuns")
    return status == 200 and [run["state"] for run in found["dag_runs"]] == ["failed"]


@dataclass(frozen=True)
class Batches:
    """The batches of a deployment, from the first on."""

    subscription: JetStreamContext.PullSubscription

    async def records(self) -> list[LogRecord]:
        """Return the next ones, none if none came within a second."""
        try:
            messages = await self.subscription.fetch(64, timeout=1)
        except TimeoutError:
            return []
        return [record for each in messages for record in LogBatch.model_validate_json(each.data).records]


@asynccontextmanager
async def _batches(stack: Stack, deployment_id: str) -> AsyncGenerator[Batches]:
    folder, name = DataFolder(stack.data), "gateway-test"
    password = SecretStr(folder.secrets().nats["gateway"])
    settings = BusSettings(nats_url=folder.state().nats_url, nats_user="gateway", nats_password=password)
    bus = await Bus.connect(settings, name="gateway", streams=[LOGS_STREAM])
    try:
        jetstream = bus.stream(LOGS_STREAM).jetstream()
        wanted = logs_filter(deployment_id)
        config = ConsumerConfig(ack_policy=AckPolicy.NONE, filter_subject=wanted, inactive_threshold=300)
        await jetstream.add_consumer(LOGS_STREAM, config, name=name)
        yield Batches(await jetstream.pull_subscribe_bind(stream=LOGS_STREAM, name=name))
        await jetstream.delete_consumer(LOGS_STREAM, name)
    finally:
        await bus.close()


async def _assert_shown(viewer: Viewer, record: LogRecord, component: str) -> None:
    """A viewer is shown the record once, whole, and no part of it as another line."""
    async with asyncio.timeout(60):
        while record.id not in viewer.ids:
            await asyncio.sleep(0.1)
    (line,) = (line for line in viewer.lines if line["id"] == record.id)
    assert (line["level"], line["component"], line["message"]) == ("ERROR", component, record.message), viewer.name
    texts = [line["message"] for line in viewer.lines]
    assert texts.count("printed before it") == 1, viewer.name
    begins, tells = ("Traceback", "  File", "KeyError", "ValueError"), ("broken.py", "'missing'", RAISED)
    parts = [text for text in texts if text.startswith(begins) and any(each in text for each in tells)]
    assert not parts, viewer.name
    assert len(set(viewer.ids)) == len(viewer.ids), viewer.name
    print(f"{viewer.name}: {len(viewer.lines)} lines, the traceback as one")
