"""Users through the REST interface. The numbers are those of the cases in iam.md, section 12."""

import pytest

from tests.integration.gateway.iam.client import NO_ACCESS, colleague, iam_of
from tests.integration.gateway.test_whole import somebody
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

BIND = """mutation ($w: Uuid!, $e: String!, $r: Role!) {
  workspaceAddUser(workspaceUuid: $w, email: $e, role: $r) { id }
}"""


async def test_a_user_is_shown_as_graphql_made_them(aerodrome: Aerodrome) -> None:
    admin, email, place = await iam_of(aerodrome), somebody(), await aerodrome.make_workspace("users")
    user_id, _ = await aerodrome.make_user(email)
    shown = await admin.done("GET", f"/users/{user_id}")
    assert shown == {
        "id": user_id,
        "username": email,
        "fullName": "",
        "avatarUrl": "",
        "status": "ACTIVE",
        "createdAt": shown["createdAt"],
        "updatedAt": shown["updatedAt"],
    }
    await aerodrome.data(BIND, aerodrome.admin, w=place, e=email, r="WORKSPACE_EDITOR")
    shown = await admin.done("GET", f"/users/{user_id}")
    assert shown["workspaceRoles"] == [{"workspaceId": place, "role": "WORKSPACE_OPERATOR"}]
    listed = (await admin.done("GET", "/users", workspaceId=place, sorts="username:asc"))["users"]
    assert [each["username"] for each in listed] == sorted(["admin@example.com", email])


async def test_an_invited_person_is_pending_and_found_at_once(aerodrome: Aerodrome) -> None:
    admin, email = await iam_of(aerodrome), somebody()
    invite = "mutation ($e: String!) { inviteUser(email: $e) { id } }"
    before = (await admin.done("GET", "/users", limit="0"))["totalCount"]
    await aerodrome.data(invite, aerodrome.admin, e=email)
    newest = (await admin.done("GET", "/users", sorts="createdAt:desc", limit="1"))["users"][0]
    assert (newest["username"], newest["status"]) == (email, "PENDING")
    assert (await admin.done("GET", "/users", limit="0"))["totalCount"] == before + 1
    assert (await admin.done("GET", f"/users/{newest['id']}"))["id"] == newest["id"]


async def test_pages_in_every_order_hold_each_user_once(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    for _ in range(4):
        await colleague(aerodrome)
    everybody = (await admin.done("GET", "/users", limit="1000"))["users"]
    for field in ("id", "username", "fullName", "createdAt", "updatedAt"):
        for way in ("asc", "desc"):
            ids: list[str] = []
            while len(ids) < len(everybody):
                query = [
                    ("limit", "2"),
                    ("offset", str(len(ids))),
                    ("sorts[]", f"{field}:{way}"),
                    ("sorts[]", "id:desc"),
                ]
                status, page = await admin.call("GET", "/users", query=query)
                assert (status, page["totalCount"]) == (200, len(everybody))
                ids += [each["id"] for each in page["users"]]
            texts = {each["id"]: each[field] for each in everybody}
            assert [texts[id_] for id_ in ids] == sorted(texts.values(), reverse=way == "desc")


async def test_case_19_a_place_that_is_not_there_has_nobody(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    for name in ("workspaceId", "deploymentId"):
        found = await admin.done("GET", "/users", **{name: "x"})
        assert (found["users"], found["totalCount"]) == ([], 0)


async def test_case_20_a_person_who_is_not_there_is_not_found(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    assert await admin.refused("GET", "/users/x") == (404, "user with id x not found")


async def test_who_has_a_role_in_a_workspace_alone_lists_its_users_alone(aerodrome: Aerodrome) -> None:
    one, other = await aerodrome.make_workspace("one"), await aerodrome.make_workspace("other")
    email = somebody()
    user_id, token = await aerodrome.make_user(email)
    await aerodrome.data(BIND, aerodrome.admin, w=one, e=email, r="WORKSPACE_VIEWER")
    theirs = await iam_of(aerodrome, token)
    found = await theirs.done("GET", "/users", workspaceId=one)
    assert {each["id"] for each in found["users"]} == {user_id, aerodrome.installation.admin.id}
    for path in ("/users", f"/users?workspaceId={other}", f"/users/{user_id}"):
        assert await theirs.refused("GET", path) == (403, NO_ACCESS)
