"""Races for roles: an owner remains, one binding comes of many wishes, and who has lost a role changes nothing."""

import asyncio
from collections.abc import Iterable, Mapping
from itertools import combinations_with_replacement, cycle, islice, product
from typing import Any, Final
from uuid import uuid4

import pytest

from services.identity.contract import Role
from tests.integration.bus import bus_of
from tests.integration.gateway.matrix.world import World
from tests.integration.gateway.whole import Aerodrome
from tests.integration.invites.installation import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOT_ALLOWED: Final = "You do not have the appropriate permissions for that"
LAST: Final = "There are no other system administrators. Please assign another before removing yourself."
WAYS: Final[Mapping[str, str]] = {
    "removal": "mutation ($u: Uuid) { removeUser(userUuid: $u) { id } }",
    "role": "mutation ($u: ID!) { createSystemRoleBinding(userId: $u, role: SYSTEM_VIEWER) { id } }",
    "group": 'mutation ($u: Uuid) { groupRemoveUser(groupUuid: "default_admin", userUuid: $u) { id } }',
    "ban": 'mutation ($u: Uuid!) { setUserStatus(userUuid: $u, status: "banned") { id } }',
    "leave": 'mutation ($u: Uuid!) { setUserStatus(userUuid: $u, status: "inactive") { id } }',
}
"""How an owner can cease to be one."""

ADMINS: Final = '{ groups(entityType: "system") { role users { id status } } }'


async def owners(aerodrome: Aerodrome) -> set[str]:
    """Return the people who hold SYSTEM_ADMIN and may sign in."""
    groups = await aerodrome.data(ADMINS, aerodrome.admin)
    admins = [user for group in groups if group["role"] == "SYSTEM_ADMIN" for user in group["users"]]
    return {user["id"] for user in admins if user["status"] == "active"}


def said(answer: Mapping[str, Any]) -> str:
    """Return the text of an answer's error, "" where it has none."""
    return "".join(error["message"] for error in answer.get("errors", ()))


async def race(aerodrome: Aerodrome, pairs: Iterable[tuple[str, str]]) -> None:
    """Let two owners, the only ones, end their own and then each other's ownership at once, in each pair of ways."""
    machine = Person(token=await aerodrome.make_key())  # who looks on is none of the owners
    survivor, aerodrome.installation.admin = aerodrome.installation.admin, machine
    async with bus_of(aerodrome.installation.nats, "invites") as as_invites:
        world = World(aerodrome, as_invites)
        for (first, second), own in product(pairs, (True, False)):
            new = await world.person(Role.SYSTEM_ADMIN)
            pair = survivor, Person(id=new.id, token=new.token)
            await round_of(aerodrome, pair, (WAYS[first], WAYS[second]), own=own)
            left = await owners(aerodrome)
            (survivor,) = [owner for owner in pair if owner.id in left]
            assert left == {survivor.id}
    aerodrome.installation.admin = survivor


async def round_of(aerodrome: Aerodrome, pair: tuple[Person, Person], ways: tuple[str, str], *, own: bool) -> None:
    """Let both act at once, on themselves or on each other; one is refused."""
    targets = pair if own else reversed(pair)
    acts = zip(ways, pair, targets, strict=True)
    answers = await asyncio.gather(*(aerodrome.door.run(way, owner.token, u=target.id) for way, owner, target in acts))
    refusals = sorted(said(answer) for answer in answers)
    # Who was second may have looked before: then they are told that they would take away the last one.
    assert refusals in ([["", LAST]] if own else [["", LAST], ["", NOT_ALLOWED]]), (ways, refusals)


async def test_an_owner_remains_when_two_end_it_at_once_in_any_ways(aerodrome: Aerodrome) -> None:
    await race(aerodrome, combinations_with_replacement(WAYS, 2))


@pytest.mark.full
@pytest.mark.timeout(1_800)
async def test_an_owner_remains_in_a_thousand_races(aerodrome: Aerodrome) -> None:
    await race(aerodrome, islice(cycle(product(WAYS, WAYS)), 500))


MEMBER: Final[Mapping[str, str]] = {
    "by group": "mutation ($g: Uuid, $u: String) { groupAddUser(groupUuid: $g, userUuid: $u) { id } }",
    "by address": "mutation ($w: Uuid, $e: String!) { workspaceAddUser(workspaceUuid: $w, email: $e) { id } }",
    "by either": "mutation ($w: Uuid!, $e: String!) { workspaceUpsertUserRole(workspaceUuid: $w, email: $e, "
    "role: WORKSPACE_VIEWER) }",
}
"""How somebody can become a member."""


async def test_one_binding_comes_of_many_wishes_at_once(aerodrome: Aerodrome) -> None:
    email = f"person-{uuid4().hex}@example.com"
    user, _ = await aerodrome.make_user(email)
    for _ in range(5):
        workspace = await aerodrome.make_workspace()
        groups = await aerodrome.data(
            "query ($w: Uuid) { groups(workspaceUuid: $w) { id role } }", aerodrome.admin, w=workspace
        )
        (group,) = [each["id"] for each in groups if each["role"] == "WORKSPACE_VIEWER"]
        things = {"w": workspace, "g": group, "u": user, "e": email}
        wishes = [document for document in MEMBER.values() for _ in range(3)]
        answers = await asyncio.gather(*(aerodrome.door.run(wish, aerodrome.admin, **things) for wish in wishes))
        assert {said(answer) for answer in answers} <= {"", "A duplicate role binding already exists"}
        found = await aerodrome.data(
            "query ($w: Uuid) { workspaces(workspaceUuid: $w) { roleBindings { user { id } } } }",
            aerodrome.admin,
            w=workspace,
        )
        assert [each["user"]["id"] for each in found[0]["roleBindings"]].count(user) == 1


async def test_what_a_member_wishes_while_being_removed_happens_before_or_not_at_all(aerodrome: Aerodrome) -> None:
    email = f"person-{uuid4().hex}@example.com"
    user, token = await aerodrome.make_user(email)
    add = (
        "mutation ($w: Uuid, $e: String!) { workspaceAddUser(workspaceUuid: $w, email: $e, role: WORKSPACE_EDITOR) "
        "{ id } }"
    )
    make = (
        'mutation ($w: Uuid!) { createWorkspaceServiceAccount(label: "x", workspaceUuid: $w, role: WORKSPACE_EDITOR) '
        "{ id } }"
    )
    remove = "mutation ($w: Uuid!, $u: Uuid) { workspaceRemoveUser(workspaceUuid: $w, userUuid: $u) { id } }"
    for _ in range(10):
        workspace = await aerodrome.make_workspace()
        await aerodrome.data(add, aerodrome.admin, w=workspace, e=email)
        wishes = [aerodrome.door.run(make, token, w=workspace) for _ in range(4)]
        removal = aerodrome.door.run(remove, aerodrome.admin, w=workspace, u=user)
        answers = await asyncio.gather(*wishes[:2], removal, *wishes[2:])
        assert not said(answers[2])
        assert {said(answer) for answer in answers} <= {"", NOT_ALLOWED}
    late = await aerodrome.installation.fetch(
        "identity",
        """
        select made.position from events made
        where made.type_name = 'credential.created' and made.metadata::json ->> 'subject' = $1 and exists (
            select 1 from events gone
            where gone.stream = 'user-' || $1 and gone.type_name = 'user.role_revoked'
              and gone.data::json ->> 'entity' = made.data::json ->> 'entity' and gone.position < made.position)
        """,
        user,
    )
    assert not late
