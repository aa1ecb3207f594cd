"""From where a caller asks, sealed by identity before a command, and remembered for the next one."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from shared.auth import NOWHERE, Origin, Principal, PrincipalKind

MOST_SEALS: Final = 10_000
KEPT_S: Final = 600.0
"""How long a seal is used; one whose key was destroyed meanwhile can't be read, which is what that is for."""

Seal = Callable[[], Awaitable[str]]


class Seals:
    """The seals of one gateway, by who asks and from where; those longest unused go first."""

    def __init__(self, *, most: int = MOST_SEALS, kept_s: float = KEPT_S) -> None:
        self._most = most
        self._kept_s = kept_s
        self._kept: OrderedDict[tuple[str, Origin], tuple[str, float]] = OrderedDict()

    async def of(self, principal: Principal, origin: Origin, seal: Seal) -> str:
        """Return the seal for a caller, from `seal` where it is not known yet; "" for strangers and services."""
        if principal.kind not in {PrincipalKind.USER, PrincipalKind.SERVICE_ACCOUNT} or origin == NOWHERE:
            return ""
        key = (principal.subject, origin)
        sealed, since = self._kept.get(key, ("", 0.0))
        if not sealed or monotonic() - since > self._kept_s:
            sealed, since = await seal(), monotonic()
        if sealed:
            self._kept[key] = (sealed, since)
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return sealed
