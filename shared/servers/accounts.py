"""The account that Postgres runs under when we are root, and what that account can reach."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from shared.errors import Unavailable

# Looked for in this order. `nobody` stands in the account file of every Linux, container image and
# macOS; Postgres refuses root and also a uid without a name.
CANDIDATES = ("nobody", "daemon", "postgres")


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
