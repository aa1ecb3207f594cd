"""The Python that environments are built on: one that the accounts of the Airflows can run."""

import os
import sys
from pathlib import Path
from typing import Final

from services.deployments.drivers.protocol import StepFailed
from services.deployments.runner.versions import Version
from shared.servers.accounts import STRANGER, can_reach

_OLDEST: Final = 10
_FOLDERS: Final = (Path("/usr/local/bin"), Path("/usr/bin"))


def is_shared() -> bool:
    """Say whether other accounts than ours run what is installed: those of the Airflows, where we are root."""
    return os.geteuid() == 0


def interpreter(version: Version) -> str:
    """Return what uv builds on: our own interpreter if the version runs on it, else one that is found on this machine.

    Raises StepFailed where other accounts are to run it and can reach none: ours may be in root's own folder.
    """
    own = sys.version_info.minor
    if own < version.too_new and (not is_shared() or can_reach(STRANGER, Path(sys.executable))):
        return sys.executable
    if not is_shared():
        return f">=3.{_OLDEST},<3.{version.too_new}"
    for minor in sorted(range(_OLDEST, version.too_new), key=lambda each: (each != own, -each)):
        for path in (folder / f"python3.{minor}" for folder in _FOLDERS):
            if path.exists() and can_reach(STRANGER, path):
                return str(path)
    wanted = f"Python 3.{_OLDEST} to 3.{version.too_new - 1}"
    why = f"failed: no {wanted} in /usr/bin or /usr/local/bin; as root, Airflows run under accounts of their own, "
    raise StepFailed("find a python", why + f"which can't reach {sys.executable}", ())
