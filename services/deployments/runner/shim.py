"""The process around one component: whatever the component starts ends with it, with us, or with who started us.

Run by path with `python -I -S`, so it imports the standard library only:
`shim.py PARENT GRACE_S FOLDER ACCOUNT -- PROGRAM ARGUMENT...`. SIGTERM asks the component to end and kills what is left
after GRACE_S seconds; the parent's end kills all at once. ACCOUNT is UID:GID of the component, or empty: ours; we stay
what we are, so that the component can't end us. Its environment comes by our input, each `NAME=value` with a NUL behind
it, and a NUL at the end: by ours it could have the linker load code into us (LD_PRELOAD). The kernel gives us every
orphan below us (PR_SET_CHILD_SUBREAPER), so a descendant that left its session or process group is found too. Exits
with the component's status, 128 + n for signal n. Source: prctl(2), Linux only.
"""

import contextlib
import ctypes
import os
import signal
import stat
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
EXIT_NO_PARENT = 3
EXIT_LEFT = 125
EXIT_NO_PROGRAM = 127

PARENT_ENDED = signal.SIGUSR1
WATCHED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, PARENT_ENDED)
KILL_WITHIN_S = 10.0  # a process in an uninterruptible call ends when the kernel lets it
LOOK_AGAIN_S = 0.02


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")


def _end_with(parent: int, number: int) -> None:
    """Ask the kernel for `number` at the parent's end; end now if that was before the question."""
    _prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os._exit(EXIT_NO_PARENT)


def _environment() -> dict[bytes, bytes]:
    """Read the component's environment and leave nothing to read for it; end if who writes it has ended."""
    told = b""
    while part := os.read(0, 65536):
        told += part
    if told != b"\0" and not told.endswith(b"\0\0"):
        os._exit(EXIT_NO_PARENT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return dict(entry.split(b"=", 1) for entry in told[:-1].split(b"\0") if entry)


def _become(account: str) -> None:
    """Give up root for good: no groups, no files that others may read, no program that would raise us again."""
    uid, gid = (int(number) for number in account.split(":"))
    if stat.S_ISFIFO(os.fstat(1).st_mode):
        os.fchown(1, uid, gid)  # so that it may open /dev/stdout
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    os.umask(0o077)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)


def _start(program: list[str], environment: dict[bytes, bytes], folder: str, account: str) -> int:
    ours = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        if account:
            _become(account)  # which forgets the request of the next line
        _end_with(ours, signal.SIGKILL)
        os.setsid()
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.chdir(folder)
        os.execve(program[0], program, environment)
    except OSError as error:
        os.write(2, f"shim: {program[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(EXIT_NO_PROGRAM)


def _parents() -> dict[int, int]:
    """Return the parent of every process of this machine."""
    found: dict[int, int] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 -- pathlib would double our memory
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:  # noqa: PTH123
                found[int(name)] = int(stat.read().rpartition(b")")[2].split()[1])
    return found


def _descendants() -> set[int]:
    parents, ours = _parents(), os.getpid()
    below = {ours}
    while more := {pid for pid, parent in parents.items() if parent in below and pid not in below}:
        below |= more
    return below - {ours}


def _signal(pids: set[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _reap() -> dict[int, int] | None:
    """Take the status of everything that has ended; None: nothing is left below us."""
    ended: dict[int, int] = {}
    try:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return ended
            ended[pid] = status
    except ChildProcessError:
        return ended or None


def _kill_all(statuses: dict[int, int]) -> bool:
    """Kill everything below us; False if something outlives that."""
    end = time.monotonic() + KILL_WITHIN_S
    while time.monotonic() < end:
        found = _descendants()
        _signal(found, signal.SIGSTOP)  # so that none forks while the others are killed
        _signal(found, signal.SIGKILL)
        ended = _reap()
        if ended is None:
            return True
        statuses.update(ended)
        signal.sigtimedwait([signal.SIGCHLD], LOOK_AGAIN_S)
    return False


def _wait(component: int, grace_s: float, statuses: dict[int, int]) -> None:
    """Return when all below us is to be killed: the component has ended, or the parent, or the grace is over."""
    kill_at: float | None = None
    while component not in statuses:
        left_s = 3600.0 if kill_at is None else kill_at - time.monotonic()
        if left_s <= 0:
            return
        got = signal.sigtimedwait(WATCHED, left_s)
        if got is None:
            continue
        if got.si_signo == PARENT_ENDED:
            return
        if got.si_signo == signal.SIGCHLD:
            statuses.update(_reap() or {})
        elif kill_at is None:
            kill_at = time.monotonic() + grace_s
            _signal({component}, signal.SIGTERM)


def main() -> None:
    """Run the component until it ends, or is to end, and leave nothing of it."""
    parent, grace_s, folder, account, _, *program = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    _end_with(int(parent), PARENT_ENDED)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    component = _start(program, _environment(), folder, account)
    statuses: dict[int, int] = {}
    _wait(component, float(grace_s), statuses)
    if not _kill_all(statuses):
        os.write(2, b"shim: a process of the component could not be ended\n")
        sys.exit(EXIT_LEFT)
    code = os.waitstatus_to_exitcode(statuses[component])
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
