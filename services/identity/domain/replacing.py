"""What has to change so that somebody holds the roles of a list and no others."""

from collections.abc import Iterable, Mapping
from typing import Final

from services.identity.contract import Interface, Role, shown_role, shows_as
from services.identity.domain.user import Binding
from shared.auth import SYSTEM

_UNSAID: Final[Mapping[Interface, Role]] = {Interface.REST: Role.ORGANIZATION_MEMBER}
"""What an interface shows where there is no role on the system, because it always has to show one."""


def changes(held: Iterable[Binding], wanted: Mapping[str, Role], *, interface: Interface) -> Mapping[str, Role | None]:
    """Return the role to set on each entity where something changes, None where the one that is there goes.

    What is written back as `interface` shows it stays, and so does what it can't show.
    """
    present = {bound.entity: bound.role for bound in held}
    found: dict[str, Role | None] = {}
    for entity, role in wanted.items():
        shown = present.get(entity, _UNSAID.get(interface) if entity == SYSTEM else None)
        if shown is None or not shows_as(shown, role, interface):
            found[entity] = role
    for entity, role in present.items():
        if entity not in wanted and shown_role(role, interface) is not None:
            found[entity] = None
    return found
