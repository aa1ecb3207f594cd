"""The shim before every child process: lock, account, end with the parent, then exec.

It is run by path with `python -I -S` and so imports the standard library only. Everything it sets
survives the exec: the lock (an open descriptor), the account, the folder and the death signal.
"""

import argparse
import ctypes
import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
EXIT_NO_PARENT = 3
EXIT_NO_PROGRAM = 127


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="launch", description=__doc__)
    parser.add_argument("--parent", default="", help="pid that must be the parent, or @FILE that holds it")
    parser.add_argument("--death-signal", default="KILL", help="what this process gets when its parent ends")
    parser.add_argument("--lock", help="file locked for as long as the program or a child of it lives")
    parser.add_argument("--stale", action="append", default=[], help="file removed once the lock is held")
    parser.add_argument("--pace", type=float, default=0.0, help="seconds between two starts, at least")
    parser.add_argument("--account", default="", help="UID:GID to become")
    parser.add_argument("--folder", default="", help="working folder")
    parser.add_argument("--environment", help="JSON file with the program's whole environment; default: ours")
    parser.add_argument("program", nargs="+")
    return parser.parse_args()


def _lock(path: str, *, pace_s: float) -> None:
    """Wait until the last owner of `path` is gone; its time stamp says when the program last started."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.set_inheritable(descriptor, True)
    started = os.fstat(descriptor)
    since_s = time.time() - started.st_mtime
    if started.st_size and 0 <= since_s < pace_s:
        time.sleep(pace_s - since_s)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())


def _environment(path: str | None) -> dict[str, str]:
    if path is None:
        return dict(os.environ)
    environment: dict[str, str] = json.loads(Path(path).read_text(encoding="utf-8"))
    return environment


def _become(account: str) -> None:
    uid, gid = (int(part) for part in account.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    os.umask(0o077)


def _end_with_parent(number: int, parent: str) -> None:
    """Ask the kernel for `number` at the parent's end; end now if that was before the question.

    Must follow the change of account, which clears the request.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if parent and os.getppid() != int(parent):
        sys.exit(EXIT_NO_PARENT)


def main() -> None:
    """Prepare this process as told and become the program."""
    arguments = _arguments()
    parent = arguments.parent
    if parent.startswith("@"):
        parent = Path(parent[1:]).read_text(encoding="ascii").strip()
    number = signal.Signals[f"SIG{arguments.death_signal}"]
    _end_with_parent(number, parent)  # also while it waits for the lock
    if arguments.lock:
        _lock(arguments.lock, pace_s=arguments.pace)
    for stale in arguments.stale:
        Path(stale).unlink(missing_ok=True)
    environment = _environment(arguments.environment)
    if arguments.folder:
        os.chdir(arguments.folder)
    if arguments.account:
        _become(arguments.account)
    _end_with_parent(number, parent)
    try:
        os.execve(arguments.program[0], arguments.program, environment)
    except OSError as error:
        print(f"launch: {arguments.program[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(EXIT_NO_PROGRAM)


if __name__ == "__main__":
    main()
