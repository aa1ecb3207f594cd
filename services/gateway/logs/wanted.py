"""Which lines a viewer asks for, and at which beat."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from services.deployments.contract import LogBatch, component_named


@dataclass(frozen=True)
class Wanted:
    """What one viewer asked for; `component` and `search` may be "". Lines after `since`, not at it.

    They come as a list each `interval_s`, or with `one_by_one` each for itself.
    """

    deployment_id: str
    release: str
    component: str
    since: datetime
    search: str
    interval_s: float = 1.0
    one_by_one: bool = False

    @cached_property
    def of_component(self) -> str:
        """Return the component's name, as it was written where there is none such."""
        return component_named(self.component) or self.component

    @property
    def exists(self) -> bool:
        """Say whether there may be such lines: there are none of a component that nobody knows."""
        return not self.component or component_named(self.component) is not None

    @cached_property
    def _sought(self) -> str:
        return self.search.casefold()

    def takes(self, batch: LogBatch) -> bool:
        """Say whether a batch is of the component that is asked for."""
        return not self.component or batch.component == self.of_component

    def finds(self, message: str) -> bool:
        """Say whether a line has the text that is looked for, without case."""
        return not self.search or self._sought in message.casefold()

    def shows(self, message: str, timestamp: datetime) -> bool:
        """Say whether a line is asked for."""
        return timestamp > self.since and self.finds(message)
