"""Release names have the form that clients recognise; log batches the form that the gateway reads."""

import re
from datetime import UTC, datetime
from itertools import islice

import pytest

from services.deployments.contract import (
    Component,
    Executor,
    LogBatch,
    LogRecord,
    component_named,
    logs_filter,
    logs_subject,
    new_release_name,
    new_release_names,
)
from services.deployments.contract.names import ADJECTIVES, NOUNS
from services.deployments.drivers.simulated import components_of
from services.deployments.drivers.simulated_lines import first_lines, lines


def test_release_names_are_two_words_and_four_digits() -> None:
    for name in {new_release_name() for _ in range(500)}:
        assert re.fullmatch(r"[a-z]+-[a-z]+-[0-9]{4}", name)


def test_every_word_may_stand_in_a_release_name() -> None:
    assert all(re.fullmatch(r"[a-z]+", word) for word in (*ADJECTIVES, *NOUNS))
    assert len(set(ADJECTIVES)) == len(ADJECTIVES)
    assert len(set(NOUNS)) == len(NOUNS)


def test_a_creation_brings_several_candidates() -> None:
    assert len(set(new_release_names())) > 1


@pytest.mark.parametrize(
    ("text", "component"),
    [("scheduler", Component.SCHEDULER), ("Workers", Component.WORKER), ("WORKER", Component.WORKER), ("moon", None)],
)
def test_components_are_known_by_their_names(text: str, component: Component | None) -> None:
    assert component_named(text) is component


def test_subjects_are_below_the_deployment() -> None:
    assert logs_subject("c1", Component.WORKER) == "logs.c1.worker"
    assert logs_filter("c1") == "logs.c1.*"
    assert logs_filter("c1", Component.WORKER) == "logs.c1.worker"


def test_a_batch_is_the_json_that_is_agreed() -> None:
    record = LogRecord(id="r", timestamp=datetime(2026, 1, 2, 3, 4, 5, 600000, tzinfo=UTC), level="INFO", message="hi")
    batch = LogBatch(deployment="c1", component="worker", incarnation="i", batch=7, records=(record,))
    assert batch.model_dump_json(exclude_none=True) == (
        '{"deployment":"c1","component":"worker","incarnation":"i","batch":7,"records":'
        '[{"id":"r","timestamp":"2026-01-02T03:04:05.600000Z","level":"INFO","message":"hi"}]}'
    )
    assert batch.message_id() == "c1/worker/i/7"


def test_only_celery_has_a_worker_of_its_own() -> None:
    assert [executor for executor in Executor if Component.WORKER in components_of(executor)] == [Executor.CELERY]


@pytest.mark.parametrize("component", Component)
def test_every_component_has_something_to_say(component: Component) -> None:
    said = [*first_lines(component), *islice(lines(component), 500)]
    assert all(line.message.strip() and line.level in {"INFO", "WARNING", "ERROR"} for line in said)
