"""From where something was asked, sealed under the key of a person and readable until that key is destroyed."""

from collections.abc import Collection, Mapping
from typing import Final

from cryptography.exceptions import InvalidTag

from shared.auth import NOWHERE, Origin
from shared.store.personal import PersonalKeys
from shared.store.sealing import open_text, seal_text

_VERSION: Final = "1"


class OriginSeals:
    """Seals and opens origins; a seal is `1.<whose key>.<base64>`, opaque to everybody else."""

    def __init__(self, keys: PersonalKeys) -> None:
        self._keys = keys

    async def seal(self, person: str, origin: Origin) -> str:
        """Return the origin sealed under the key of `person`, made where there was none; "" where it is destroyed."""
        if origin == NOWHERE:
            return ""
        key = (await self._keys.for_writing([person])).get(person)
        if key is None:
            return ""
        return f"{_VERSION}.{person}.{seal_text(key, origin.model_dump_json(), bound_to=_bound(person))}"

    async def open(self, seals: Collection[str]) -> Mapping[str, Origin]:
        """Return the origins by their seals; without those whose key is destroyed and what is no seal of ours."""
        people = {seal: parts[1] for seal in seals if len(parts := seal.split(".")) == 3 and parts[0] == _VERSION}
        keys = await self._keys.for_reading(set(people.values()))
        opened: dict[str, Origin] = {}
        for seal, person in people.items():
            if person in keys:
                try:
                    text = open_text(keys[person], seal.rpartition(".")[2], bound_to=_bound(person))
                except (InvalidTag, ValueError):
                    continue
                opened[seal] = Origin.model_validate_json(text)
        return opened

    def digest(self, address: str) -> str:
        """Return what tells attempts from one address: a keyed digest, from which it can't be computed."""
        return self._keys.claim_value("source address", address) if address else ""


def _bound(person: str) -> bytes:
    return f"origin of {person}".encode()
