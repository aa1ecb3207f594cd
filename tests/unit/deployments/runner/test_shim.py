"""The shim ends whatever a component has started, however that tried to get away."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from services.deployments.runner import shim
from services.deployments.runner.processes import told_environment
from tests.unit.deployments.runner.trees import all_gone, pids_in, wait_until

MIB = 1 << 20
STUBBORN = """
    import os, pathlib, signal, sys, time
    def escape(name, leave):
        if os.fork() == 0:
            leave()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if os.fork() == 0:  # an orphan at once: its parent ends
                pathlib.Path(f"{name}.new").write_text(str(os.getpid()))
                os.rename(f"{name}.new", f"{name}.pid")
                time.sleep(3600)
            os._exit(0)
    escape("session", os.setsid)
    escape("group", lambda: os.setpgid(0, 0))
    escape("plain", lambda: None)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in sys.argv else signal.SIG_DFL)
    pathlib.Path("main.new").write_text(str(os.getpid()))
    os.rename("main.new", "main.pid")
    while True:
        os.wait() if "reaps" in sys.argv else time.sleep(3600)
"""


@pytest.fixture
def stubborn(tmp_path: Path) -> Path:
    """A program whose three children leave session, group and parent, and hear no SIGTERM."""
    path = tmp_path / "stubborn.py"
    path.write_text(textwrap.dedent(STUBBORN), encoding="utf-8")
    return path


def words(folder: Path, *program: str, parent: int | str = os.getpid(), grace_s: float = 30) -> list[str]:
    return [sys.executable, "-I", "-S", shim.__file__, str(parent), str(grace_s), str(folder), "", "--", *program]


def start(command: list[str], environment: Mapping[str, str] = os.environ) -> "subprocess.Popen[bytes]":
    """Start a shim and tell it the environment of its component."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert process.stdin
    process.stdin.write(told_environment(environment))
    process.stdin.close()
    process.stdin = None
    return process


def run(command: list[str], environment: Mapping[str, str] = os.environ) -> "subprocess.CompletedProcess[bytes]":
    """Run a shim to its end."""
    return subprocess.run(command, input=told_environment(environment), capture_output=True, check=False)


@pytest.fixture
def shims() -> Iterator[list[subprocess.Popen[bytes]]]:
    """The shims of a test; none outlives it."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for each in started:
        each.terminate()  # a killed shim leaves orphans
        each.wait()


def test_a_shim_exits_with_the_status_of_its_component(tmp_path: Path) -> None:
    assert run(words(tmp_path, "/bin/sh", "-c", "exit 7")).returncode == 7
    assert run(words(tmp_path, "/bin/sh", "-c", "kill -9 $$")).returncode == 128 + 9


def test_a_component_works_in_its_folder_and_a_missing_one_is_told(tmp_path: Path) -> None:
    shown = run(words(tmp_path, "/bin/pwd")).stdout
    assert Path(shown.decode().strip()).samefile(tmp_path)

    missing = run(words(tmp_path, "/no/program"))
    assert missing.returncode == shim.EXIT_NO_PROGRAM
    assert b"/no/program: No such file" in missing.stderr


def test_what_a_component_is_told_reaches_the_component_alone(tmp_path: Path) -> None:
    words_of_both = "tr '\\0' '\\n' < /proc/$PPID/environ; echo $GREETING; cat"
    done = run(words(tmp_path, "/bin/sh", "-c", words_of_both), {"GREETING": "hello", "LD_PRELOAD": "/no/library.so"})

    told = done.stdout.decode().splitlines()
    assert told[-1] == "hello"
    assert not [line for line in told[:-1] if line.startswith(("GREETING", "LD_PRELOAD"))]


def test_a_shim_whose_starter_ends_while_it_tells_the_environment_starts_nothing(tmp_path: Path) -> None:
    told = told_environment({"ONE": "1"})
    for half in range(len(told)):
        done = subprocess.run(words(tmp_path, "/bin/touch", "started"), input=told[:half], check=False)
        assert done.returncode == shim.EXIT_NO_PARENT
    assert not (tmp_path / "started").exists()


def test_nothing_outlives_a_component_that_is_asked_to_end(
    tmp_path: Path, stubborn: Path, shims: list[subprocess.Popen[bytes]]
) -> None:
    shims.append(start(words(tmp_path, sys.executable, str(stubborn))))
    pids = pids_in(tmp_path, count=4)

    shims[0].terminate()

    assert shims[0].wait() == 128 + signal.SIGTERM
    assert all_gone(pids)


def test_nothing_outlives_a_component_that_crashes(
    tmp_path: Path, stubborn: Path, shims: list[subprocess.Popen[bytes]]
) -> None:
    shims.append(start(words(tmp_path, sys.executable, str(stubborn))))
    pids = pids_in(tmp_path, count=4)

    os.kill(int((tmp_path / "main.pid").read_text(encoding="ascii")), signal.SIGKILL)

    assert shims[0].wait() == 128 + signal.SIGKILL
    assert all_gone(pids)


def test_a_component_that_hears_no_signal_is_killed_after_the_grace(
    tmp_path: Path, stubborn: Path, shims: list[subprocess.Popen[bytes]]
) -> None:
    shims.append(start(words(tmp_path, sys.executable, str(stubborn), "deaf", grace_s=0.2)))
    pids = pids_in(tmp_path, count=4)

    shims[0].terminate()

    assert shims[0].wait() == 128 + signal.SIGKILL
    assert all_gone(pids)


def test_nothing_outlives_the_kill_of_who_started_the_shim(
    tmp_path: Path, stubborn: Path, shims: list[subprocess.Popen[bytes]]
) -> None:
    starter = "import os, subprocess, sys; subprocess.run([*sys.argv[1:5], str(os.getpid()), *sys.argv[6:]])"
    command = words(tmp_path, sys.executable, str(stubborn), "deaf")
    shims.append(start([sys.executable, "-c", starter, *command]))
    pids = pids_in(tmp_path, count=4)
    pids += [each.pid for each in psutil.Process(shims[0].pid).children()]

    shims[0].kill()

    wait_until(lambda: all_gone(pids))


def test_a_shim_whose_starter_is_gone_starts_nothing(tmp_path: Path) -> None:
    done = run(words(tmp_path, "/bin/touch", "started", parent=1))

    assert done.returncode == shim.EXIT_NO_PARENT
    assert not (tmp_path / "started").exists()


def test_a_component_ends_with_a_killed_shim(
    tmp_path: Path, stubborn: Path, shims: list[subprocess.Popen[bytes]]
) -> None:
    shims.append(start(words(tmp_path, sys.executable, str(stubborn))))
    pids = pids_in(tmp_path, count=4)
    component = int((tmp_path / "main.pid").read_text(encoding="ascii"))

    shims[0].kill()

    wait_until(lambda: all_gone([component]))  # its orphans are what the runner's sweep is for
    for pid in pids:
        if pid != component:
            os.kill(pid, signal.SIGKILL)


def test_a_shim_is_small(tmp_path: Path, stubborn: Path, shims: list[subprocess.Popen[bytes]]) -> None:
    shims.append(start(words(tmp_path, sys.executable, str(stubborn))))
    pids_in(tmp_path, count=4)

    memory = psutil.Process(shims[0].pid).memory_info().rss / MIB
    print(f"a shim takes {memory:.1f} MiB")

    assert memory <= 12
