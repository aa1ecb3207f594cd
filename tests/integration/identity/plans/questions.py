"""The table of what each named query of identity is asked with, on a seeded installation, at its most costly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.identity.contract import MOST_ROLES, TeamOrder, UserOrder
from services.identity.seeding import DOMAIN
from shared.messages import MOST_ROWS
from shared.store.model import PgConnection
from tests.integration.plans.reading import PAGE

_KNOWN: Final = """
select
    (select user_id from read.role_bindings group by user_id order by count(*) desc, user_id limit 1) as person,
    (select entity from read.role_bindings group by entity order by count(*) desc, entity limit 1) as entity,
    (select array_agg(id) from (select id from read.users order by id desc limit $1) p) as people,
    (select array_agg(id) from (select id from read.workspaces order by id limit $1) w) as places,
    (select array_agg(id) from (select id from read.service_accounts order by id limit $1) a) as accounts,
    (select array_agg(id) from (select id from read.role_bindings order by id limit $1) b) as bindings,
    (select user_id from read.team_members group by user_id order by count(*) desc, user_id limit 1) as joiner,
    (select team_id from read.team_members group by team_id order by count(*) desc, team_id limit 1) as team,
    (select entity from read.team_bindings group by entity order by count(*) desc, entity limit 1) as team_entity,
    (select array_agg(id) from (select id from read.teams order by id limit $1) t) as teams,
    (select array_agg(name) from (select name from read.teams order by id limit 5) t) as names,
    (select array_agg(id) from (select id from read.team_bindings order by id limit $1) b) as team_bindings,
    (select array_agg(id) from (select id from read.team_members order by id limit $1) m) as memberships,
    (select key_digest from read.service_accounts order by id limit 1) as key_digest,
    (select full_name from read.users group by full_name order by count(*) desc limit 1) as full_name,
    (select label from read.workspaces group by label order by count(*) desc limit 1) as label,
    (select created_at from read.users order by id limit 1) as at"""


@dataclass(frozen=True, slots=True)
class Known:
    """What questions are about: a page of each, and who or what has most.

    `person` has most workspaces, `entity` is the workspace with most members; `joiner` is in most teams, `team` has
    most members, `team_entity` is the workspace with most teams.
    """

    person: str
    entity: str
    people: Sequence[str]
    places: Sequence[str]
    accounts: Sequence[str]
    bindings: Sequence[str]
    joiner: str
    team: str
    team_entity: str
    teams: Sequence[str]
    names: Sequence[str]
    team_bindings: Sequence[str]
    memberships: Sequence[str]
    key_digest: str
    full_name: str
    label: str
    at: datetime

    @property
    def entities(self) -> Sequence[str]:
        """Return the entities of a page of workspaces."""
        return [f"workspace:{place}" for place in self.places]


async def known(connection: PgConnection) -> Known:
    """Return what there is to ask about."""
    row = await connection.fetchrow(_KNOWN, MOST_ROWS)
    assert row is not None
    return Known(**dict(row))


Asked = Callable[[Known], Sequence[object]]

_EMAIL: Final = f"person.7@{DOMAIN}"
_ROWS: Final = "[]"
_ACCOUNT: Final = "account"
_SOURCE: Final = "source"
_NONE: Final = (None, "", "", "", None, None)  # no filter of a search for people


_USER_ORDERS: Final = [f"{by}:{way}" for by in UserOrder for way in ("asc", "desc")]
_TEAM_ORDERS: Final = [f"{by}:{way}" for by in TeamOrder for way in ("asc", "desc")]


def _in_every_order(name: str, orders: Sequence[str]) -> Mapping[str, Asked]:
    """Return what the queries of a list take that is read in an order."""

    def asked(*criteria: Sequence[str]) -> Asked:
        return lambda _: [0, PAGE, *criteria]

    one = {f"{name}:{order}": asked() for order in orders}
    return one | {f"{name}:{order}+": asked([order, *orders[:1]]) for order in orders}


def _search(place: int, value: Callable[[Known], object]) -> Asked:
    """Return what a search for people takes whose only filter stands at `place` of the six."""
    return lambda k: ["", PAGE, *_NONE[:place], value(k), *_NONE[place + 1 :]]


def _feeding(table: str, ids: Callable[[Known], Sequence[str]]) -> Mapping[str, Asked]:
    """Return what the queries take that load, delete and insert the rows of a batch of events."""

    def asked(known: Known) -> Sequence[object]:
        return [ids(known)]

    return {f"load_{table}": asked, f"delete_{table}": asked, f"insert_{table}": lambda _: [_ROWS]}


ASKED: Final[Mapping[str, Asked]] = {
    # feeding
    **_feeding("users", lambda k: k.people),
    **_feeding("bindings", lambda k: k.bindings),
    **_feeding("invitations", lambda k: k.bindings),
    **_feeding("workspaces", lambda k: k.places),
    **_feeding("deployments", lambda k: k.places),
    **_feeding("service_accounts", lambda k: k.accounts),
    **_feeding("sessions", lambda k: k.people),
    **_feeding("teams", lambda k: k.teams),
    **_feeding("team_members", lambda k: k.memberships),
    **_feeding("team_bindings", lambda k: k.team_bindings),
    "delete_team_members": lambda k: [k.memberships, k.teams[:20]],
    "delete_team_bindings": lambda k: [k.team_bindings, k.teams[:20]],
    "count_more": lambda _: ["teams", 1],
    "delete_bindings": lambda k: [k.bindings, k.people],
    "delete_invitations": lambda k: [k.bindings, k.people],
    # callers
    "person_at_sign_in": lambda k: ["session", k.person, MOST_ROLES + 1, "kid"],
    "grants_of_person": lambda k: [k.person],
    "teams_of_person": lambda k: [k.joiner, None],
    "teams_reaching": lambda k: [k.joiner, k.entities, ["WORKSPACE_ADMIN", "WORKSPACE_EDITOR"]],
    "workspaces_there": lambda k: [k.places],
    "places_of_deployments": lambda k: [k.places],
    "workspaces_of_deployments": lambda k: [k.places],
    # clearing
    "sessions_to_end": lambda k: [k.person, "", MOST_ROWS],
    "people_to_clear": lambda k: [k.entity, "", MOST_ROWS],
    "service_accounts_to_clear": lambda k: [k.entity, "", MOST_ROWS],
    "teams_to_clear": lambda k: [k.team_entity, "", MOST_ROWS],
    "memberships_to_end": lambda k: [k.joiner, "", MOST_ROWS],
    # people
    "roles_of_people": lambda k: [k.people, MOST_ROLES + 1, False, k.person, k.entities, k.places],
    "users_by_ids": _search(0, lambda k: k.people),
    "users_by_email": _search(1, lambda _: _EMAIL),
    "users_by_username": _search(2, lambda _: _EMAIL),
    "users_by_full_name": _search(3, lambda k: k.full_name),
    "users_by_creation": _search(4, lambda k: k.at),
    "users_by_change": _search(5, lambda k: k.at),
    "users_all": lambda _: ["", PAGE],
    "users_seen": lambda k: [k.people, "", False, k.person, k.entities, k.places, k.entities],
    "bindings_on_entities": lambda k: [k.entities, "", PAGE],
    "bindings_of_people": lambda k: [[k.person], "", PAGE, False, k.person, k.entities, k.places],
    **_in_every_order("users", _USER_ORDERS),
    "users_on": lambda k: [0, PAGE, ["email:asc"], k.entity],
    "users_on_entity": lambda k: [k.entity],
    "users_beginning_with": lambda _: ["", PAGE, "zoë"],
    "holders": lambda k: [[k.entity], "", PAGE, None],
    "holders_before": lambda k: [[k.entity], "z", PAGE, None],
    "roles_on": lambda k: [k.people, [k.entity], None],
    "members": lambda k: [[k.entity], "", PAGE],
    "members_who_are": lambda k: [[k.entity], "", PAGE, k.person],
    "person_with_address": lambda _: [_EMAIL],
    # service accounts
    "service_accounts_by_ids": lambda k: ["", PAGE, k.accounts],
    "service_accounts_of_entities": lambda k: ["", PAGE, k.entities],
    "service_accounts_with_key": lambda k: ["", PAGE, k.key_digest],
    "note_uses": lambda k: [k.accounts, [str(k.at)] * len(k.accounts)],
    # sessions, and failures to sign in
    "open_sessions": lambda k: [k.person, "", PAGE, str(k.at)],
    "standing": lambda k: [_ACCOUNT, _SOURCE, str(k.at)],
    "count_failure": lambda k: [_ACCOUNT, _SOURCE, str(k.at), 5, "1 minute", "1 hour", "1 day"],
    "clear_failures": lambda k: [_ACCOUNT, _SOURCE, str(k.at)],
    # teams
    "teams_after": lambda _: ["", PAGE],
    "teams_before": lambda _: ["z", PAGE],
    "total": lambda _: ["users"],
    "teams_with_names": lambda k: [k.names],
    "team_size": lambda k: [k.team],
    **_in_every_order("teams", _TEAM_ORDERS),
    "teams_named": lambda k: [0, PAGE, ["name:asc"], k.names],
    "sorted_team_members": lambda k: [0, PAGE, ["email:asc"], k.team],
    "teams_on_entity": lambda k: [k.team_entity],
    "teams_on_entity_after": lambda k: ["", PAGE, k.team_entity],
    "teams_on_entity_before": lambda k: ["z", PAGE, k.team_entity],
    "teams_seen": lambda k: [k.teams, "", PAGE, False, k.joiner, k.entities, k.places],
    "roles_of_teams": lambda k: [k.teams, "", MOST_ROLES + 1, False, k.joiner, k.entities, k.places],
    "bindings_of_teams": lambda k: [k.teams, "", PAGE, False, k.joiner, k.entities, k.places],
    "team_bindings_on_entities": lambda k: [k.entities, "", PAGE],
    "members_of_teams": lambda k: [[k.team], "", PAGE],
    "memberships_of_people": lambda k: [k.people, "", PAGE],
    # signing keys
    "lock_signing_keys": lambda _: [],
    "add_signing_key": lambda k: ["kid", b"", b"", str(k.at), str(k.at), None],
    "revoke_signing_key": lambda k: ["kid", str(k.at)],
    "signing_keys": lambda _: [],
    # workspaces
    "workspaces_by_ids": lambda k: ["", PAGE, "", k.places],
    "workspaces_of_user": lambda k: ["", PAGE, "", k.person, k.places[:100], 0],
    "workspaces_with_label": lambda k: ["", PAGE, k.label],
    "workspaces_all": lambda _: ["", PAGE, ""],
}
"""Each named query with its arguments. A new query needs a line here, with what costs it most."""

HOUSEKEEPING: Final = frozenset({"forget_uses", "purge_failures", "count_loosely"})
"""What nobody waits for and has to see everything, once an hour; and a setting, which has no plan."""
