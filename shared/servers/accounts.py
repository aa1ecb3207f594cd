"""The accounts that servers and foreign code run under when we are root, and what they can reach."""

import grp
import os
import pwd
import secrets
import stat
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from shared.errors import Unavailable

# Looked for in this order. `nobody` stands in the account file of every Linux, container image and
# macOS; Postgres refuses root and also a uid without a name.
CANDIDATES = ("nobody", "daemon", "postgres")
SYSTEM_FOLDER = Path("/var/lib/aerodrome")

# Numbers for accounts without an entry, which no distribution gives out. Source: systemd's "Users, Groups, UIDs and
# GIDs". The first range is so large that two installations on a machine don't meet; a container may not map it.
NUMBERS = (range(1_879_048_192, 2_147_483_648), range(60_706, 61_184))
TRIES = 10_000
MAPPED = Path("/proc/self/uid_map")


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account of this machine that a child process may run under."""

    name: str
    uid: int
    gid: int


def server_account(folder: Path) -> Account | None:
    """Return the account for a server whose data are in `folder`; None: the own one will do.

    A folder that exists keeps its owner's account.
    """
    if os.geteuid() != 0:
        return None
    if folder.exists() and (owner := folder.stat().st_uid) != 0:
        return _account(_entry_of(owner, folder))
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return _account(entry)
    raise Unavailable(f"root needs an unprivileged account for postgres; none of {', '.join(CANDIDATES)} exists")


def _entry_of(uid: int, folder: Path) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError as error:
        raise Unavailable(f"{folder} belongs to uid {uid}, which has no account; postgres needs one") from error


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def unnamed_account(name: str, *, taken: Container[int]) -> Account:
    """Return an account that has no entry, and whose number is neither of this machine's accounts nor `taken`."""
    numbers = _numbers()
    for _ in range(TRIES):
        number = secrets.choice(numbers)
        if number not in taken and not _is_entered(number):
            return Account(name=name, uid=number, gid=number)
    raise Unavailable(f"no number for another account is free among {numbers[0]} to {numbers[-1]}")


def is_unnamed(number: int) -> bool:
    """Say whether a number is one that `unnamed_account` gives out."""
    return any(number in numbers for numbers in NUMBERS)


STRANGER = Account(name="stranger", uid=NUMBERS[1][0], gid=NUMBERS[1][0])
"""An account that owns nothing: what it can reach, each can."""


def _numbers() -> range:
    """Return the first range of which this process may become every number."""
    try:
        lines = [[int(word) for word in line.split()] for line in MAPPED.read_text(encoding="ascii").splitlines()]
    except FileNotFoundError:  # not Linux
        return NUMBERS[1]
    for numbers in NUMBERS:
        if any(first <= numbers[0] and numbers[-1] < first + count for first, _, count in lines):
            return numbers
    raise Unavailable("this container maps no numbers for other accounts; run it as another user than root")


def _is_entered(number: int) -> bool:
    for find in (pwd.getpwuid, grp.getgrgid):
        try:
            find(number)
        except KeyError:
            continue
        return True
    return False


def system_folder() -> Path:
    """Return, made if need be, where lies what other accounts have to reach when our own folder is closed to them."""
    if not SYSTEM_FOLDER.exists():
        SYSTEM_FOLDER.mkdir(parents=True)
        SYSTEM_FOLDER.chmod(0o755)  # whatever our umask
    return SYSTEM_FOLDER


def can_reach(account: Account | None, path: Path) -> bool:
    """Return whether `account` may pass through every folder down to `path` and into it."""
    if account is None:
        return True
    resolved = path.resolve()
    return all(_may_enter(account, folder) for folder in (resolved, *resolved.parents))


def _may_enter(account: Account, path: Path) -> bool:
    found = path.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
