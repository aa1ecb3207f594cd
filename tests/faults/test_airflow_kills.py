"""`kill -9` of whatever a deployment depends on, at each step of its life: it comes to what is wished, by itself."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import aiohttp
import psutil
import pytest

from tests.acceptance.airflows import Clock, Deployment, Traces, created
from tests.acceptance.client import Houston
from tests.acceptance.conftest import PASSWORD, SIGN_IN, sign_up
from tests.acceptance.stack import Stack, running
from tests.faults.processes import kill, process_of

pytestmark = [pytest.mark.airflow, pytest.mark.full, pytest.mark.timeout(1800)]

PARTS = ("api-server", "scheduler", "dag-processor", "triggerer")
Step = Callable[[Deployment], Awaitable[None]]


async def change(deployment: Deployment) -> None:
    """Wish another environment."""
    await deployment.do("updateDeployment", f', env: [{{key: "A", value: "{os.urandom(4).hex()}"}}]')


async def hibernate(deployment: Deployment) -> None:
    """Wish it asleep."""
    await deployment.do("hibernateDeployment")


async def wake(deployment: Deployment) -> None:
    """Wish it awake."""
    await deployment.do("wakeDeployment")


LIFE: list[tuple[str, Step, str]] = [
    ("change", change, "HEALTHY"),
    ("hibernate", hibernate, "HIBERNATED"),
    ("wake", wake, "HEALTHY"),
]


@contextlib.asynccontextmanager
async def product(data: Path, port: int | None = None) -> AsyncGenerator[tuple[Stack, Houston]]:
    """Run a product with real deployments and give it with its administrator."""
    context = running(data, port, driver="local")
    stack = await asyncio.to_thread(context.__enter__)
    try:
        async with aiohttp.ClientSession() as session:
            anonymous = Houston(stack.url, session)
            with contextlib.suppress(AssertionError):
                await sign_up(stack)  # unless it is the second start
            signed = await anonymous.run(SIGN_IN, {"identity": stack.admin_email, "password": PASSWORD})
            yield stack, anonymous.as_(signed["createToken"]["token"]["value"])
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


@pytest.mark.parametrize("victim", ["deployments", "runner"])
async def test_a_killed_process_is_survived_at_every_step(session_folder: Path, victim: str) -> None:
    clock = Clock()
    async with product(session_folder / f"kills-{victim}" / "data") as (stack, owner):
        traces = Traces(stack)
        workspace = (await owner.run('mutation { createWorkspace(label: "w") { id } }'))["createWorkspace"]["id"]
        async with clock.step(f"create, {victim} killed"):
            deployment = await created(owner, workspace, "one")
            await asyncio.sleep(1)  # somewhere in the middle
            kill(process_of(stack, victim))
            await deployment.becomes("HEALTHY")
        for name, wish, end in LIFE:
            async with clock.step(f"{name}, {victim} killed"):
                await wish(deployment)
                kill(process_of(stack, victim))
                await deployment.becomes(end)
        assert _parts(traces) == sorted(PARTS)
        async with clock.step(f"delete, {victim} killed"):
            await deployment.delete()
            kill(process_of(stack, victim))
            await traces.none_is_left(within_s=120)


def _parts(traces: Traces) -> list[str]:
    """Return the components that run, each as often as it does."""
    return sorted(part for shim in _shims(traces) for part in PARTS if part in shim.cmdline())


async def test_after_the_end_of_everything_the_next_start_goes_on(session_folder: Path) -> None:
    data = session_folder / "kills-all" / "data"
    async with product(data) as (stack, owner):
        traces = Traces(stack)
        workspace = (await owner.run('mutation { createWorkspace(label: "w") { id } }'))["createWorkspace"]["id"]
        deployment = await created(owner, workspace, "one")
        await deployment.becomes("HEALTHY")
        stack.process.send_signal(signal.SIGKILL)
        async with asyncio.timeout(30):
            while traces.processes():
                await asyncio.sleep(0.2)
    async with product(data) as (stack, owner):
        again, traces = Deployment(deployment.id, owner), Traces(stack)
        await again.becomes("HEALTHY")
        await again.delete()
        await traces.none_is_left()


async def test_each_killed_component_comes_back(session_folder: Path) -> None:
    clock = Clock()
    async with product(session_folder / "kills-part" / "data") as (stack, owner):
        traces = Traces(stack)
        workspace = (await owner.run('mutation { createWorkspace(label: "w") { id } }'))["createWorkspace"]["id"]
        deployment = await created(owner, workspace, "one")
        await deployment.becomes("HEALTHY")
        for part in PARTS:
            async with clock.step(f"{part} killed"):
                kill(_part(traces, part))
                await deployment.becomes("UNHEALTHY", within_s=60)
                await deployment.becomes("HEALTHY")
        await deployment.delete()
        await traces.none_is_left()


def _part(traces: Traces, part: str) -> psutil.Process:
    """Return the shim of a component."""
    return next(each for each in _shims(traces) if part in each.cmdline())


def _shims(traces: Traces) -> list[psutil.Process]:
    found = [psutil.Process(pid) for pid in traces.processes()]
    return [each for each in found if any(word.endswith("shim.py") for word in each.cmdline())]
