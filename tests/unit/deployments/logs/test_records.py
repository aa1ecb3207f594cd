"""Lines of real Airflows as records: their level, time, logger and task, and which lines belong together."""

from datetime import UTC, datetime

import pytest

from services.deployments.logs.parsing import NO_TASK, Form, Head, TaskIds
from services.deployments.logs.records import LONGEST_LINE, MOST_BYTES, MOST_LINES, Assembler

RUN = "scheduled__2026-01-01T00:00:00+00:00"
OF_A_TASK = (
    b'{"timestamp":"2026-11-30T20:48:11.878053Z","level":"error","event":"Task failed with exception","try_number":1,'
    b'"ti_id":"01a22e36-f601-7af6-9452-a23e834bd4da","task_id":"fail","map_index":-1,'
    b'"run_id":"scheduled__2026-01-01T00:00:00+00:00","dag_id":"broken","logger":"task","filename":"task_runner.py",'
    b'"lineno":1676,"error_detail":[{"exc_type":"ValueError","exc_value":"the task raises\\nover two lines",'
    b'"exc_notes":["a note"],"syntax_error":null,"is_cause":false,"frames":[{"filename":"/x/task_runner.py",'
    b'"lineno":1579,"name":"run"},{"filename":"/dags/broken.py","lineno":20,"name":"fail"}],"is_group":false,'
    b'"exceptions":[]},{"exc_type":"KeyError","exc_value":"\'missing\'","exc_notes":[],"syntax_error":null,'
    b'"is_cause":true,"frames":[{"filename":"/dags/broken.py","lineno":17,"name":"fail"}],"is_group":false,'
    b'"exceptions":[]}]}'
)
ITS_TEXT = """Task failed with exception
Traceback (most recent call last):
  File "/dags/broken.py", line 17, in fail
KeyError: 'missing'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/x/task_runner.py", line 1579, in run
  File "/dags/broken.py", line 20, in fail
ValueError: the task raises
over two lines
a note"""

FINISHED = (
    b'{"timestamp":"2026-11-30T20:48:11.804395Z","level":"info","event":"request finished","method":"PATCH",'
    b'"path":"/run","query":"","status_code":200,"client_addr":null,"logger":"http.access",'
    b'"filename":"http_access_log.py","lineno":130}'
)
STARTED = (
    b"2026-11-30T20:48:56.033207Z [info     ] Task started                   "
    b"[airflow.api_fastapi.execution_api.routes.task_instances] hostname=vm loc=task_instances.py:199 "
    b"previous_state=queued"
)
TRACEBACK = b"""Traceback (most recent call last):
  File "/dags/broken.py", line 17, in fail
    {}["missing"]
    ~~^^^^^^^^^^^
KeyError: 'missing'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/dags/broken.py", line 20, in fail
    raise ValueError("the task raises\\nover two lines") from error
ValueError: the task raises
over two lines"""


def records(written: bytes) -> list[Head]:
    """Return what is made of some lines."""
    assembler = Assembler()
    done = [record for line in written.split(b"\n") for record in assembler.take(line)]
    return [*done, *assembler.close()]


def utc(*parts: int) -> datetime:
    return datetime(2026, *parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # the date comes first


@pytest.mark.parametrize(
    ("line", "level", "time", "logger", "message"),
    [
        (  # 3.3.2
            FINISHED,
            "INFO",
            utc(11, 30, 20, 48, 11, 804395),
            "http.access",
            "request finished method=PATCH path=/run query='' status_code=200",
        ),
        (  # 3.1.8
            STARTED,
            "INFO",
            utc(11, 30, 20, 48, 56, 33207),
            "airflow.api_fastapi.execution_api.routes.task_instances",
            "Task started hostname=vm previous_state=queued",
        ),
        (b"2026-11-21 23:46:23 [warning  ] of no zone", "WARNING", utc(11, 21, 23, 46, 23), None, "of no zone"),
        (  # 2.11.2
            b"[2026-11-30T20:50:54.646+0000] {override.py:1983} INFO - Added Permission",
            "INFO",
            utc(11, 30, 20, 50, 54, 646000),
            None,
            "Added Permission",
        ),
        (  # the worker of 2.11.2
            b"[2026-11-30 20:52:20,690: INFO/MainProcess] celery@vm ready.",
            "INFO",
            utc(11, 30, 20, 52, 20, 690000),
            None,
            "celery@vm ready.",
        ),
        (  # the web server of 2.11.2
            b"[2026-11-30 20:49:37 +0000] [13697] [INFO] Booting worker with pid: 12",
            "INFO",
            utc(11, 30, 20, 49, 37),
            None,
            "Booting worker with pid: 12",
        ),
        (
            b'127.0.0.1 - - [30/Nov/2026:22:49:37 +0200] "GET /health HTTP/1.1" 200 141 "-" "-"',
            "INFO",
            utc(11, 30, 20, 49, 37),
            None,
            '127.0.0.1 - - [30/Nov/2026:22:49:37 +0200] "GET /health HTTP/1.1" 200 141 "-" "-"',
        ),
        (b"INFO:     Application startup complete.", "INFO", None, None, "Application startup complete."),
        (b"WARNING:root:by default", "WARNING", None, "root", "by default"),
        (b"/x/platforms.py:811 BadWarning: no", "WARNING", None, None, "/x/platforms.py:811 BadWarning: no"),
        (b"\x1b[2m2026-11-21T23:16:05Z\x1b[0m [\x1b[32minfo \x1b[0m] hi", "INFO", utc(11, 21, 23, 16, 5), None, "hi"),
        (b'{"level": "loud", "event": "x"}', None, None, None, "x"),
        (b'{"event": "a \\u001b[31mred\\u001b[0m\\u0000 one"}', None, None, None, "a red one"),
        (b'{"event": 1}', None, None, None, '{"event": 1}'),
        (b"{not json", None, None, None, "{not json"),
        (b"[" * 5_000, None, None, None, "[" * 5_000),
        (b"2026-99-99T23:16:05Z [info     ] no such day", "INFO", None, None, "no such day"),
        (b"plain text \r", None, None, None, "plain text"),
        (b"\xff\xfe", None, None, None, "\ufffd\ufffd"),
    ],
)
def test_a_line_tells_its_level_time_and_logger(
    line: bytes, level: str | None, time: datetime | None, logger: str | None, message: str
) -> None:
    (found,) = records(line)
    assert (found.level, found.time, found.logger, found.message) == (level, time, logger, message)


def test_what_a_task_raises_is_one_record_with_its_task() -> None:
    (found,) = records(OF_A_TASK)
    assert found.message == ITS_TEXT
    assert (found.level, found.logger) == ("ERROR", "task")
    assert found.task == TaskIds(dag_id="broken", task_id="fail", run_id=RUN, try_number=1)


def test_a_mapped_task_of_structlogs_text_is_named() -> None:
    line = f"2026-11-30T20:48:11Z [error    ] No [task] dag_id='a b' map_index=0 run_id={RUN} task_id=c try_number=2"
    (found,) = records(line.encode())
    assert found.task == TaskIds(dag_id="a b", task_id="c", run_id=RUN, try_number=2, map_index=0)


@pytest.mark.parametrize(
    "head",
    [
        b"[2026-11-30T20:50:56.200+0000] {taskinstance.py:3337} ERROR - Task failed with exception\n",
        b"2026-11-30T20:50:56.200000Z [error    ] Task failed with exception [task] loc=task_runner.py:1186\n",
        b"[2026-11-30 20:50:56,200: ERROR/MainProcess] Task failed with exception\n",
        b"ERROR:    Task failed with exception\n",
    ],
)
def test_a_chained_traceback_belongs_to_the_line_before_it(head: bytes) -> None:
    found, next_ = records(head + TRACEBACK + b"\n" + head.replace(b"Task", b"Next"))
    assert found.message == f"Task failed with exception\n{TRACEBACK.decode()}"
    assert (found.level, next_.message) == ("ERROR", "Next failed with exception")


@pytest.mark.parametrize("first", [b"", b"Process SyncManager-1:\n", b"Exception in thread Thread-1 (run):\n"])
@pytest.mark.parametrize(
    "before",
    [
        b'{"event": "fine", "level": "error"}\n',
        b"[2026-11-30T20:49:36.864+0000] {scheduler_job_runner.py:966} INFO - fine\n",
        b"fine\n",
    ],
)
def test_a_traceback_for_itself_is_one_record_and_an_error(first: bytes, before: bytes) -> None:
    fine, found = records(before + first + TRACEBACK)
    assert fine.message == "fine"
    assert (found.level, found.message) == ("ERROR", (first + TRACEBACK).decode())


def test_a_group_of_exceptions_is_one_record() -> None:
    text = b"  + Exception Group Traceback (most recent call last):\n  |   File\n  | ExceptionGroup: two\n  +-+-----"
    (found,) = records(text)
    assert (found.level, found.message) == ("ERROR", text.decode())


def test_the_lines_of_an_event_belong_together() -> None:
    text = b"""2026-11-30T20:48:47.360604Z [info     ] Running the uvicorn with:
Apps: all
===== [airflow.cli.commands.api_server_command] loc=api_server_command.py:54
2026-11-30T20:48:50.566995Z [info     ] 1 tasks up for execution:
\t<TaskInstance: broken.fail [scheduled]> [airflow.jobs] loc=scheduler_job_runner.py:448"""
    first, second = records(text)
    assert (first.message, first.logger) == (
        "Running the uvicorn with:\nApps: all\n=====",
        "airflow.cli.commands.api_server_command",
    )
    assert second.message == "1 tasks up for execution:\n\t<TaskInstance: broken.fail [scheduled]>"


def test_plain_lines_are_a_record_each_but_for_indented_ones() -> None:
    assert [each.message for each in records(b"one\ntwo\n  of two\nthree")] == ["one", "two\n  of two", "three"]


def test_a_record_is_bounded_and_nothing_of_it_is_lost() -> None:
    lines = [b"line %d of it" % n for n in range(2 * MOST_LINES + 10)]
    found = records(b"[2026-11-30T20:49:36.864+0000] {a.py:1} ERROR - begin\n" + b"\n".join(lines))
    assert "\n".join(each.message for each in found) == "begin\n" + b"\n".join(lines).decode()
    assert {each.level for each in found} == {"ERROR"}
    assert max(each.message.count("\n") for each in found) < MOST_LINES
    for text in ("x" * 60_000, "ü" * 30_000):
        for line in (text, f'{{"event": "{text}"}}', f"[2026-11-30T20:49:36.864+0000] {{a.py:1}} INFO - {text}"):
            found = records(line.encode())
            assert "".join(each.message for each in found).replace("\n", "") == text
            assert max(len(each.message.encode()) for each in found) <= MOST_BYTES
    assert sum(len(each.message) for each in records(b"x" * 100_000)) == LONGEST_LINE


@pytest.mark.parametrize(
    "told",
    [
        b"1",
        b'"text"',
        b"[1]",
        b'[{"frames": 1}]',
        b'[{"frames": [1, {}]}]',
        b'[{"exceptions": [[]], "exc_notes": 3}]',
        b"{}",
    ],
)
def test_exceptions_of_any_form_are_taken(told: bytes) -> None:
    (found,) = records(
        b'{"event": "x", "error_detail": ' + told + b', "exception": 1, "task_id": 7, "try_number": true}'
    )
    assert found.message.startswith("x")
    assert (found.form, found.task) == (Form.WHOLE, TaskIds())
    assert records(b"{}")[0].task is NO_TASK
