"""Where the lines of each deployment's components go."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from services.deployments.contract import Component, DeploymentId
from services.deployments.logs.lines import LineWriter
from services.deployments.logs.stream import LogFeed
from services.deployments.runner.components import OnLine
from services.deployments.runner.versions import Part
from shared.runtime.background import end_tasks

COMPONENT_OF: Final = {
    Part.API_SERVER: Component.WEBSERVER,
    Part.WEBSERVER: Component.WEBSERVER,
    Part.SCHEDULER: Component.SCHEDULER,
    Part.DAG_PROCESSOR: Component.SCHEDULER,
    Part.TRIGGERER: Component.TRIGGERER,
    Part.WORKER: Component.WORKER,
}
"""Houston names no dag-processor: in its time the scheduler did that work. Source: houston 6.1."""


@dataclass(slots=True)
class Voices:
    """One writer a deployment and component for as long as this process lives."""

    stream: LogFeed
    _writers: dict[tuple[DeploymentId, Component], LineWriter] = field(
        default_factory=dict[tuple[DeploymentId, Component], LineWriter]
    )
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def of(self, deployment_id: DeploymentId) -> OnLine:
        """Return what takes the lines of a deployment."""

        def take(part: Part, line: bytes) -> None:
            self._writer(deployment_id, COMPONENT_OF[part]).put(line)

        return take

    async def close(self) -> None:
        """Write no more."""
        await end_tasks(self._tasks)

    def _writer(self, deployment_id: DeploymentId, component: Component) -> LineWriter:
        writer = self._writers.get((deployment_id, component))
        if writer is None:
            writer = self._writers[deployment_id, component] = LineWriter(self.stream, deployment_id, component)
            self._tasks.add(asyncio.create_task(writer.run(), name=f"lines of {deployment_id} {component}"))
        return writer
