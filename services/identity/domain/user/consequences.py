"""What a change of a person means for values that one person holds alone, and for the owners of the organization."""

from dataclasses import dataclass

from services.identity.domain.user.state import Held, User, held, owns


@dataclass(frozen=True, slots=True)
class Consequences:
    """What has to be written in the entry of the change; `owner`: became one, ceased to be one, or neither."""

    taken: frozenset[Held]
    released: frozenset[Held]
    owner: bool | None


def consequences(before: User, after: User) -> Consequences:
    """Return what follows from the states before and after a change; so no command can forget it."""
    return Consequences(
        taken=held(after) - held(before),
        released=held(before) - held(after),
        owner=owns(after) if owns(after) is not owns(before) else None,
    )
