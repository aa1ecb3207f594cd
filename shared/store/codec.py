"""The event types of a service: from an event to its stored text and back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from shared.messages import Event

Upcaster: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""A pure function from the JSON of one schema version to that of the next."""


class EventTypes:
    """Knows every event type of a service and the upcasters from their older shapes."""

    def __init__(
        self, events: Sequence[type[Event]], upcasters: Mapping[tuple[str, int], Upcaster] | None = None
    ) -> None:
        """Raise TypeError where a type name is given twice, an upcaster is missing, or a personal field is unfit."""
        raise NotImplementedError
