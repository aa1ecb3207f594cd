"""Where the lines of each deployment's components go."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from services.deployments.contract import Component, DeploymentId
from services.deployments.logs.lines import LineWriter
from services.deployments.logs.parsing import TaskIds
from services.deployments.logs.quota import DEFAULT_RATE, Quota, Rate
from services.deployments.logs.stream import LogFeed
from services.deployments.runner.components import OnOutput
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
    """One writer a deployment and component, and one quota a deployment, for as long as this process lives."""

    stream: LogFeed
    rate: Rate = DEFAULT_RATE
    _quotas: dict[DeploymentId, Quota] = field(default_factory=dict[DeploymentId, Quota])
    _writers: dict[tuple[DeploymentId, Component], LineWriter] = field(
        default_factory=dict[tuple[DeploymentId, Component], LineWriter]
    )
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def of(self, deployment_id: DeploymentId) -> OnOutput:
        """Return what takes the output of the components of a deployment, or of one of several of the same part."""
        pipes: dict[Part, Callable[[bytes], None]] = {}

        def take(part: Part, written: bytes) -> None:
            if part not in pipes:
                pipes[part] = self._writer(deployment_id, COMPONENT_OF[part]).pipe(self._quota(deployment_id))
            pipes[part](written)

        return take

    def of_task(self, deployment_id: DeploymentId, part: Part, task: TaskIds) -> Callable[[bytes], None]:
        """Return what takes the log of a task that `part` runs."""
        return self._writer(deployment_id, COMPONENT_OF[part]).pipe(self._quota(deployment_id), task)

    async def close(self) -> None:
        """Write no more."""
        await end_tasks(self._tasks)

    def _quota(self, deployment_id: DeploymentId) -> Quota:
        if deployment_id not in self._quotas:
            self._quotas[deployment_id] = Quota(self.rate)
        return self._quotas[deployment_id]

    def _writer(self, deployment_id: DeploymentId, component: Component) -> LineWriter:
        writer = self._writers.get((deployment_id, component))
        if writer is None:
            writer = self._writers[deployment_id, component] = LineWriter(self.stream, deployment_id, component)
            self._tasks.add(asyncio.create_task(writer.run(), name=f"lines of {deployment_id} {component}"))
        return writer
