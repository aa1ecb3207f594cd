"""Places for documents in work: bounded, and none that others need is one source's."""

from contextlib import ExitStack

from services.gateway.work import MOST_IN_WORK, Work


def taken(stack: ExitStack, work: Work, source: str, *, asks: int = 2 * MOST_IN_WORK) -> int:
    """Return how many places a source gets that asks so often and keeps them."""
    return sum(stack.enter_context(work.place(source)) for _ in range(asks))


def test_one_source_gets_half_of_the_places_and_others_still_get_in() -> None:
    work = Work()
    with ExitStack() as stack:
        assert taken(stack, work, "192.0.2.1") == MOST_IN_WORK // 2
        for number in range(50):
            assert taken(stack, work, f"198.51.100.{number}", asks=1) == 1
        assert taken(stack, work, "203.0.113.1") > 50


def test_many_greedy_sources_never_have_more_than_there_are() -> None:
    work = Work(most=20)
    with ExitStack() as stack:
        counts = [taken(stack, work, f"192.0.2.{number}") for number in range(30)]
        assert sum(counts) == 20
        assert counts[:4] == [10, 5, 3, 1]
        assert work.sources == sum(count > 0 for count in counts)


def test_a_place_is_given_back_and_a_source_forgotten() -> None:
    work = Work(most=4)
    for _ in range(10):
        with ExitStack() as stack:
            assert taken(stack, work, "192.0.2.1", asks=5) == 2
        assert work.sources == 0
