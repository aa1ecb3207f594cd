"""What every driver guarantees: `simulated`, `kubernetes` on a cluster of tests, and `local` with real Airflows.

That stale wishes are refused, and that who has lost the lease is not heard, is the same for all: test_keeping.py.
"""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from services.deployments.contract import DeploymentId, DriverName
from services.deployments.drivers.offers import offer_of
from services.deployments.drivers.protocol import Driver, StepFailed
from services.deployments.runner.environments import Environments
from shared.ids import new_id
from tests.integration.deployments.driven import SECRET, Driven, kubernetes, local, simulated, specification
from tests.integration.deployments.service import until

REAL = [pytest.mark.airflow, pytest.mark.full, pytest.mark.timeout(900)]
START_S = 600.0


@pytest.fixture(params=["simulated", "kubernetes", pytest.param("local", marks=REAL)])
async def driven(
    request: pytest.FixtureRequest, private_folder: Path, session_folder: Path
) -> AsyncGenerator[Driven[Driver]]:
    """A driver of which nothing is left after the test."""
    made: AbstractAsyncContextManager[Driven[Driver]]
    match request.param:
        case "simulated":
            made = simulated(request.getfixturevalue("nats_server"))
        case "kubernetes":
            made = kubernetes(private_folder, request.getfixturevalue("postgres_server"))
        case _:
            kept = os.environ.get("AERODROME_TEST_CACHE")
            environments = Environments(Path(kept) if kept else session_folder / "environments")
            made = local(private_folder, request.getfixturevalue("postgres_server"), environments)
    async with made as found:
        yield found
        for id_ in await found.driver.list_managed():
            await found.driver.delete(id_)
        await found.driver.stop()


async def complains(driven: Driven[Driver], deployment_id: DeploymentId) -> bool:
    return bool(await driven.driver.observe(deployment_id))


async def test_it_offers_what_is_told_of_it(driven: Driven[Driver]) -> None:
    assert driven.driver.capabilities == offer_of(DriverName(driven.driver.name))


async def test_what_it_does_not_do_is_refused_and_nothing_runs(driven: Driven[Driver]) -> None:
    for wanted in driven.refused():
        with pytest.raises(StepFailed):
            await driven.driver.apply(wanted)
        assert await driven.running(wanted.deployment_id) == set()
        assert await complains(driven, wanted.deployment_id)


async def test_the_unknown_may_sleep_and_go_and_is_not_well(driven: Driven[Driver]) -> None:
    unknown = DeploymentId(new_id())
    await driven.driver.hibernate(unknown)
    assert list(await driven.driver.delete(unknown)) == []
    assert await complains(driven, unknown)
    assert unknown not in await driven.driver.list_managed()


async def test_what_is_up_and_the_same_goes_on(driven: Driven[Driver]) -> None:
    wanted = specification()
    door = await driven.driver.apply(wanted)
    before = await driven.running(wanted.deployment_id)
    assert before
    assert await driven.driver.apply(wanted) == door
    assert await driven.running(wanted.deployment_id) == before
    assert list(await driven.driver.observe(wanted.deployment_id)) == []


async def test_what_is_wished_otherwise_is_taken_over(driven: Driven[Driver]) -> None:
    wanted = specification()
    await driven.driver.apply(wanted)
    before = await driven.running(wanted.deployment_id)
    await driven.driver.apply(replace(wanted, env={"API_KEY": "another"}))
    after = await driven.running(wanted.deployment_id)
    assert after
    assert after.isdisjoint(before)
    assert list(await driven.driver.observe(wanted.deployment_id)) == []


async def test_what_was_cut_off_is_known_and_goes_on(driven: Driven[Driver]) -> None:
    wanted = specification()
    await cut_off(driven, wanted.deployment_id, asyncio.create_task(driven.driver.apply(wanted)))
    assert wanted.deployment_id in await driven.driver.list_managed()
    await driven.driver.apply(wanted)
    assert list(await driven.driver.observe(wanted.deployment_id)) == []


async def cut_off(driven: Driven[Driver], deployment_id: DeploymentId, applying: asyncio.Task[str]) -> None:
    """Cancel a start in its middle, or at its end where it has none."""
    driven.hold()
    await until(lambda: driven.is_half_made(deployment_id), timeout_s=START_S)
    applying.cancel()
    await asyncio.wait({applying})
    driven.let_go()


async def test_what_is_half_made_can_be_deleted(driven: Driven[Driver]) -> None:
    wanted = specification()
    await cut_off(driven, wanted.deployment_id, asyncio.create_task(driven.driver.apply(wanted)))
    assert list(await driven.driver.delete(wanted.deployment_id)) == []
    assert wanted.deployment_id not in await driven.driver.list_managed()
    assert await driven.running(wanted.deployment_id) == set()


async def test_a_sleeping_one_runs_nothing_keeps_its_data_and_wakes(driven: Driven[Driver]) -> None:
    wanted = specification()
    await driven.driver.apply(wanted)
    await driven.keep(wanted.deployment_id)
    for _ in range(2):
        await driven.driver.hibernate(wanted.deployment_id)
        assert await driven.running(wanted.deployment_id) == set()
    assert await complains(driven, wanted.deployment_id)
    assert await driven.keeps(wanted.deployment_id)
    await driven.driver.apply(wanted)
    assert list(await driven.driver.observe(wanted.deployment_id)) == []
    assert await driven.keeps(wanted.deployment_id)


async def test_a_deletion_leaves_nothing_and_may_be_repeated(driven: Driven[Driver]) -> None:
    wanted, other = specification(), specification()
    for each in (wanted, other):
        await driven.driver.apply(each)
    for _ in range(2):
        assert list(await driven.driver.delete(wanted.deployment_id)) == []
        assert set(await driven.driver.list_managed()) == {other.deployment_id}
        assert await driven.running(wanted.deployment_id) == set()
    assert list(await driven.driver.observe(other.deployment_id)) == []


async def test_what_breaks_is_said(driven: Driven[Driver]) -> None:
    wanted = specification()
    await driven.driver.apply(wanted)
    await driven.hurt(wanted.deployment_id)
    await until(lambda: complains(driven, wanted.deployment_id))


async def test_an_end_ends_what_must_end_and_another_process_goes_on(driven: Driven[Driver]) -> None:
    wanted = specification()
    await driven.driver.apply(wanted)
    before = await driven.running(wanted.deployment_id)
    await driven.driver.stop()
    assert await driven.running(wanted.deployment_id) == (before if driven.outlives else set())
    await driven.restart()
    assert await complains(driven, wanted.deployment_id)
    await driven.driver.apply(wanted)
    assert list(await driven.driver.observe(wanted.deployment_id)) == []
    assert not driven.outlives or await driven.running(wanted.deployment_id) == before


async def test_no_secret_is_logged_in_a_whole_life(driven: Driven[Driver], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    wanted = specification()
    await driven.driver.apply(wanted)
    await driven.driver.hibernate(wanted.deployment_id)
    await driven.driver.apply(replace(wanted, triggerer_replicas=0))
    await driven.driver.delete(wanted.deployment_id)
    logged = "\n".join(str(vars(record)) for record in caplog.records) + caplog.text
    for secret in (*wanted.secrets.all(), SECRET):
        assert secret not in logged
