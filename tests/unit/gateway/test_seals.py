"""Seals are asked for once a caller and a place, and only so many are kept."""

from services.gateway.seals import Seals
from shared.auth import ANONYMOUS, NOWHERE, Origin, Principal, PrincipalKind, service_principal

ANN = Principal(kind=PrincipalKind.USER, subject="ann")
HOME, OFFICE = Origin(address="192.0.2.1", agent="curl"), Origin(address="192.0.2.2", agent="curl")


class Identity:
    def __init__(self, *seals: str) -> None:
        self.seals = list(seals)

    async def seal(self) -> str:
        return self.seals.pop(0)


async def test_a_seal_is_asked_for_once_for_each_place() -> None:
    seals, identity = Seals(), Identity("one", "two")
    found = [await seals.of(ANN, place, identity.seal) for place in (HOME, OFFICE, HOME, OFFICE)]
    assert found == ["one", "two", "one", "two"]


async def test_an_old_seal_is_made_anew() -> None:
    seals, identity = Seals(kept_s=-1), Identity("one", "two")
    assert [await seals.of(ANN, HOME, identity.seal) for _ in range(2)] == ["one", "two"]


async def test_the_one_longest_unused_goes_first() -> None:
    seals, identity = Seals(most=1), Identity("one", "two", "three")
    assert [await seals.of(ANN, place, identity.seal) for place in (HOME, OFFICE, HOME)] == ["one", "two", "three"]


async def test_what_identity_refuses_to_seal_is_not_remembered() -> None:
    seals, identity = Seals(), Identity("", "two")
    assert [await seals.of(ANN, HOME, identity.seal) for _ in range(2)] == ["", "two"]


async def test_strangers_and_services_have_no_seal() -> None:
    seals, identity = Seals(), Identity()
    assert await seals.of(ANONYMOUS, HOME, identity.seal) == ""
    assert await seals.of(service_principal("invites"), HOME, identity.seal) == ""
    assert await seals.of(ANN, NOWHERE, identity.seal) == ""
