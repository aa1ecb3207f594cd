"""The accounts of Airflows where the runner is root: a number each, which the group of its folder records.

The folder of a deployment stays root's and only its account passes through; the account owns what its Airflow writes.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.servers.accounts import Account, is_unnamed, unnamed_account

_NAME: Final = "airflow"
_THROUGH: Final = 0o711
_ITS_OWN: Final = 0o710
_WRITTEN: Final = ("home", "tmp", "passwords.json")
"""What an account owns in the folder of its deployment."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of the deployments below `folder`."""

    folder: Path

    def of(self, name: str) -> Account | None:
        """Return the account of a deployment, recorded with its folder if it had none; None: we are not root."""
        if os.geteuid() != 0:
            return None
        place = self.folder / name
        if place.exists() and is_unnamed(number := place.stat().st_gid):
            return Account(name=_NAME, uid=number, gid=number)
        account = unnamed_account(_NAME, taken=owners_of(self.folder))
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(_THROUGH)
        _hand_over(place, account)
        os.chown(place, 0, account.gid)  # last: it says that the rest is done
        place.chmod(_ITS_OWN)
        return account


def owners_of(folder: Path) -> dict[int, str]:
    """Return the deployments below a folder by the numbers of their accounts; none where they have none."""
    if os.geteuid() != 0 or not folder.is_dir():
        return {}
    groups = {path.stat().st_gid: path.name for path in folder.iterdir()}
    return {number: name for number, name in groups.items() if is_unnamed(number)}


def give(path: Path, account: Account | None) -> None:
    """Have an account, if there is one, own a file or folder."""
    if account:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def open_to_all(tree: Path) -> None:
    """Have every account that reaches a tree read it and run its programs, and only its owner change it.

    The tree's own folder comes last.
    """
    for parent, folders, files in os.walk(tree, topdown=False):
        for name in (*files, *folders):
            path = Path(parent) / name
            if not path.is_symlink():
                path.chmod(0o755 if stat.S_IXUSR & path.stat().st_mode else 0o644)
    tree.chmod(0o755)


def _hand_over(place: Path, account: Account) -> None:
    """Give an account what an Airflow wrote as root before it had one; the DAG files stay ours, for all to read."""
    for name in _WRITTEN:
        for parent, folders, files in os.walk(place / name):
            for each in (*folders, *files):
                give(Path(parent) / each, account)
        if (place / name).exists():
            give(place / name, account)
    if (bundles := place / "bundles").exists():
        open_to_all(bundles)
