"""Processes of Airflows that an earlier runner of this folder may have left."""

import asyncio
import logging
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import psutil

from services.deployments.contract import DeploymentId
from services.deployments.runner.accounts import owners_of
from services.deployments.runner.processes import MARK
from shared.errors import Unavailable

log = logging.getLogger(__name__)

_PATIENCE_S: Final = 20.0
_LOOK_S: Final = 0.1


def mark_of(folder: Path, deployment_id: str) -> str:
    """Return what every process of a deployment carries in its environment."""
    return f"{folder}:{deployment_id}"


def marked(folder: Path, deployment_id: str = "") -> dict[int, DeploymentId]:
    """Return the processes of this folder's deployments, or of one, by their ids.

    Whose account it is tells of a process, and else its mark, which it can change.
    """
    owners = owners_of(folder)
    found: dict[int, DeploymentId] = {}
    for process in psutil.process_iter():
        id_ = _owner(process, owners) or _marked_for(process, folder)
        if id_ and deployment_id in {"", id_}:
            found[process.pid] = DeploymentId(id_)
    return found


async def end_marked(folder: Path, deployment_id: str = "") -> Collection[int]:
    """Kill the processes of this folder's deployments, or of one, and return their ids when they are gone.

    Raises Unavailable when one outlives that for 20 s.
    """
    killed: set[int] = set()
    for _ in range(int(_PATIENCE_S / _LOOK_S)):
        found = await asyncio.to_thread(marked, folder, deployment_id)
        if not found:
            return killed
        killed |= found.keys()
        for pid in found:
            _kill(pid)
        await asyncio.sleep(_LOOK_S)
    raise Unavailable(f"processes {sorted(killed)} of a deployment can't be ended")


def end_orphans(mark: str) -> None:
    """Kill what a component has left whose shim was killed: marked, and below no process of ours or of its Airflow."""
    while True:
        found = {each.pid: each.ppid() for each in psutil.process_iter() if _mark(each) == mark}
        orphans = [pid for pid, parent in found.items() if parent not in found and parent != os.getpid()]
        if not orphans:
            return
        for pid in orphans:  # whose children are the next orphans
            _kill(pid)
        psutil.wait_procs([psutil.Process(pid) for pid in orphans if psutil.pid_exists(pid)], timeout=_LOOK_S)


def _owner(process: psutil.Process, owners: Mapping[int, str]) -> str:
    try:
        return owners.get(process.uids().real, "") if owners else ""
    except psutil.Error:
        return ""


def _marked_for(process: psutil.Process, folder: Path) -> str:
    before, name = mark_of(folder, ""), _mark(process)
    id_ = name.removeprefix(before)
    return id_ if name.startswith(before) and id_.isalnum() else ""


def _mark(process: psutil.Process) -> str:
    try:
        return process.environ().get(MARK, "")
    except (psutil.Error, OSError):
        return ""


def _kill(pid: int) -> None:
    try:
        psutil.Process(pid).kill()
    except psutil.NoSuchProcess:
        return
    log.warning("process of an airflow was left and is killed", extra={"pid": pid})
