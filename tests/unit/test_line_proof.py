"""The judge of what viewers of log lines are shown: it finds each fault that is made on purpose."""

import pytest

from tests.faults.line_proof import Shown, faults_in

EXPECTED = {"scheduler": range(3, 9), "worker": range(1, 4)}


def whole() -> list[Shown]:
    """Return all that is asked for, of two components by turns."""
    scheduler = [Shown("scheduler", f"line {number}") for number in range(3, 9)]
    worker = [Shown("worker", f"line {number}") for number in range(1, 4)]
    return [*scheduler[:2], *worker, *scheduler[2:]]


def told(message: str, place: int, *, without: int = 0) -> list[Shown]:
    """Return all but `without` lines of the scheduler from a place on, where a line of it says something."""
    lines = whole()
    return [*lines[:place], Shown("scheduler", message), *lines[place + without :]]


def test_what_is_whole_has_no_fault() -> None:
    assert faults_in(whole(), EXPECTED) == []


@pytest.mark.parametrize("place", range(9))
def test_every_line_that_is_left_out_is_found(place: int) -> None:
    lines = whole()
    missing = lines.pop(place)
    (fault,) = faults_in(lines, EXPECTED)
    assert fault.startswith(missing.component)
    assert "does not show lines" in fault


@pytest.mark.parametrize("place", range(9))
def test_every_line_that_is_shown_twice_is_found(place: int) -> None:
    lines = whole()
    (fault,) = faults_in([*lines, lines[place]], EXPECTED)
    assert "again or late" in fault


def test_lines_that_changed_places_are_found() -> None:
    lines = whole()
    lines[6], lines[7] = lines[7], lines[6]
    assert len(faults_in(lines, EXPECTED)) == 2


@pytest.mark.parametrize(
    "line", [Shown("scheduler", "line 2"), Shown("worker", "line 4"), Shown("triggerer", "line 1")]
)
def test_what_was_not_asked_for_is_found(line: Shown) -> None:
    (fault,) = faults_in([*whole(), line], EXPECTED)
    assert "not asked for" in fault


def test_what_nobody_wrote_is_found() -> None:
    (fault,) = faults_in([*whole(), Shown("worker", "line of another")], EXPECTED)
    assert "nobody wrote" in fault


@pytest.mark.parametrize(
    "message",
    [
        "2 lines dropped: they came too fast",
        "2 batches of lines dropped",
        "1 batches of lines dropped",
        "lines may be missing here: they were not kept so long",
    ],
)
def test_a_loss_that_is_told_is_no_fault(message: str) -> None:
    assert faults_in(told(message, 6, without=2), EXPECTED) == []


@pytest.mark.parametrize(
    ("message", "without"),
    [
        ("1 lines dropped: they came too fast", 2),
        ("3 lines dropped: they came too fast", 2),
        ("3 batches of lines dropped", 2),
        ("2 batches of lines dropped", 0),
    ],
)
def test_a_loss_that_is_told_falsely_is_found(message: str, without: int) -> None:
    (fault,) = faults_in(told(message, 6, without=without), EXPECTED)
    assert "lost before line" in fault


def test_a_loss_is_told_where_it_is_and_for_its_component() -> None:
    elsewhere = told("2 lines dropped: they came too fast", 0)
    del elsewhere[7:9]
    assert len(faults_in(elsewhere, EXPECTED)) == 2


def test_an_unknown_loss_is_one_of_all_components() -> None:
    lines = [line for line in whole() if line.message not in {"line 3", "line 5"}]
    place = lines.index(Shown("scheduler", "line 6"))
    lines.insert(place, Shown("worker", "lines may be missing here: they were not kept so long"))
    assert len(faults_in(lines, EXPECTED)) == 1
    lines.insert(1, Shown("scheduler", "lines may be missing here: they were not kept so long"))
    assert len(faults_in(lines, EXPECTED)) == 1


def test_an_end_that_is_missing_can_be_told() -> None:
    lines = whole()[:-1]
    assert faults_in([*lines, Shown("scheduler", "1 batches of lines dropped")], EXPECTED) == []
