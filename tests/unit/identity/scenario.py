"""Given events, when a command comes, then these events or this refusal: the form of the deciders' tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import pytest

from shared.decider import Decider
from shared.errors import AerodromeError, NotFound, Rejected
from shared.messages import Event

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Outcome(Generic[E]):
    """What a command came to."""

    decide: Callable[[], Sequence[E]]

    def then(self, *events: E) -> None:
        assert list(self.decide()) == list(events)

    def then_rejected(self, rule: str) -> None:
        assert self._refused(Rejected).rule == rule

    def then_not_found(self) -> None:
        self._refused(NotFound)

    def _refused(self, kind: type[AerodromeError]) -> AerodromeError:
        with pytest.raises(kind) as refused:
            self.decide()
        return refused.value


@dataclass(frozen=True)
class Scenario(Generic[C, S, E]):
    """A stream of one kind with its history."""

    decider: Decider[C, S, E]
    events: tuple[E, ...] = ()
    state: Any = field(init=False)

    def __post_init__(self) -> None:
        state = self.decider.initial
        for event in self.events:
            state = self.decider.evolve(state, event)
        object.__setattr__(self, "state", state)

    def given(self, *events: E) -> "Scenario[C, S, E]":
        return Scenario(self.decider, (*self.events, *events))

    def when(self, command: C) -> Outcome[E]:
        return Outcome(lambda: self.decider.decide(command, self.state))
