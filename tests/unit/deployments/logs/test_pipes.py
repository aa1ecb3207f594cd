"""What a source writes becomes records within a quota: cut anywhere, counted where it is too much."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from services.deployments.logs.parsing import Head
from services.deployments.logs.pipes import Pipe
from services.deployments.logs.quota import BURST_S, Quota, Rate
from services.deployments.logs.records import LONGEST_LINE

PLENTY = Rate(lines_per_s=1_000_000, bytes_per_s=1_000_000_000)


@dataclass
class Heard:
    """A pipe, its clock, and what came out of it."""

    rate: Rate = PLENTY
    now: float = 0.0
    messages: list[str] = field(default_factory=list[str])
    dropped: int = 0

    def __post_init__(self) -> None:
        self.pipe = Pipe(Quota(self.rate), self._put, clock=lambda: self.now)

    def _put(self, heads: list[Head], dropped: int) -> None:
        self.messages += [each.message for each in heads]
        self.dropped += dropped


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100])
def test_lines_may_be_cut_anywhere(step: int) -> None:
    heard, written = Heard(), "eins\nzwölf\n\ndrei\n".encode()
    for at in range(0, len(written), step):
        heard.pipe.take(written[at : at + step])
    heard.pipe.flush(silent_s=0)
    assert heard.messages == ["eins", "zwölf", "drei"]


def test_a_record_is_held_back_for_a_silence() -> None:
    heard = Heard()
    heard.pipe.take(b"ERROR: it\n")
    heard.pipe.flush(silent_s=1)
    assert (heard.messages, heard.pipe.is_open) == ([], True)
    heard.now = 1.0
    heard.pipe.flush(silent_s=1)
    assert (heard.messages, heard.pipe.is_open) == (["it"], False)


def test_a_line_without_an_end_is_not_waited_for_without_limit() -> None:
    heard = Heard()
    for _ in range(10):
        heard.pipe.take(b"x" * LONGEST_LINE)
    assert len("".join(heard.messages)) >= 8 * LONGEST_LINE
    assert heard.dropped == 0


@pytest.mark.parametrize("size", [3, 64, 1_000, 65_536])
def test_every_line_over_the_quota_is_counted(size: int) -> None:
    heard = Heard(Rate(lines_per_s=10, bytes_per_s=1_000_000))
    written = b"".join(b"line %d\n" % n for n in range(10_000))
    for at in range(0, len(written), size):
        heard.pipe.take(written[at : at + size])
    heard.now = 2.0
    heard.pipe.take(b"after a pause\n")
    heard.pipe.flush(silent_s=0)
    assert heard.messages[:50] == [f"line {n}" for n in range(50)]
    assert heard.messages[-1] == "after a pause"
    assert len(heard.messages) - 1 + heard.dropped == 10_000


def test_the_bytes_of_a_second_are_limited_too() -> None:
    heard = Heard(Rate(lines_per_s=1_000_000, bytes_per_s=1_000))
    taken = 0
    for second in range(100):
        heard.now = float(second)
        heard.pipe.take(b"x" * 999 + b"\n")
        heard.pipe.take(b"x" * 999 + b"\n")
        taken += 2
    assert heard.dropped == pytest.approx(100 - BURST_S, abs=10)


def test_a_traceback_does_not_go_on_behind_dropped_lines() -> None:
    heard = Heard(Rate(lines_per_s=1, bytes_per_s=1_000_000))
    heard.pipe.take(b"ERROR: one\n a\n b\n c\n d\n e\n f\n")
    heard.now = 3.0
    heard.pipe.take(b"ERROR: two\n")
    heard.pipe.flush(silent_s=0)
    assert (heard.messages, heard.dropped) == (["one\n a\n b\n c\n d", "two"], 2)


def test_a_quota_is_saved_up_for_a_burst_and_no_longer() -> None:
    quota = Quota(Rate(lines_per_s=10, bytes_per_s=100))
    left: Callable[[float], int] = quota.left
    assert left(0.0) == 50
    quota.spend(50, 50)
    assert [left(0.0), left(1.0), left(100.0)] == [0, 10, 50]
    quota.spend(1, 600)
    assert [left(100.5), left(102.0)] == [0, 49 + 1]
