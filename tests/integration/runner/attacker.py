"""What DAG code may try; run in the place of Airflow's command line, it ends with 1 and says what it could do.

`ATTACK` is a JSON object of lists: `read` and `write` paths, `signal` ids of processes. Standard library only.
"""

import getpass
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__)


def could(act: Callable[[], object]) -> bool:
    """Say whether something can be done."""
    try:
        act()
    except OSError:
        return False
    return True


def read(path: Path) -> object:
    """Read a file or list a folder."""
    return list(path.iterdir()) if path.is_dir() else path.read_bytes()


def write(path: Path) -> None:
    """Write into a file or a folder."""
    if path.is_dir():
        (path / "attacked").touch()
    else:
        with path.open("r+b"):
            pass


def attacks(told: dict[str, list[Any]]) -> dict[str, Callable[[], object]]:
    """Return what must fail, by what it is."""
    found: dict[str, Callable[[], object]] = {
        "become root": partial(os.setuid, 0),
        "take groups": partial(os.setgroups, [0]),
    }
    for path in map(Path, told["read"]):
        found[f"read {path}"] = partial(read, path)
        found[f"link to {path}"] = partial(os.link, path, Path.home() / path.name)
        found[f"open {path}"] = partial(path.chmod, 0o777)
    for path in map(Path, told["write"]):
        found[f"write {path}"] = partial(write, path)
    for pid in told["signal"]:
        found[f"signal {pid}"] = partial(os.kill, pid, 0)
        for name in ("environ", "mem", "maps", "fd", "cwd", "root"):
            found[f"read {name} of {pid}"] = partial(read, Path(f"/proc/{pid}/{name}"))
    return found


def succeeded() -> list[str]:
    """Try everything and return what could be done."""
    return [f"could {name}" for name, act in attacks(json.loads(os.environ["ATTACK"])).items() if could(act)]


def needs() -> dict[str, bool]:
    """Return what must hold, by what it is."""
    written = Path.home() / "written"
    written.touch()
    status = Path("/proc/self/status").read_text(encoding="ascii").split("\n")
    return {
        "has a home": Path.home() == Path(os.environ["AIRFLOW_HOME"]) == Path.cwd(),
        "has a name": getpass.getuser() == "airflow",
        "has a folder for the time": could(lambda: write(Path(os.environ["TMPDIR"]))),
        "may write its passwords": could(
            lambda: write(Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]))
        ),
        "may read its DAGs": could(lambda: read(Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]))),
        "may open its output": could(lambda: Path("/dev/stdout").open("w", encoding="utf-8").close()),
        "writes for itself alone": written.stat().st_mode & 0o077 == 0,
        "is in no group but its own": set(os.getgroups()) <= {os.getgid()},
        "is raised by no program": "NoNewPrivs:\t1" in status,
    }


def main() -> int:
    """Try everything, and whether what an Airflow needs is there."""
    wrong = succeeded() + [f"not so: {name}" for name, holds in needs().items() if not holds]
    print("\n".join(wrong), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
