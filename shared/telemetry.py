"""Logs, traces and metrics of a process."""

import logging
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from traceback import format_tb
from types import TracebackType
from typing import Final
from uuid import UUID

from aiohttp.http_exceptions import HttpProcessingError
from asyncpg import DataError, IntegrityConstraintViolationError, PostgresError
from opentelemetry import propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge, Histogram
from pydantic import ValidationError
from pythonjsonlogger.json import JsonFormatter

_MOST_FAULTS: Final = 10
_SPANS: Final = trace.get_tracer("aerodrome")
_correlation: ContextVar[str] = ContextVar("correlation", default="")
_causation: ContextVar[str] = ContextVar("causation", default="")

MESSAGES: Final = Counter(
    "aerodrome_messages_total", "Commands and queries answered, by outcome.", ["subject", "outcome"]
)
MESSAGE_SECONDS: Final = Histogram(
    "aerodrome_message_seconds",
    "Seconds from the arrival of a command or query to its answer.",
    ["subject"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)
DROPPED: Final = Counter("aerodrome_messages_dropped_total", "Messages not worked on, by reason.", ["lane", "reason"])
LOST: Final = Counter("aerodrome_dropped_total", "Records that were not kept, by reason.", ["what", "reason"])
IN_WORK: Final = Gauge("aerodrome_messages_in_work", "Messages being worked on or waiting, by lane.", ["lane"])
ASKS: Final = Counter("aerodrome_asks_total", "Questions put to other services, by outcome.", ["subject", "outcome"])
REPEATS: Final = Counter("aerodrome_ask_repeats_total", "Questions sent again because no answer came.", ["subject"])
LOST_RACES: Final = Counter("aerodrome_lost_races_total", "Attempts at a command that another writer overtook.")
NATS_CONNECTED: Final = Gauge(
    "aerodrome_nats_connected", "1 while the connection to an account of NATS is there.", ["account"]
)


def start_telemetry(*, service: str, level: str) -> None:
    """Start this process's logs and traces."""
    start_logs(service=service, level=level)
    start_traces(service=service)


def start_logs(*, service: str, level: str) -> None:
    """Send this process's logs to standard output as JSON lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Formatter(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("aiohttp.access", "nats", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def start_traces(*, service: str) -> None:
    """Give messages trace ids that go with them from process to process.

    No span is recorded, as nobody collects them yet.
    """
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        resource = Resource.create({"service.name": service})
        trace.set_tracer_provider(TracerProvider(resource=resource, sampler=ALWAYS_OFF))


def current_traceparent() -> str:
    """Return the W3C traceparent of the running span, "" outside of one."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent", "")


@contextmanager
def span(name: str, *, kind: SpanKind = SpanKind.INTERNAL, traceparent: str = "") -> Generator[None]:
    """Run the block in a span that follows `traceparent`, or the running span where it is ""."""
    parent = propagate.extract({"traceparent": traceparent}) if traceparent else None
    with _SPANS.start_as_current_span(name, context=parent, kind=kind, record_exception=False):
        yield


@contextmanager
def caused_by(*, correlation_id: UUID, message_id: UUID) -> Generator[None]:
    """Give every log line of the block the ids of the message it works on."""
    correlation = _correlation.set(str(correlation_id))
    causation = _causation.set(str(message_id))
    try:
        yield
    finally:
        _correlation.reset(correlation)
        _causation.reset(causation)


class _Formatter(JsonFormatter):
    """One JSON object a line; values come from `extra`, the ids from the message in work."""

    def __init__(self, service: str) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "traceback"},
            static_fields={"service": service},
            timestamp="time",
        )

    def format(self, record: logging.LogRecord) -> str:
        if correlation := _correlation.get():
            record.correlation_id = correlation
            record.causation_id = _causation.get()
        return super().format(record)

    def formatException(  # noqa: N802 (the name is the standard library's)
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return "".join(_lines(ei[1])).strip()


def _lines(error: BaseException | None) -> Iterator[str]:
    # As the standard library's, but without the values that Postgres and pydantic repeat: a log may hold none.
    if error is None:
        return
    yield from _lines(error.__cause__ or error.__context__)
    yield from format_tb(error.__traceback__)
    yield f"{type(error).__qualname__}: {_text(error)}\n"


def _text(error: BaseException) -> str:
    match error:
        case IntegrityConstraintViolationError() | DataError():
            return f"{error.sqlstate} {getattr(error, 'constraint_name', None) or ''}".strip()
        case ValidationError():
            faults = error.errors(include_url=False, include_context=False, include_input=False)
            return f"{error.title}: " + ", ".join(f"{fault['loc']} {fault['type']}" for fault in faults[:_MOST_FAULTS])
        case HttpProcessingError():
            return str(error.code)  # its text repeats the client's bytes, keys and passwords among them
        case PostgresError():
            return str(error).split("\nDETAIL:", 1)[0]
        case _:
            return str(error)
