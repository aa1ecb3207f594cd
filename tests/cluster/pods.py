"""What becomes of pods, and what they write."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Fate(Enum):
    """What a pod is, or becomes when it is made."""

    READY = "ready"
    SLOW = "slow"
    CRASHES = "crashes"
    NO_IMAGE = "no image"
    NO_NODE = "no node"
    SUCCEEDED = "succeeded"


def fated(pod: dict[str, Any], fate: Fate) -> dict[str, Any]:
    """Return the pod as its fate has it."""
    name = pod["metadata"]["labels"]["component"]
    phase, ready = "Running", False
    state: dict[str, Any] = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    last: dict[str, Any] = {}
    conditions: list[dict[str, str]] = []
    match fate:
        case Fate.READY:
            ready = True
        case Fate.SLOW:
            phase, state = "Pending", {"waiting": {"reason": "ContainerCreating"}}
        case Fate.CRASHES:
            state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting"}}
            last = {"terminated": {"exitCode": 1, "reason": "Error"}}
        case Fate.NO_IMAGE:
            phase = "Pending"
            state = {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "no/such:1"'}}
        case Fate.NO_NODE:
            phase, state = "Pending", {}
            reason = {"reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient memory."}
            conditions = [{"type": "PodScheduled", "status": "False", **reason}]
        case Fate.SUCCEEDED:
            phase, state = "Succeeded", {"terminated": {"exitCode": 0, "reason": "Completed"}}
    container = {"name": name, "ready": ready, "restartCount": 3 if last else 0, "state": state, "lastState": last}
    conditions.append({"type": "Ready", "status": str(ready)})
    statuses = [container] if state else []
    return {**pod, "status": {"phase": phase, "conditions": conditions, "containerStatuses": statuses}}


@dataclass(slots=True)
class PodLog:
    """The lines of one pod with their times."""

    _lines: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)
    followers: int = 0
    ended: bool = False

    async def add(self, time: str, line: str) -> None:
        """Write a line."""
        async with self._more:
            self._lines.append((time, line))
            self._more.notify_all()

    async def end(self) -> None:
        """Have every answer end, as a restarted API server does."""
        async with self._more:
            self.ended = True
            self._more.notify_all()

    async def lines(self, query: Mapping[str, str]) -> AsyncGenerator[str]:
        """Yield lines as the query wants them."""
        self.ended = False
        since = query.get("sinceTime", "")[:19]
        told = max(0, len(self._lines) - int(query["tailLines"])) if "tailLines" in query else 0
        self.followers += 1
        try:
            while True:
                for time, line in self._lines[told:]:
                    told += 1
                    if time[:19] >= since:
                        yield f"{time} {line}" if query.get("timestamps") else line
                if query.get("follow") != "true" or self.ended:
                    return
                await self._after(told)
        finally:
            self.followers -= 1

    async def _after(self, told: int) -> None:
        async with self._more:
            await self._more.wait_for(lambda: len(self._lines) > told or self.ended)
