"""Teams through the REST interface. The numbers are those of the cases in iam.md, section 12."""

import re
from typing import Any

import pytest

from tests.integration.gateway.iam.client import NO_ACCESS, colleague, iam_of
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = "cm0a1userexample00000000a"
MEMBER = "ORGANIZATION_MEMBER"


async def test_a_team_lives_its_life(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    user_id, _ = await colleague(aerodrome)
    made = await admin.done("POST", "/teams", {"name": "pilots", "description": "they fly", "memberIds": [user_id]})
    assert re.fullmatch(r"c[a-z0-9]{24}", made["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["createdAt"])
    profile = made["createdBy"]
    assert (profile["subjectType"], profile["username"]) == ("USER", "admin@example.com")
    assert made == {
        "id": made["id"],
        "name": "pilots",
        "description": "they fly",
        "isIdpManaged": False,
        "organizationId": admin.organization,
        "organizationRole": MEMBER,
        "rolesCount": 1,
        "createdAt": made["createdAt"],
        "createdBy": profile,
        "updatedAt": made["createdAt"],
        "updatedBy": profile,
    }
    assert await admin.done("GET", f"/teams/{made['id']}") == made
    changed = await admin.done("POST", f"/teams/{made['id']}", {"name": "crew"})
    assert (changed["name"], changed["description"]) == ("crew", "they fly")
    cleared = await admin.done("POST", f"/teams/{made['id']}", {"name": "crew", "description": ""})
    assert cleared["description"] == ""
    members = await admin.done("GET", f"/teams/{made['id']}/members")
    assert (members["totalCount"], members["limit"], members["offset"]) == (1, 20, 0)
    assert members["teamMembers"][0]["userId"] == user_id
    await admin.done("DELETE", f"/teams/{made['id']}")
    assert await admin.refused("GET", f"/teams/{made['id']}") == (404, f"team with id {made['id']} not found")


async def test_roles_are_replaced_whole_and_read_back_as_written(aerodrome: Aerodrome) -> None:
    admin, team = await iam_of(aerodrome), await (await iam_of(aerodrome)).team()
    one, other = sorted([await aerodrome.make_workspace("one"), await aerodrome.make_workspace("other")])
    wanted: dict[str, Any] = {
        "organizationRole": "ORGANIZATION_BILLING_ADMIN",
        "workspaceRoles": [
            {"workspaceId": one, "role": "WORKSPACE_AUTHOR"},
            {"workspaceId": other, "role": "WORKSPACE_MEMBER"},
        ],
        "dagRoles": [],
        "deploymentRoles": None,
    }
    roles = {key: wanted[key] for key in ("organizationRole", "workspaceRoles")}
    assert await admin.done("POST", f"/teams/{team['id']}/roles", wanted) == roles
    shown = await admin.done("GET", f"/teams/{team['id']}")
    assert {key: shown[key] for key in roles} == roles
    assert shown["rolesCount"] == 3
    again = await admin.done("POST", f"/teams/{team['id']}/roles", wanted)
    assert again == roles
    assert (await admin.done("GET", f"/teams/{team['id']}"))["updatedAt"] == shown["updatedAt"]
    assert await admin.done("POST", f"/teams/{team['id']}/roles", {"organizationRole": MEMBER}) == {
        "organizationRole": MEMBER
    }


async def test_graphql_and_rest_show_the_same_team(aerodrome: Aerodrome) -> None:
    admin, place = await iam_of(aerodrome), await aerodrome.make_workspace("shared")
    create = 'mutation { createTeam(name: "both", description: "seen twice") { id } }'
    id_ = (await aerodrome.data(create, aerodrome.admin))["id"]
    give = """mutation ($t: Uuid!, $w: Uuid!) {
      workspaceAddTeam(teamUuid: $t, workspaceUuid: $w, role: WORKSPACE_EDITOR) { id }
    }"""
    await aerodrome.data(give, aerodrome.admin, t=id_, w=place)
    shown = await admin.done("GET", f"/teams/{id_}")
    assert (shown["name"], shown["description"], shown["organizationRole"]) == ("both", "seen twice", MEMBER)
    assert shown["workspaceRoles"] == [{"workspaceId": place, "role": "WORKSPACE_OPERATOR"}]
    back = {key: shown[key] for key in ("organizationRole", "workspaceRoles")}
    assert await admin.done("POST", f"/teams/{id_}/roles", back) == back
    assert (await admin.done("GET", f"/teams/{id_}"))["updatedAt"] == shown["updatedAt"]
    await admin.done("POST", f"/teams/{id_}", {"name": "renamed"})
    find = "query ($t: Uuid!) { team(teamUuid: $t) { name roleBindings { role workspace { id } } } }"
    found = await aerodrome.data(find, aerodrome.admin, t=id_)
    assert found == {"name": "renamed", "roleBindings": [{"role": "WORKSPACE_EDITOR", "workspace": {"id": place}}]}


async def test_pages_in_every_order_hold_each_team_once(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    for number in range(7):
        await admin.team(description="same" if number % 2 else f"own {number}")
    everything = (await admin.done("GET", "/teams", limit="1000"))["teams"]
    assert [each["id"] for each in everything] == sorted(each["id"] for each in everything)  # by creation
    for field in ("name", "description", "createdAt", "updatedAt"):
        for way in ("asc", "desc"):
            ids: list[str] = []
            while len(ids) < len(everything):
                query = [("limit", "3"), ("offset", str(len(ids))), ("sorts", f"{field}:{way}"), ("sorts", "name:desc")]
                status, page = await admin.call("GET", "/teams", query=query)
                assert (status, page["totalCount"]) == (200, len(everything))
                ids += [each["id"] for each in page["teams"]]
            assert sorted(ids) == sorted(each["id"] for each in everything)
            texts = {each["id"]: each[field] for each in everything}
            shown = [texts[id_] for id_ in ids]
            assert shown == sorted(shown, reverse=way == "desc")
    names = [("names", everything[0]["name"]), ("names", everything[1]["name"]), ("names", "nobody's")]
    found = (await admin.call("GET", "/teams", query=names))[1]
    assert found["totalCount"] == len(found["teams"]) >= 2
    past = await admin.done("GET", "/teams", offset="5000")
    assert (past["teams"], past["totalCount"]) == ([], len(everything))
    assert (await admin.done("GET", "/teams", limit="0"))["totalCount"] == len(everything)


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": None}, {"name": "x", "organizationRole": "KING"}])
async def test_case_30_a_team_needs_a_name_and_a_known_role(aerodrome: Aerodrome, body: Any) -> None:
    assert (await (await iam_of(aerodrome)).refused("POST", "/teams", body))[0] == 400


async def test_case_31_an_unknown_member_makes_no_team(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    before = (await admin.done("GET", "/teams"))["totalCount"]
    body = {"name": "x", "memberIds": [NOBODY]}
    assert await admin.refused("POST", "/teams", body) == (404, f"user with id {NOBODY} not found")
    assert (await admin.done("GET", "/teams"))["totalCount"] == before


async def test_case_32_two_teams_may_have_one_name(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    assert (await admin.team(name="twin"))["id"] != (await admin.team(name="twin"))["id"]


async def test_cases_33_and_40_a_team_that_is_none_is_not_found(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    gone = (await admin.team())["id"]
    await admin.done("DELETE", f"/teams/{gone}")
    for id_ in (gone, "cm0a1teamexample00000000a", "x"):
        for method, path, body in (
            ("GET", "", None),
            ("POST", "", {"name": "x"}),
            ("DELETE", "", None),
            ("GET", "/members", None),
            ("POST", "/members", {"memberIds": [NOBODY]}),
            ("DELETE", f"/members/{NOBODY}", None),
            ("POST", "/roles", {"organizationRole": MEMBER}),
            ("POST", "/roles", {"organizationRole": "ORGANIZATION_OWNER"}),
        ):
            assert await admin.refused(method, f"/teams/{id_}{path}", body) == (404, f"team with id {id_} not found")


@pytest.mark.parametrize("body", [{}, {"memberIds": []}, {"memberIds": [1]}, {"memberIds": None}, {"memberIds": "x"}])
async def test_case_35_members_are_a_list_of_texts(aerodrome: Aerodrome, body: Any) -> None:
    admin = await iam_of(aerodrome)
    team = await admin.team()
    assert (await admin.refused("POST", f"/teams/{team['id']}/members", body))[0] == 400


async def test_cases_36_and_37_members_are_added_all_or_none_and_again_without_harm(aerodrome: Aerodrome) -> None:
    admin, (user_id, _) = await iam_of(aerodrome), await colleague(aerodrome)
    team = (await admin.team())["id"]
    refused = await admin.refused("POST", f"/teams/{team}/members", {"memberIds": [user_id, NOBODY]})
    assert refused == (404, f"user with id {NOBODY} not found")
    assert (await admin.done("GET", f"/teams/{team}/members"))["teamMembers"] == []
    for _ in range(2):
        await admin.done("POST", f"/teams/{team}/members", {"memberIds": [user_id, user_id]})
    assert (await admin.done("GET", f"/teams/{team}/members"))["totalCount"] == 1


async def test_case_38_one_who_is_no_member_can_not_be_removed(aerodrome: Aerodrome) -> None:
    admin, (user_id, _) = await iam_of(aerodrome), await colleague(aerodrome)
    team = (await admin.team(user_id))["id"]
    await admin.done("DELETE", f"/teams/{team}/members/{user_id}")
    for id_ in (user_id, NOBODY):
        refused = await admin.refused("DELETE", f"/teams/{team}/members/{id_}")
        assert refused == (404, f"team member with id {id_} not found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"organizationRole": None},
        {"organizationRole": "WORKSPACE_OWNER"},
        {"organizationRole": MEMBER, "workspaceRoles": [{"role": "WORKSPACE_OWNER"}]},
        {"organizationRole": MEMBER, "workspaceRoles": [{"workspaceId": "x", "role": "ORGANIZATION_OWNER"}]},
        {"organizationRole": MEMBER, "workspaceRoles": [{"workspaceId": "x", "role": "WORKSPACE_OWNER"}] * 2},
    ],
)
async def test_case_39_roles_of_another_shape_are_refused(aerodrome: Aerodrome, body: Any) -> None:
    admin = await iam_of(aerodrome)
    team = await admin.team()
    assert (await admin.refused("POST", f"/teams/{team['id']}/roles", body))[0] == 400


async def test_roles_on_what_is_not_there_are_not_found_and_change_nothing(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    team = await admin.team()
    roles = {
        "organizationRole": "ORGANIZATION_OWNER",
        "workspaceRoles": [{"workspaceId": "x", "role": "WORKSPACE_OWNER"}],
    }
    refused = await admin.refused("POST", f"/teams/{team['id']}/roles", roles)
    assert refused == (404, "workspace with id x not found")
    assert await admin.done("GET", f"/teams/{team['id']}") == team


async def test_case_41_what_a_team_gave_ends_with_it_and_with_the_membership(aerodrome: Aerodrome) -> None:
    admin, (user_id, theirs) = await iam_of(aerodrome), await colleague(aerodrome)
    kept, left = (await admin.team(user_id))["id"], (await admin.team(user_id))["id"]
    await theirs.done("GET", "/teams")
    await admin.done("DELETE", f"/teams/{kept}")
    await theirs.done("GET", "/teams")
    await admin.done("DELETE", f"/teams/{left}/members/{user_id}")
    assert await theirs.refused("GET", "/teams") == (403, NO_ACCESS)


async def test_case_28_an_owner_of_a_workspace_changes_roles_there_alone(aerodrome: Aerodrome) -> None:
    one, other = await aerodrome.make_workspace("mine"), await aerodrome.make_workspace("theirs")
    _, owner = await colleague(aerodrome, "WORKSPACE_OWNER", one)
    admin = await iam_of(aerodrome)
    team = (await admin.team())["id"]

    def roles(place: str, organization: str = MEMBER) -> dict[str, Any]:
        role = {"workspaceId": place, "role": "WORKSPACE_OPERATOR"}
        return {"organizationRole": organization, "workspaceRoles": [role]}

    await owner.done("POST", f"/teams/{team}/roles", roles(one))
    for wanted in (roles(other), roles(one, "ORGANIZATION_OWNER")):
        assert await owner.refused("POST", f"/teams/{team}/roles", wanted) == (403, NO_ACCESS)
    assert await admin.done("POST", f"/teams/{team}/roles", roles(one)) == roles(one)


async def test_case_06_who_is_no_owner_changes_no_team(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    team = (await admin.team())["id"]
    for role in (MEMBER, "ORGANIZATION_BILLING_ADMIN"):
        _, member = await colleague(aerodrome, role)
        await member.done("GET", f"/teams/{team}/members")
        for method, path, body in (
            ("POST", "", {"name": ""}),
            ("POST", f"/{team}", {"name": "x"}),
            ("DELETE", f"/{team}", None),
            ("POST", f"/{team}/members", {"memberIds": [NOBODY]}),
            ("DELETE", f"/{team}/members/{NOBODY}", None),
            ("POST", f"/{team}/roles", {"organizationRole": "ORGANIZATION_OWNER"}),
        ):
            assert await member.refused(method, f"/teams{path}", body) == (403, NO_ACCESS)
