"""Roles on deployments and places in teams that an invitation brings, once the invited person signs up."""

import asyncio
from typing import Any

from tests.integration.gateway.test_inviting import JANE, NO_TOKEN, NOT_FOUND, SIGN_UP, events, house
from tests.integration.gateway.whole import Aerodrome
from tests.integration.invites.installation import PASSWORD, PUBLIC_URL
from tests.integration.invites.post_office import text_of, token_in

__all__ = ["house"]

ADD = (
    "mutation ($w: Uuid, $e: String!, $r: Role! = WORKSPACE_VIEWER, $d: [DeploymentRoles!]) "
    "{ workspaceAddUser(workspaceUuid: $w, email: $e, role: $r, deploymentRoles: $d) { id } }"
)
INVITE = "mutation ($e: String!, $t: [Id!]) { inviteUser(email: $e, teamUuids: $t) { id } }"
WITHDRAW = "mutation ($i: Uuid) { deleteInviteToken(inviteUuid: $i) { id } }"
CREATE = "mutation ($w: Uuid!, $l: String!) { createDeployment(workspaceUuid: $w, label: $l) { id } }"
DELETE = "mutation ($d: Uuid!) { deleteDeployment(deploymentUuid: $d) { id } }"
TEAM = "mutation ($n: String!) { createTeam(name: $n) { id } }"
TEAM_ROLE = "mutation ($t: Uuid!, $r: Role!) { createTeamSystemRoleBinding(teamUuid: $t, role: $r) { role } }"
DELETE_TEAM = "mutation ($t: Uuid!) { deleteTeam(teamUuid: $t) { id } }"
MEMBERS = "query ($t: Uuid!) { teamUsers(teamUuid: $t) { id } }"
HELD = "{ self { user { id roleBindings { role workspace { id } deployment { id } } teams { id } } } }"
NOT_ALLOWED = ("You do not have the appropriate permissions for that", "FORBIDDEN")


def along(*held: tuple[str, str]) -> list[dict[str, str]]:
    """Return roles on deployments as an argument."""
    return [{"deploymentId": deployment, "role": role} for deployment, role in held]


async def sign_up(house: Aerodrome, email: str) -> tuple[str, dict[str, Any]]:
    """Return the token of who follows the link mailed to them, and what they hold."""
    token = token_in(await house.office.mail_to(email), below=PUBLIC_URL)
    signed = await house.data(SIGN_UP, "", e=email, p=PASSWORD, t=token)
    held = await house.data(HELD, signed["token"]["value"])
    return signed["token"]["value"], held["user"]


async def test_roles_on_deployments_come_with_the_one_in_their_workspace(house: Aerodrome) -> None:
    place, elsewhere = await house.make_workspace("here"), await house.make_workspace("elsewhere")
    one, two, gone = [(await house.data(CREATE, house.admin, w=place, l=label))["id"] for label in ("1", "2", "3")]
    foreign = (await house.data(CREATE, house.admin, w=elsewhere, l="4"))["id"]
    wrong = {"w": place, "e": JANE}
    assert await house.refused(ADD, house.admin, **wrong, d=along((foreign, "DEPLOYMENT_VIEWER"))) == NOT_FOUND
    assert await house.refused(ADD, house.admin, **wrong, d=along(("cnone", "DEPLOYMENT_VIEWER"))) == NOT_FOUND
    assert (await house.refused(ADD, house.admin, **wrong, d=along((one, "WORKSPACE_VIEWER"))))[1] == "BAD_USER_INPUT"
    twice = along((one, "DEPLOYMENT_VIEWER"), (one, "DEPLOYMENT_ADMIN"))
    assert (await house.refused(ADD, house.admin, **wrong, d=twice))[1] == "BAD_USER_INPUT"
    assert await events(house, "user.invited") == []

    brought = along((one, "DEPLOYMENT_ADMIN"), (two, "DEPLOYMENT_VIEWER"), (gone, "DEPLOYMENT_EDITOR"))
    await house.data(ADD, house.admin, w=place, e=JANE, d=brought)
    await house.data(DELETE, house.admin, d=gone)
    _, held = await sign_up(house, JANE)

    roles = [(each["role"], (each["deployment"] or each["workspace"])["id"]) for each in held["roleBindings"]]
    assert sorted(roles) == sorted([("WORKSPACE_VIEWER", place), ("DEPLOYMENT_ADMIN", one), ("DEPLOYMENT_VIEWER", two)])
    (activated,) = await events(house, "user.activated")
    granted = [each for each in await events(house, "user.role_granted") if each["entry"] == activated["entry"]]
    assert len(granted) == 3


async def test_nobody_invites_with_more_on_a_deployment_than_they_hold(house: Aerodrome) -> None:
    place = await house.make_workspace()
    deployment = (await house.data(CREATE, house.admin, w=place, l="1"))["id"]
    editor_id, editor = await house.make_user("editor@example.com")
    await house.data(ADD, house.admin, w=place, e="editor@example.com", r="WORKSPACE_EDITOR")
    mine = along((deployment, "DEPLOYMENT_VIEWER"))
    assert await house.refused(ADD, editor, w=place, e=JANE, d=mine) == NOT_ALLOWED
    assert all(each["data"]["user_id"] == editor_id for each in await events(house, "user.invited"))


async def test_an_invited_person_joins_teams_in_the_append_that_activates(house: Aerodrome) -> None:
    team, gone = [(await house.data(TEAM, house.admin, n=name))["id"] for name in ("crew", "gone")]
    await house.data(TEAM_ROLE, house.admin, t=team, r="SYSTEM_VIEWER")
    await house.data(INVITE, house.admin, e=JANE, t=[team, gone, team])
    await house.data(DELETE_TEAM, house.admin, t=gone)
    assert await house.data(MEMBERS, house.admin, t=team) == []

    token, held = await sign_up(house, JANE)

    assert held["teams"] == [{"id": team}]
    assert len(await house.data("{ users { id } }", token)) == 2
    (activated,) = await events(house, "user.activated")
    (joined,) = await events(house, "team.members_added")
    assert (joined["entry"], joined["data"]["user_ids"]) == (activated["entry"], [held["id"]])


async def test_who_invites_into_a_team_must_be_able_to_add_to_it_and_hold_what_it_gives(house: Aerodrome) -> None:
    team = (await house.data(TEAM, house.admin, n="crew"))["id"]
    await house.data(TEAM_ROLE, house.admin, t=team, r="SYSTEM_ADMIN")
    weaker = await house.make_key("SYSTEM_EDITOR")
    assert await house.refused(INVITE, weaker, e=JANE, t=[team]) == NOT_ALLOWED
    assert await house.refused(INVITE, "", e=JANE, t=[team]) == NOT_ALLOWED
    assert await house.refused(INVITE, house.admin, e=JANE, t=["cnone"]) == NOT_FOUND
    assert (await house.refused(INVITE, house.admin, e=JANE, t=[f"c{n}" for n in range(21)]))[1] == "BAD_USER_INPUT"
    assert await events(house, "user.invited") == []
    await house.data(INVITE, await house.make_key(), e=JANE, t=[team])
    _, held = await sign_up(house, JANE)
    assert held["teams"] == [{"id": team}]


async def test_a_withdrawn_invitation_brings_nobody_into_a_team(house: Aerodrome) -> None:
    place, team = await house.make_workspace(), (await house.data(TEAM, house.admin, n="crew"))["id"]
    withdrawn = await house.data(INVITE, house.admin, e=JANE, t=[team])
    dead = token_in(await house.office.mail_to(JANE), below=PUBLIC_URL)
    await house.data(ADD, house.admin, w=place, e=JANE)
    mails = await house.office.wait(mails=2)
    await house.data(WITHDRAW, house.admin, i=withdrawn["id"])
    assert await house.refused(SIGN_UP, "", e=JANE, p=PASSWORD, t=dead) == NO_TOKEN
    await house.data(SIGN_UP, "", e=JANE, p=PASSWORD, t=token_in(mails[-1], below=PUBLIC_URL))
    assert await house.data(MEMBERS, house.admin, t=team) == []


async def test_many_join_one_team_at_the_same_time(house: Aerodrome) -> None:
    team = (await house.data(TEAM, house.admin, n="crew"))["id"]
    people = [f"jane{number}@example.com" for number in range(8)]
    await asyncio.gather(*(house.data(INVITE, house.admin, e=email, t=[team]) for email in people))
    joined = await asyncio.gather(*(sign_up(house, email) for email in people))
    assert all(held["teams"] == [{"id": team}] for _, held in joined)
    assert len(await house.data(MEMBERS, house.admin, t=team)) == 8


async def test_an_invite_and_its_mail_tell_all_that_it_brings_and_by_whom(house: Aerodrome) -> None:
    shown = "inviter { id kind label } role workspace { id } teams { id } deploymentRoles { role deployment { id } }"
    admin = {"id": house.installation.admin.id, "kind": "user", "label": "admin@example.com"}
    team = (await house.data(TEAM, house.admin, n="Night crew"))["id"]
    invite = f"mutation ($e: String!, $t: [Id!]) {{ inviteUser(email: $e, teamUuids: $t) {{ {shown} }} }}"
    made = await house.data(invite, house.admin, e="new@example.com", t=[team])
    assert made == {
        "inviter": admin,
        "role": None,
        "workspace": None,
        "teams": [{"id": team}],
        "deploymentRoles": [],
    }
    text = text_of(await house.office.mail_to("new@example.com"))
    assert "invited to Flight School by admin@example.com. With it come a place in the team Night crew." in text

    place = await house.make_workspace("Analytics")
    deployment = (await house.data(CREATE, house.admin, w=place, l="1"))["id"]
    brought = along((deployment, "DEPLOYMENT_EDITOR"))
    await house.data(ADD, house.admin, w=place, e=JANE, r="WORKSPACE_EDITOR", d=brought)
    text = text_of(await house.office.mail_to(JANE))
    told = (
        '"Analytics" of Flight School with the role WORKSPACE_EDITOR by admin@example.com. With it come roles on 1 of'
    )
    assert told in text
    listing = f"query ($w: Uuid!) {{ workspaceInvites(workspaceUuid: $w) {{ {shown} }} }}"
    (listed,) = await house.data(listing, house.admin, w=place)
    assert listed == {
        "inviter": admin,
        "role": "WORKSPACE_EDITOR",
        "workspace": {"id": place},
        "teams": [],
        "deploymentRoles": [{"role": "DEPLOYMENT_EDITOR", "deployment": {"id": deployment}}],
    }
