"""Who is seeded: the same people, workspaces and service accounts at every run, from a seeded random source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from services.identity.contract import Role

DOMAIN: Final = "seed.test"
"""The domain of every seeded address; it is reserved, so no mail can leave (RFC 2606, section 2)."""

MEMBERS_OF_FIRST: Final = 10
"""Every tenth person is a member of the first workspace, which makes it the big one."""
PLACES_OF_COLLECTOR: Final = 10
"""One person, the second, is a member of every tenth workspace."""
MEMBERS_OF_FIRST_TEAM: Final = 1000
"""So many people are in the first team, which makes it the big one; the others have a few."""
_SYSTEM_ACCOUNTS: Final = 100  # every 100th service account is on the system
_VIEWERS: Final = 1000  # every 1000th person is a viewer of the system, ...
_EDITORS: Final = 10_000  # ... but every 10,000th an editor
_OWN_NAMES: Final = 5  # every fifth has a user name other than the address

_GIVEN: Final = (
    "Ada", "Amina", "Björn", "Chidi", "Chloé", "Dmitri", "Elif", "Fatima", "Grace", "Hiro", "Ines", "Ivan", "Jorge",
    "Kofi", "Leila", "Łukasz", "Mei", "Noor", "Olga", "Priya", "Quinn", "Rosa", "Sven", "Tomás", "Uma", "Zoë",
)  # fmt: skip
_FAMILY: Final = (
    "Adeyemi", "Almeida", "Bauer", "Chen", "Dubois", "Eriksson", "Ferrari", "García", "Haddad", "Ito", "Jansen", "Kaya",
    "Kowalski", "Lopez", "Müller", "Nguyen", "O'Brien", "Okafor", "Patel", "Rossi", "Silva", "Tanaka", "Volkov",
)  # fmt: skip
_TEAMS: Final = (
    "analytics",
    "billing",
    "catalog",
    "forecast",
    "fraud",
    "growth",
    "ingest",
    "ledger",
    "pricing",
    "risk",
)
_STAGES: Final = ("dev", "staging", "prod")
_CATEGORIES: Final = ("ci", "deploy", "monitoring", "")
_WORKSPACE_ROLES: Final = (Role.WORKSPACE_VIEWER, Role.WORKSPACE_EDITOR, Role.WORKSPACE_ADMIN)
_ROLE_WEIGHTS: Final = (6, 3, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many of each are seeded."""

    users: int
    workspaces: int
    service_accounts: int
    teams: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """A person to be made; `places` are numbers of workspaces with the role there, `role` is one on the system."""

    email: str
    username: str
    full_name: str
    places: Mapping[int, Role]
    role: Role | None


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace to be made."""

    label: str
    description: str


@dataclass(frozen=True, slots=True)
class Account:
    """A service account to be made; `place` is the number of its workspace, None for the system."""

    label: str
    category: str
    place: int | None
    role: Role


@dataclass(frozen=True, slots=True)
class Squad:
    """A team to be made; `members` are numbers of people, `places` those of workspaces with the role there."""

    name: str
    members: Sequence[int]
    places: Mapping[int, Role]


def person(n: int, sizes: Sizes, *, first: int = 0) -> Person:
    """Return the `n`th person; addresses are numbered from `first` on, so that two runs share none."""
    chance = _chance("person", n)
    given, family = chance.choice(_GIVEN), chance.choice(_FAMILY)
    number = first + n
    email = f"person.{number}@{DOMAIN}"
    return Person(
        email=email,
        username=f"{given.lower()}.{number}" if n % _OWN_NAMES == 0 else email,
        full_name=f"{given} {family}",
        places=_places(n, sizes, chance),
        role=_system_role(n),
    )


def place(n: int) -> Place:
    """Return the `n`th workspace; as in life, labels are not unique."""
    chance = _chance("workspace", n)
    team, stage = chance.choice(_TEAMS), chance.choice(_STAGES)
    return Place(label=f"{team} {stage} {n // 2}", description=f"Pipelines of {team}, {stage}")


def account(n: int, sizes: Sizes) -> Account:
    """Return the `n`th service account."""
    chance = _chance("service account", n)
    category = chance.choice(_CATEGORIES)
    label = f"{category or 'script'} {n}"
    if n % _SYSTEM_ACCOUNTS == 0 or not sizes.workspaces:
        return Account(label, category, None, chance.choice((Role.SYSTEM_VIEWER, Role.SYSTEM_EDITOR)))
    return Account(label, category, _popular(chance, sizes.workspaces), _workspace_role(chance))


def squad(n: int, sizes: Sizes) -> Squad:
    """Return the `n`th team."""
    chance = _chance("team", n)
    members = {chance.randrange(sizes.users) for _ in range(chance.randint(2, 12))}
    if n == 0:
        members = set(range(0, sizes.users, max(1, sizes.users // MEMBERS_OF_FIRST_TEAM)))
    places = [_popular(chance, sizes.workspaces) for _ in range(2)] if sizes.workspaces else []
    return Squad(f"{chance.choice(_TEAMS)} {n}", sorted(members), {each: _workspace_role(chance) for each in places})


def _places(n: int, sizes: Sizes, chance: Random) -> Mapping[int, Role]:
    """Return a person's places: some by chance, the big workspace, the collector's, and those that they lead."""
    if not sizes.workspaces:
        return {}
    found = {_popular(chance, sizes.workspaces): _workspace_role(chance) for _ in range(chance.choice((1, 1, 2, 3)))}
    if n % MEMBERS_OF_FIRST == 1:
        found[0] = Role.WORKSPACE_VIEWER
    if n == 1:
        found |= dict.fromkeys(range(0, sizes.workspaces, PLACES_OF_COLLECTOR), Role.WORKSPACE_EDITOR)
    return found | dict.fromkeys(_led(n, sizes), Role.WORKSPACE_ADMIN)


def _led(n: int, sizes: Sizes) -> Sequence[int]:
    """Return the workspaces that a person leads, so that each has an administrator."""
    return range(n, sizes.workspaces, sizes.users)


def _system_role(n: int) -> Role | None:
    if n == 0 or n % _VIEWERS:
        return None
    return Role.SYSTEM_VIEWER if n % _EDITORS else Role.SYSTEM_EDITOR


def _popular(chance: Random, count: int) -> int:
    """Return a number below `count`, small ones oftener: some workspaces are big, most are small."""
    return int(count * chance.random() ** 2)


def _workspace_role(chance: Random) -> Role:
    (role,) = chance.choices(_WORKSPACE_ROLES, _ROLE_WEIGHTS)
    return role


def _chance(kind: str, n: int) -> Random:
    return Random(f"{kind} {n}")  # noqa: S311 -- the same at every run is what is wanted
