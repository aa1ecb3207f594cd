"""What holds for every operation of the REST interface. The numbers are those of iam.md, section 12."""

from dataclasses import replace
from typing import Any

import pytest

from services.gateway.iam.door import OPERATIONS
from tests.integration.gateway.iam.client import NO_ACCESS, colleague, iam_of
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = [(each.method, each.path.replace("{", "").replace("}", "")) for each in OPERATIONS]


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer garbage", "Bearer a.b.c", "token", "Bearer a b"]
)
async def test_cases_01_and_02_without_a_good_token_nothing_is_told(aerodrome: Aerodrome, header: str) -> None:
    nobody = await iam_of(aerodrome)
    for organization in (nobody.organization, "x"):
        for method, path in PATHS:
            stranger = replace(nobody, organization=organization)
            status, body = await stranger.call(method, path, b"{", headers={"Authorization": header})
            assert (status, body["message"]) == (401, "Unauthorized")


async def test_the_scheme_is_read_in_any_case(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    for scheme in ("bearer", "BEARER"):
        assert (await admin.call("GET", "/teams", headers={"authorization": f"{scheme} {admin.token}"}))[0] == 200


async def test_case_04_who_may_not_sign_in_any_more_is_nobody(aerodrome: Aerodrome) -> None:
    user_id, theirs = await colleague(aerodrome, "ORGANIZATION_MEMBER")
    await theirs.done("GET", "/teams")
    suspend = "mutation ($u: Uuid!) { removeUser(id: $u) { id } }"
    await aerodrome.data(suspend, aerodrome.admin, u=user_id)
    assert await theirs.refused("GET", "/teams") == (401, "Unauthorized")


async def test_case_05_another_organization_is_not_told_from_none(aerodrome: Aerodrome) -> None:
    for organization in ("cm0a1orgexample000000000a", "x"):
        elsewhere = replace(await iam_of(aerodrome), organization=organization)
        for method, path in PATHS:
            assert await elsewhere.refused(method, path, b"{") == (403, NO_ACCESS)


async def test_who_has_no_role_has_no_access(aerodrome: Aerodrome) -> None:
    _, stranger = await colleague(aerodrome)
    for method, path in PATHS:
        assert await stranger.refused(method, path, b"{") == (403, NO_ACCESS)


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/teams/", "/teams/x/y/z", "/users/x/y/z"])
async def test_case_07_an_unknown_address_is_404(aerodrome: Aerodrome, path: str) -> None:
    assert (await (await iam_of(aerodrome)).refused("GET", path))[0] == 404


async def test_case_08_another_method_is_405(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
        assert (await admin.refused(method, "/teams"))[0] == 405
    assert (await admin.refused("GET", "/teams/x/roles"))[0] == 405


@pytest.mark.parametrize("body", [None, b"", b"{", b"[]", b"1", b'"x"', b"null", b"\xff", b"[" * 100_000])
async def test_case_09_a_body_is_a_json_object(aerodrome: Aerodrome, body: Any) -> None:
    assert (await (await iam_of(aerodrome)).refused("POST", "/teams", body))[0] == 400


@pytest.mark.parametrize("name", [1, True, ["x"], {"x": 1}, 1.5])
async def test_cases_10_and_11_a_value_of_another_type_is_400_and_named(aerodrome: Aerodrome, name: Any) -> None:
    status, body = await (await iam_of(aerodrome)).call("POST", "/teams", {"name": name})
    assert status == 400
    (wrong,) = body["fieldErrors"]
    assert wrong["field"] == "name"
    assert "name" in body["message"]


async def test_case_12_what_is_not_known_is_left_alone(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    status, _ = await admin.call(
        "POST", "/teams", {"name": "x", "colour": "red"}, query=[("x", "y")], headers={"Content-Type": "text/plain"}
    )
    assert status == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", each) for each in ("-1", "1001", "x", "", "1.5", "\uff11", "9" * 30)]
    + [("offset", each) for each in ("-1", "x", "")]
    + [("sorts", each) for each in ("name", "name:up", "email:asc", "userId:asc", "name:asc,createdAt:desc", "")],
)
async def test_cases_13_15_and_17_a_wrong_parameter_is_400(aerodrome: Aerodrome, name: str, value: str) -> None:
    status, body = await (await iam_of(aerodrome)).call("GET", "/teams", query=[(name, value)])
    assert (status, name in body["message"]) == (400, True)


async def test_case_14_a_page_of_members_may_be_of_any_size(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    team = await admin.team()
    assert (await admin.done("GET", f"/teams/{team['id']}/members", limit="5000"))["limit"] == 5000


async def test_the_id_of_a_request_is_sent_back(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    _, body = await admin.call("GET", "/teams/x", headers={"X-Request-Id": "mine-1"})
    assert body["requestId"] == "mine-1"
    _, body = await admin.call("GET", "/teams/x", headers={"X-Request-Id": "x" * 500})
    assert body["requestId"] != "x" * 500


async def test_a_key_has_a_request_done_once(aerodrome: Aerodrome) -> None:
    admin = await iam_of(aerodrome)
    key = {"Idempotency-Key": "once"}
    first = await admin.call("POST", "/teams", {"name": "once"}, headers=key)
    assert await admin.call("POST", "/teams", {"name": "once"}, headers=key) == first
    status, body = await admin.call("POST", "/teams", {"name": "twice"}, headers=key)
    assert (status, body["statusCode"]) == (400, 400)


async def test_a_machine_may_do_what_its_role_says(aerodrome: Aerodrome) -> None:
    machine = await iam_of(aerodrome, await aerodrome.make_key())
    made = await machine.team()
    assert (made["createdBy"]["subjectType"], made["createdBy"]["apiTokenName"]) == ("SERVICEKEY", "ci")
    weak = await iam_of(aerodrome, await aerodrome.make_key("SYSTEM_VIEWER"))
    assert await weak.refused("DELETE", f"/teams/{made['id']}") == (403, NO_ACCESS)
