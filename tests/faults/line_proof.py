"""Judges what a viewer of log lines was shown: every line from its beginning on, once and in order, or a loss told."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

WRITTEN: Final = re.compile(r"line (\d+)", re.ASCII)
LINES_DROPPED: Final = re.compile(r"(\d+) lines dropped\b.*", re.ASCII)
BATCHES_DROPPED: Final = re.compile(r"(\d+) batches of lines dropped", re.ASCII)
UNKNOWN: Final = "lines may be missing here: "


@dataclass(frozen=True, slots=True)
class Shown:
    """One line as a viewer was shown it."""

    component: str
    message: str


@dataclass(frozen=True, slots=True)
class Loss:
    """What a viewer was told of lines that it is not shown: a number of lines, a least number, or that it may be so."""

    least: int
    exact: bool


def loss_in(message: str) -> Loss | None:
    """Return the loss that a line tells of, None where it tells of none."""
    if found := LINES_DROPPED.fullmatch(message):
        return Loss(int(found[1]), exact=True)
    if found := BATCHES_DROPPED.fullmatch(message):
        return Loss(int(found[1]), exact=False)
    return Loss(0, exact=False) if message.startswith(UNKNOWN) else None


@dataclass(slots=True)
class _Track:
    """How far a viewer has come in the lines of one component."""

    component: str
    expected: range
    next: int = field(init=False)
    told: list[Loss] = field(default_factory=list[Loss])
    faults: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.next = self.expected.start

    def take(self, message: str) -> None:
        if loss := loss_in(message):
            self.told.append(loss)
        elif not (found := WRITTEN.fullmatch(message)):
            self._fault(f"shows {message!r}, which nobody wrote")
        elif (number := int(found[1])) not in self.expected:
            self._fault(f"shows line {number}, which is not asked for")
        elif number < self.next:
            self._fault(f"shows line {number} again or late, after line {self.next - 1}")
        else:
            self._settle(number)
            self.next = number + 1

    def end(self) -> list[str]:
        self._settle(self.expected.stop)
        return self.faults

    def _settle(self, number: int) -> None:
        """Hold what is missing before a line against what was told of it."""
        missing = number - self.next
        exact = all(loss.exact for loss in self.told)
        told = sum(loss.least for loss in self.told)
        if missing and not self.told:
            self._fault(f"does not show lines {self.next} to {number - 1}, nor tells of them")
        elif self.told and (told > missing or (exact and told != missing)):
            self._fault(f"tells of {told} lines or more lost before line {number}, but {missing} are missing")
        self.told.clear()

    def _fault(self, text: str) -> None:
        self.faults.append(f"{self.component} {text}")


def faults_in(shown: Iterable[Shown], expected: Mapping[str, range]) -> list[str]:
    """Return what is wrong with what a viewer was shown, nothing where it is whole.

    `expected` holds the numbers of the lines that it asked for, by component. A loss counts as told if a line between
    the lines of that component says so, and no more than is missing there; of an unknown loss any component's may tell.
    """
    tracks = {component: _Track(component, numbers) for component, numbers in expected.items()}
    faults: list[str] = []
    for line in shown:
        if line.message.startswith(UNKNOWN):
            for track in tracks.values():
                track.take(line.message)
        elif line.component in tracks:
            tracks[line.component].take(line.message)
        else:
            faults.append(f"shows a line of {line.component}, which is not asked for")
    return faults + [fault for track in tracks.values() for fault in track.end()]


def losses_in(shown: Iterable[Shown]) -> list[str]:
    """Return the lines that tell of losses."""
    return [line.message for line in shown if loss_in(line.message)]
