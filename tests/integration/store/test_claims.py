"""Values that one stream holds alone, also when many want them at once."""

import asyncio

import pytest

from shared.store.model import Appended, Claim, ClaimTaken, Expected
from tests.integration.store.conftest import OpenStore
from tests.integration.store.things import entry, head


def red(stream: str) -> Claim:
    return Claim("label", "red", stream)


async def test_of_many_processes_one_gets_the_claim(first: OpenStore, second: OpenStore) -> None:
    ended = await asyncio.gather(
        *(
            store.store.append(entry((Expected(f"thing-{n}"), ["x"]), take=[red(f"thing-{n}")]))
            for n, store in enumerate([first, second] * 8)
        ),
        return_exceptions=True,
    )

    winners = [each.events[0].stream for each in ended if isinstance(each, Appended)]
    losers = [each for each in ended if isinstance(each, ClaimTaken)]
    assert (len(winners), len(losers)) == (1, 15)
    assert await first.store.claim_holder("label", "red") == winners[0]
    assert [each.stream for each in await first.store.read_all(after=0, limit=100)] == winners
    assert (losers[0].rule, losers[0].claim.kind, losers[0].claim.value) == ("claimed", "label", "red")


async def test_a_claim_names_itself_among_several(first: OpenStore) -> None:
    await first.store.append(entry((Expected("thing-1"), ["x"]), take=[red("thing-1")]))
    taken = [Claim("label", "blue", "thing-2"), red("thing-2"), Claim("label", "green", "thing-2")]

    with pytest.raises(ClaimTaken) as caught:
        await first.store.append(entry((Expected("thing-2"), ["x"]), take=taken))

    assert caught.value.claim == red("thing-2")
    assert await first.store.claim_holder("label", "blue") is None
    assert await first.store.read_stream("thing-2") == []


async def test_a_released_claim_can_be_taken(first: OpenStore) -> None:
    held = await first.store.append(entry((Expected("thing-1"), ["x"]), take=[red("thing-1")]))
    await first.store.append(entry((head(held.events), ["y"]), release=[red("thing-1")]))

    await first.store.append(entry((Expected("thing-2"), ["x"]), take=[red("thing-2")]))

    assert await first.store.claim_holder("label", "red") == "thing-2"


async def test_a_claim_is_handed_over_in_one_entry(first: OpenStore) -> None:
    held = await first.store.append(entry((Expected("thing-1"), ["x"]), take=[red("thing-1")]))

    await first.store.append(entry((head(held.events), ["y"]), release=[red("thing-1")], take=[red("thing-2")]))

    assert await first.store.claim_holder("label", "red") == "thing-2"


async def test_only_its_holder_releases_a_claim(first: OpenStore) -> None:
    await first.store.append(entry((Expected("thing-1"), ["x"]), take=[red("thing-1")]))

    await first.store.append(entry((Expected("thing-2"), ["x"]), release=[red("thing-2")]))

    assert await first.store.claim_holder("label", "red") == "thing-1"


async def test_a_holder_may_take_its_claim_again(first: OpenStore) -> None:
    held = await first.store.append(entry((Expected("thing-1"), ["x"]), take=[red("thing-1")]))

    await first.store.append(entry((head(held.events), ["y"]), take=[red("thing-1")]))

    assert await first.store.claim_holder("label", "red") == "thing-1"


async def test_a_refused_entry_releases_nothing(first: OpenStore) -> None:
    held = await first.store.append(entry((Expected("thing-1"), ["x"]), take=[red("thing-1")]))
    await first.store.append(entry((Expected("thing-2"), ["x"]), take=[Claim("label", "blue", "thing-2")]))
    blue = Claim("label", "blue", "thing-1")

    with pytest.raises(ClaimTaken):
        await first.store.append(entry((head(held.events), ["y"]), release=[red("thing-1")], take=[blue]))

    assert await first.store.claim_holder("label", "red") == "thing-1"


async def test_a_personal_claim_is_never_stored_in_the_clear(first: OpenStore, second: OpenStore) -> None:
    email = Claim("email", "jane@example.com", "thing-1", personal=True)
    await first.store.append(entry((Expected("thing-1"), ["x"]), take=[email]))

    with pytest.raises(ClaimTaken) as caught:
        await second.store.append(
            entry((Expected("thing-2"), ["x"]), take=[Claim("email", email.value, "thing-2", True)])
        )

    assert "jane" not in str(caught.value) + str(caught.value.details)
    assert await second.store.claim_holder("email", "jane@example.com", personal=True) == "thing-1"
    assert await second.store.claim_holder("email", "jane@example.com") is None
    assert "jane" not in str(await first.pool.fetch("select * from claims"))
