"""How many refusals of one asker are kept."""

from shared.audit.refusals import Allowances


def test_an_asker_has_a_burst_and_then_so_many_a_second() -> None:
    allowances = Allowances(burst=3, each_s=0.5, most=10)
    assert [allowances.take("a", now=0) for _ in range(4)] == [True, True, True, False]
    assert [allowances.take("a", now=2), allowances.take("a", now=2)] == [True, False]
    assert allowances.take("b", now=2)


def test_a_long_pause_gives_no_more_than_a_burst() -> None:
    allowances = Allowances(burst=2, each_s=1, most=10)
    allowances.take("a", now=0)
    assert [allowances.take("a", now=1000) for _ in range(3)] == [True, True, False]


def test_only_so_many_askers_are_remembered() -> None:
    allowances = Allowances(burst=1, each_s=0, most=2)
    assert [allowances.take(key, now=0) for key in "abac"] == [True, True, False, True]
    assert allowances.take("b", now=0)  # the one longest unused was forgotten
    assert not allowances.take("c", now=0)
