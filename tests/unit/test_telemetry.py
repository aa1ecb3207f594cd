"""Log lines."""

import json
import logging
from collections.abc import Iterator
from uuid import uuid4

import pytest
from aiohttp.http_exceptions import InvalidHeader
from asyncpg import UniqueViolationError
from pydantic import BaseModel, ValidationError

from shared.telemetry import caused_by, start_logs

log = logging.getLogger("sample")
ADDRESS = "@".join(["jane", "example.com"])  # not whole in a source line that a traceback shows


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before, level


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_is_json_with_the_ids_of_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    start_logs(service="sample", level="INFO")
    correlation, message = uuid4(), uuid4()
    with caused_by(correlation_id=correlation, message_id=message):
        log.info("command handled", extra={"position": 7})
    log.info("alone")
    log.debug("not told")
    inside, alone = lines(capsys)
    assert inside["message"] == "command handled"
    assert inside["level"] == "INFO"
    assert inside["service"] == "sample"
    assert inside["position"] == 7
    assert inside["correlation_id"] == str(correlation)
    assert inside["causation_id"] == str(message)
    assert "time" in inside
    assert "correlation_id" not in alone


class Person(BaseModel):
    age: int


def misread() -> None:
    Person.model_validate({"age": ADDRESS})


def test_a_traceback_holds_no_value_of_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    start_logs(service="sample", level="INFO")
    try:
        misread()
    except ValidationError:
        log.exception("a handler failed")
    (line,) = lines(capsys)
    assert ADDRESS not in json.dumps(line)
    assert "ValidationError: Person: ('age',) int_parsing" in str(line["traceback"])


def fail() -> None:
    raise UniqueViolationError(f"duplicate key\nDETAIL:  Key (email)=({ADDRESS}) already exists.")


def test_a_traceback_holds_no_value_of_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    start_logs(service="sample", level="INFO")
    try:
        fail()
    except UniqueViolationError:
        log.exception("a handler failed")
    (line,) = lines(capsys)
    assert ADDRESS not in json.dumps(line)
    assert "UniqueViolationError: 23505" in str(line["traceback"])
    assert "test_telemetry.py" in str(line["traceback"])


def test_a_traceback_holds_no_bytes_of_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    start_logs(service="sample", level="INFO")
    secret = "".join(["0123456789abcdef"] * 2)
    log.error("Error handling request", exc_info=InvalidHeader(f"Authorization: Bearer {secret}\x01"))
    (line,) = lines(capsys)
    assert "InvalidHeader: 400" in str(line["traceback"])
    assert secret not in json.dumps(line)
