"""The lines that simulated components write; what line comes n-th depends on n alone."""

from collections.abc import Iterator
from itertools import count
from typing import Final, NamedTuple, assert_never

from services.deployments.contract import Component


class Line(NamedTuple):
    """A level and a text, before they get a time and an id."""

    level: str
    message: str


_STARTS: Final = {
    Component.SCHEDULER: (Line("INFO", "Starting the scheduler"), Line("INFO", "Loaded executor (simulated)")),
    Component.WEBSERVER: (Line("INFO", "Starting the web server"), Line("INFO", "Listening at http://0.0.0.0:8080")),
    Component.TRIGGERER: (Line("INFO", "Starting the triggerer"),),
    Component.WORKER: (Line("INFO", "Starting the worker"), Line("INFO", "Connected to the queue default")),
}
_PAGES: Final = ("/health", "/home", "/dags/example/grid", "/api/v2/monitor/health")


def first_lines(component: Component) -> tuple[Line, ...]:
    """Return what a component writes when it starts."""
    return _STARTS[component]


def lines(component: Component) -> Iterator[Line]:
    """Yield what a running component writes, one line after the other, without end."""
    for n in count(1):
        yield _line(component, n)


def _line(component: Component, n: int) -> Line:
    match component:
        case Component.SCHEDULER:
            return _scheduler(n)
        case Component.WEBSERVER:
            page = _PAGES[n % len(_PAGES)]
            return Line("INFO", f'127.0.0.1 - "GET {page} HTTP/1.1" 200 {100 + n % 900} {n % 40 + 1} ms')
        case Component.TRIGGERER:
            return Line("INFO", f"{n % 3} triggers currently running")
        case Component.WORKER:
            return _worker(n)
        case _:
            assert_never(component)


def _scheduler(n: int) -> Line:
    if n % 30 == 0:
        return Line("WARNING", f"DAG example took {n % 7 + 1} s to parse")
    if n % 5 == 0:
        return Line("INFO", f"Creating DagRun example simulated__{n // 5} ")
    return Line("INFO", f"Heartbeat {n}: {n % 4} tasks queued, {n % 3} running")


def _worker(n: int) -> Line:
    run, step = divmod(n, 4)
    match step:
        case 0:
            return Line("INFO", f"Task example.extract of simulated__{run} received")
        case 1:
            return Line("INFO", f"Task example.extract of simulated__{run} is running")
        case 2 if run % 20 == 19:
            return Line("ERROR", f"Task example.extract of simulated__{run} failed: simulated failure, try 1 of 2")
        case _:
            return Line("INFO", f"Task example.extract of simulated__{run} succeeded in {run % 9 + 1}.{n % 10} s")
