"""Whether an Airflow is well: its processes live, its door answers, and each heartbeat is of the process that lives."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import aiohttp
from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.deployments.runner.components import PartState, PartStatus
from services.deployments.runner.configuration import AirflowSpec
from services.deployments.runner.versions import Part

_ANSWER_S: Final = 5.0
_HEALTHY: Final = "healthy"


class Beat(BaseModel):
    """What Airflow says of one of its parts; an absent one has no status."""

    model_config = ConfigDict(frozen=True)

    status: str | None = None
    heartbeat: AwareDatetime | None = Field(
        default=None,
        validation_alias=AliasChoices(
            "latest_scheduler_heartbeat", "latest_dag_processor_heartbeat", "latest_triggerer_heartbeat"
        ),
    )


class Report(BaseModel):
    """Airflow's own report of its health, the same in both lines."""

    model_config = ConfigDict(frozen=True)

    metadatabase: Beat = Beat()
    scheduler: Beat = Beat()
    dag_processor: Beat = Beat()
    triggerer: Beat = Beat()


async def complaints(http: aiohttp.ClientSession, spec: AirflowSpec, parts: Sequence[PartStatus]) -> list[str]:
    """Return what is wrong, in words; nothing: it is healthy.

    Airflow's own report calls a dead scheduler healthy for 30 s, and a new one by the heartbeat of the old.
    """
    dead = [f"{each.part} does not run" for each in parts if each.state is not PartState.RUNNING]
    if dead:
        return dead
    try:
        report = await _report(http, spec)
    except (aiohttp.ClientError, TimeoutError, ValidationError) as error:
        return [f"{spec.version.line.door} does not answer: {type(error).__name__}"]
    return judge(report, parts)


def judge(report: Report, parts: Sequence[PartStatus]) -> list[str]:
    """Return what is wrong by Airflow's own report and the times at which the components were started."""
    wrong = [] if report.metadatabase.status == _HEALTHY else ["the database is not healthy"]
    beats = {
        Part.SCHEDULER: report.scheduler,
        Part.DAG_PROCESSOR: report.dag_processor,
        Part.TRIGGERER: report.triggerer,
    }
    for each in parts:
        beat = beats.get(each.part)
        if beat is None:
            continue
        if beat.status != _HEALTHY:
            wrong.append(f"{each.part} is not healthy")
        elif not _is_newer(beat.heartbeat, each.started_at):
            wrong.append(f"{each.part} has no heartbeat since its start")
    return wrong


async def _report(http: aiohttp.ClientSession, spec: AirflowSpec) -> Report:
    timeout = aiohttp.ClientTimeout(total=_ANSWER_S)
    address = f"{spec.url}{spec.version.line.health_path}"
    async with http.get(address, timeout=timeout, raise_for_status=True, allow_redirects=False) as answer:
        return Report.model_validate_json(await answer.read())


def _is_newer(heartbeat: datetime | None, started_at: datetime | None) -> bool:
    return heartbeat is not None and started_at is not None and heartbeat > started_at
