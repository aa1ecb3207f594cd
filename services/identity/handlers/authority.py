"""Who may do what, from what the asker holds at this moment."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from services.identity.contract import SERVICE, Role
from services.identity.domain import credential
from services.identity.domain.grants import also_holding, principal, require_all_of, user_principal
from services.identity.domain.team import held_through
from services.identity.domain.user import Active, Binding
from services.identity.handlers.kit import Kit
from services.identity.handlers.streams import CREDENTIAL, TEAM, USER
from services.identity.sql import QUERIES
from shared.auth import SYSTEM, Principal, PrincipalKind
from shared.commands import Unit
from shared.errors import Forbidden, Unauthenticated

INVITES = "service:invites"


async def asker(unit: Unit, kit: Kit, *entities: str, asked_by: Principal | None = None) -> Principal:
    """Return the asker with what they hold themself on the system and on `entities`, read afresh.

    `asked_by` is whom a service speaks for, if not the sender.

    The entry expects what was read unchanged, so a grant that is taken away at the same time counts or conflicts, but
    never slips through. Raises Unauthenticated when nobody asks, or somebody who is gone.
    """
    given = asked_by or unit.principal
    match given.kind:
        case PrincipalKind.USER:
            user = (await unit.load(USER, given.subject)).state
            if not isinstance(user, Active):
                raise Unauthenticated("the asker may not sign in any more")
            return user_principal(user, credential=given.credential, entities=frozenset(entities), roles=kit.roles)
        case PrincipalKind.SERVICE_ACCOUNT:
            state = (await unit.load(CREDENTIAL, given.subject)).state
            if not isinstance(state, credential.Live):
                raise Unauthenticated("the service account is gone")
            held = [Binding(role=state.role, entity=state.entity)]
            return principal(given.kind, given.subject, credential=given.credential, bindings=held, roles=kit.roles)[0]
        case PrincipalKind.SERVICE:
            return given
        case PrincipalKind.ANONYMOUS:
            raise Unauthenticated("no valid credential was sent")


async def require(unit: Unit, kit: Kit, permission: str, *entities: str, role: Role | None = None) -> Principal:
    """Return the asker if they hold `permission` on one of `entities` or on the system, and all that `role` gives.

    Raises Unauthenticated or Forbidden.
    """
    given = () if role is None else ((role, entities),)
    return await require_to_give(unit, kit, permission, *entities, given=given)


async def require_to_give(
    unit: Unit,
    kit: Kit,
    permission: str,
    *entities: str,
    given: Sequence[tuple[Role, tuple[str, ...]]],
    asked_by: Principal | None = None,
) -> Principal:
    """Return the asker if they hold `permission` on one of `entities` or on the system, and all of every role `given`.

    Each role comes with the entities of which one has to carry it. What the asker's teams hold counts where their own
    roles don't suffice. Raises Unauthenticated or Forbidden.
    """

    def check(who: Principal) -> None:
        who.require(permission, *entities)
        for role, places in given:
            require_all_of(role, *places, grantor=who, roles=kit.roles)

    reached = frozenset(entities).union(*(places for _, places in given))
    who = await asker(unit, kit, *reached, asked_by=asked_by)
    try:
        check(who)
    except Forbidden:
        wanted = frozenset({permission}).union(*(kit.roles.permissions(role) for role, _ in given))
        who = await _with_teams(unit, kit, who, _Need(reached | {SYSTEM}, wanted, check))
        check(who)
    unit.require(permission, *entities, principal=who)
    return who


@dataclass(frozen=True, slots=True)
class _Need:
    """What an asker needs: permissions on what is reached, as `check` tells by raising Forbidden or not."""

    reached: frozenset[str]
    wanted: frozenset[str]
    check: Callable[[Principal], None]


async def _with_teams(unit: Unit, kit: Kit, who: Principal, need: _Need) -> Principal:
    """Return the asker with what their teams hold, of as many teams as it takes to pass, those that give most first.

    The rows only say where to look. The teams are read afresh and the entry expects them unchanged, so a team that is
    deleted or left at the same time counts or conflicts, but never slips through.
    """
    if who.kind is not PrincipalKind.USER:
        return who
    gain = {role: len(kit.roles.permissions(role) & need.wanted) for role in Role}
    helpful = [role.value for role in sorted(Role, key=lambda role: -gain[role]) if gain[role]]
    found = await kit.running.pool_queries.fetch(QUERIES["teams_reaching"], who.subject, sorted(need.reached), helpful)
    for row in found:
        state = (await unit.load(TEAM, row["id"])).state
        held = [binding for binding in held_through(state, who.subject) if binding.entity in need.reached]
        who = also_holding(who, held, roles=kit.roles)
        with suppress(Forbidden):
            need.check(who)
            break
    return who


def is_own(who: Principal, user_id: str) -> bool:
    """Say whether the asker is this person."""
    return who.kind is PrincipalKind.USER and who.subject == user_id


def require_service(given: Principal, *names: str) -> None:
    """Raise Forbidden unless one of the named services asks, Unauthenticated where nobody does."""
    if given.kind is PrincipalKind.ANONYMOUS:
        raise Unauthenticated("no valid credential was sent")
    if given.kind is not PrincipalKind.SERVICE or given.subject not in names:
        raise Forbidden(f"only {' or '.join(names)} may ask this")


OWN = f"service:{SERVICE}"
"""The principal of this service's own workers."""
