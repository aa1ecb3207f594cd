"""Who stands at the door of an Airflow: by a token in a header, or by the visit that a browser's cookie holds."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from services.deployments.contract import DoorRow, FindDoor
from services.gateway.airflow.cookies import visit_token
from services.gateway.callers import KEPT_S, Callers
from services.gateway.credentials import bare_token, token_of
from services.identity.contract import Authenticated
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.errors import Unauthenticated

MOST_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request brings: a token, and whether a browser sends it by itself, as the cookie of a visit."""

    token: str
    is_visit: bool

    @property
    def digest(self) -> bytes:
        """What tells one credential from another."""
        return hashlib.sha256(f"{self.is_visit} {self.token}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is let in, and to where."""

    caller: Authenticated
    door: DoorRow


@dataclass(frozen=True, slots=True)
class _Kept:
    visitor: Visitor
    found_at: float


def credential_of(headers: Mapping[str, str], *, visit: str) -> Credential:
    """Return what a request brings; a header goes before the cookie that is named `visit`."""
    if token := token_of(headers):
        return Credential(token, is_visit=False)
    return Credential(bare_token(visit_token(headers.get("Cookie", ""), visit)), is_visit=True)


@dataclass(slots=True)
class Visitors:
    """Remembers for a few seconds who was let in where, while identity's answer about them stands."""

    bus: Bus
    callers: Callers
    _kept: OrderedDict[tuple[bytes, str], _Kept] = field(default_factory=OrderedDict[tuple[bytes, str], _Kept])

    async def find(self, credential: Credential, release_name: str) -> Visitor:
        """Return who is let in.

        Raises Unauthenticated, NotFound, Forbidden, Rejected where no Airflow runs, or Unavailable.
        """
        if not credential.token:
            raise Unauthenticated("no valid credential was sent")
        caller = await self.callers.find(credential.token, visit=credential.is_visit)
        key = (credential.digest, release_name)
        kept = self._kept.get(key)
        if kept and kept.visitor.caller is caller and monotonic() - kept.found_at < KEPT_S:
            return kept.visitor
        asked_at = monotonic()
        door = (await self.bus.ask(FindDoor(release_name=release_name), Context.first(caller.principal))).value
        if credential.is_visit and caller.visits != door.deployment_id:
            raise Unauthenticated("the visit is of another deployment")
        visitor = Visitor(caller, door)
        self._kept[key] = _Kept(visitor, asked_at)
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return visitor

    def forget(self, credential: Credential, release_name: str) -> None:
        """Ask anew where an Airflow is: it did not answer where it was."""
        self._kept.pop((credential.digest, release_name), None)
