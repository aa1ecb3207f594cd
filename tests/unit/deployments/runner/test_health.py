"""An Airflow is healthy by heartbeats of the processes that live, not by its own word alone."""

from datetime import UTC, datetime, timedelta

from services.deployments.runner.components import PartState, PartStatus
from services.deployments.runner.health import Report, judge
from services.deployments.runner.versions import Part

START = datetime(2026, 11, 28, 12, tzinfo=UTC)
LATER = START + timedelta(seconds=1)


def part(name: Part) -> PartStatus:
    return PartStatus(part=name, state=PartState.RUNNING, pid=1, started_at=START, restarts=0, last_exit=None)


def report(*, scheduler: str = "healthy", heartbeat: datetime = LATER) -> Report:
    told = {
        "metadatabase": {"status": "healthy"},
        "scheduler": {"status": scheduler, "latest_scheduler_heartbeat": heartbeat.isoformat()},
        "triggerer": {"status": None, "latest_triggerer_heartbeat": None},
        "dag_processor": {"status": "healthy", "latest_dag_processor_heartbeat": LATER.isoformat()},
    }
    return Report.model_validate(told)


def test_fresh_heartbeats_of_all_components_are_health() -> None:
    assert judge(report(), [part(Part.API_SERVER), part(Part.SCHEDULER), part(Part.DAG_PROCESSOR)]) == []


def test_the_heartbeat_of_a_process_before_is_none() -> None:
    assert judge(report(heartbeat=START), [part(Part.SCHEDULER)]) == ["scheduler has no heartbeat since its start"]


def test_what_airflow_calls_unhealthy_is_unhealthy() -> None:
    assert judge(report(scheduler="unhealthy"), [part(Part.SCHEDULER)]) == ["scheduler is not healthy"]
    assert judge(report(), [part(Part.TRIGGERER)]) == ["triggerer is not healthy"]


def test_a_report_without_its_parts_is_no_health() -> None:
    assert judge(Report(), [part(Part.SCHEDULER)]) == ["the database is not healthy", "scheduler is not healthy"]
