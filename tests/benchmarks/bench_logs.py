"""What a component that floods its log costs who reads it, and how late another deployment's lines are meanwhile.

BENCH_LINES_PER_S sets the flood, BENCH_SECONDS how long each part takes. Components are real processes under the shim.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import uvloop

from services.deployments.contract import DeploymentId, LogBatch
from services.deployments.logs.stream import LogStream
from services.deployments.runner.components import Component
from services.deployments.runner.processes import Command
from services.deployments.runner.versions import Part
from services.deployments.runner.voices import Voices
from shared.clock import utc_now
from tests.integration.bus import bus_of
from tests.integration.deployments.service import LogReader, log_reader
from tests.servers import start_nats

LINES_PER_S = int(os.environ.get("BENCH_LINES_PER_S", "50000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
FLOOD, CALM = DeploymentId("cflood"), DeploymentId("ccalm")
MEBIBYTE = 1024 * 1024
FLOODS = """
import sys, time
from datetime import datetime, timezone
text = '{"timestamp":"%s","level":"info","event":"a line of a flood","dag_id":"d","task_id":"t","run_id":"r"}'
start, lines = time.monotonic(), 0
while True:
    due = int((time.monotonic() - start) * LINES_PER_S) - lines
    line = text % datetime.now(timezone.utc).isoformat() + chr(10)
    sys.stdout.write(line * due)
    sys.stdout.flush()
    lines += due
    sys.stderr.flush()
    time.sleep(0.002)
"""
SAYS = """
import time
from datetime import datetime, timezone
while True:
    print('{"timestamp":"%s","level":"info","event":"calm"}' % datetime.now(timezone.utc).isoformat(), flush=True)
    time.sleep(0.05)
"""


@asynccontextmanager
async def running(voices: Voices, deployment: DeploymentId, program: str, folder: Path) -> AsyncGenerator[None]:
    """Have a program write as a component of a deployment."""
    command = Command(program=(sys.executable, "-c", program), environment=dict(os.environ), folder=folder)
    component = Component(part=Part.SCHEDULER, command=command, on_output=voices.of(deployment), grace_s=0)
    component.start()
    try:
        yield
    finally:
        await component.stop()


async def measure(what: str, reader: LogReader) -> None:
    """Print the processor time of this process and how late the calm deployment's records are."""
    process, start, began = psutil.Process(), time.monotonic(), sum(psutil.Process().cpu_times()[:2])
    late_ms: list[float] = []
    batches: list[LogBatch] = []
    while time.monotonic() - start < SECONDS:
        batch = await reader.next()
        if batch.deployment == CALM:
            late_ms += [(utc_now() - each.timestamp) / timedelta(milliseconds=1) for each in batch.records]
        batches.append(batch)
    passed_s = time.monotonic() - start
    used = (sum(process.cpu_times()[:2]) - began) / passed_s
    flood = [each for batch in batches if batch.deployment == FLOOD for each in batch.records]
    dropped = sum(int(each.message.split()[0]) for each in flood if "lines dropped" in each.message)
    late_ms.sort()
    print(
        f"{what:28} cpu {used:5.1%}, memory {process.memory_info().rss / MEBIBYTE:.0f} MiB; calm lines late by "
        f"{statistics.median(late_ms):.0f} ms (p50), {late_ms[int(len(late_ms) * 0.99)]:.0f} ms (p99); of the flood "
        f"{len(flood) / passed_s:,.0f} records/s, {dropped / passed_s:,.0f} lines/s dropped"
    )


async def main() -> None:
    """Run everything on a NATS of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder, nats = Path(name), start_nats(Path(name) / "nats")
        try:
            async with bus_of(nats, "deployments") as bus:
                stream = LogStream(bus, timedelta(hours=1), 256 * MEBIBYTE)
                await stream.ensure()
                voices = Voices(stream)
                async with log_reader(nats) as reader, running(voices, CALM, SAYS, folder):
                    await measure("one calm component", reader)
                    async with running(voices, FLOOD, FLOODS.replace("LINES_PER_S", str(LINES_PER_S)), folder):
                        await measure(f"and one of {LINES_PER_S:,} lines/s", reader)
                        await measure("the same, its burst used up", reader)
                await voices.close()
        finally:
            nats.child.stop()


if __name__ == "__main__":
    uvloop.run(main())
