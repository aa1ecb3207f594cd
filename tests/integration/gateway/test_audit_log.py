"""`auditLog` over all services: one list, newest first, for those who may read it."""

import json
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.msg import Msg

from services.cli.auditing import Export
from tests.integration.bus import client_of
from tests.integration.gateway.whole import Aerodrome
from tests.integration.invites.installation import environment

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORDS = """
query ($w: Uuid, $a: Uuid, $action: String, $t: Uuid, $o: String, $since: DateTime, $take: Int, $cursor: String) {
  auditLog(
    workspaceUuid: $w, actor: $a, action: $action, target: $t, outcome: $o, since: $since, take: $take, cursor: $cursor
  ) {
    records {
      id time service action outcome rule actor { id kind label } credential role targetKind target workspace
      address agent requestId
    }
    cursor
  }
}"""
CREATE = "mutation ($w: Uuid!, $l: String!) { createDeployment(workspaceUuid: $w, label: $l) { id } }"
NOT_ALLOWED = ("You do not have the appropriate permissions for that", "FORBIDDEN")


async def records(aerodrome: Aerodrome, token: str = "", **filters: Any) -> list[dict[str, Any]]:
    """Return all that match, page by page."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await aerodrome.data(RECORDS, token or aerodrome.admin, **filters, cursor=cursor)
        found += page["records"]
        cursor = page["cursor"]
        if cursor is None:
            return found


async def test_a_record_has_who_what_from_where_and_the_services_share_a_request_id(aerodrome: Aerodrome) -> None:
    place = await aerodrome.make_workspace()
    made = await aerodrome.data(CREATE, aerodrome.admin, w=place, l="nightly")
    found = await records(aerodrome, w=place, t=made["id"], action="deployment.created")
    (record,) = found
    assert record["actor"] == {
        "id": aerodrome.installation.admin.id,
        "kind": "user",
        "label": "admin@example.com",
    }
    assert (record["service"], record["outcome"], record["rule"]) == ("deployments", "done", None)
    assert (record["targetKind"], record["workspace"], record["role"]) == ("deployment", place, "SYSTEM_ADMIN")
    assert record["address"] == "127.0.0.1"
    assert "aiohttp" in record["agent"]
    named = await records(aerodrome, w=place, action="workspace.")
    assert {each["requestId"] for each in named if each["service"] == "deployments"} == {record["requestId"]}
    assert {each["address"] for each in named} == {"127.0.0.1"}


async def test_only_identity_hears_an_address_in_the_clear(aerodrome: Aerodrome) -> None:
    place = await aerodrome.make_workspace()
    heard: dict[str, list[bytes]] = {"identity": [], "invites": [], "deployments": []}

    async def note(message: Msg) -> None:
        heard[message.subject.partition(".")[0]].append(message.data)

    async with client_of(aerodrome.installation.nats, "test") as client:
        for service in heard:
            await client.subscribe(f"{service}.>", cb=note)
        await client.flush()
        await aerodrome.data(CREATE, aerodrome.admin, w=place, l="nightly")
        await aerodrome.make_user(f"{uuid4().hex}@example.com")
        rename = 'mutation ($w: Uuid!) { updateWorkspace(workspaceUuid: $w, payload: {label: "x"}) { id } }'
        await aerodrome.data(rename, aerodrome.admin, w=place)
        await client.flush()
    clear = {service: [data for data in messages if b"127.0.0.1" in data] for service, messages in heard.items()}
    assert all(heard.values())
    assert clear["identity"]
    assert (clear["invites"], clear["deployments"]) == ([], [])


async def test_what_a_service_does_because_of_a_command_tells_from_where(aerodrome: Aerodrome) -> None:
    place = await aerodrome.make_workspace()
    made = await aerodrome.data(CREATE, aerodrome.admin, w=place, l="nightly")
    installation = aerodrome.installation
    seen = "select 1 from read.audit where target_id = $1 and action = 'deployment.became_healthy'"
    await installation.until("deployments", seen, made["id"])
    (record,) = await records(aerodrome, w=place, action="deployment.became_healthy")
    assert record["actor"]["label"] == "service:deployments"
    assert (record["workspace"], record["address"]) == (place, "127.0.0.1")


async def test_pages_of_three_services_have_no_gap_and_no_repeat(aerodrome: Aerodrome) -> None:
    place = await aerodrome.make_workspace()
    for number in range(3):
        await aerodrome.data(CREATE, aerodrome.admin, w=place, l=f"d{number}")
    for number in range(3):
        invite = "mutation ($e: String!) { inviteUser(email: $e) { id } }"
        await aerodrome.data(invite, aerodrome.admin, e=f"{uuid4().hex}{number}@example.com")
    since = (await records(aerodrome, t=place, action="workspace.created"))[0]["time"]
    quiet = {"since": since, "action": ""}
    whole = await records(aerodrome, take=500, **quiet)
    for take in (1, 2, 7):
        paged = await records(aerodrome, take=take, **quiet)
        known = {record["id"] for record in whole}
        assert [record for record in paged if record["id"] in known] == whole  # others may have come meanwhile
        assert len({record["id"] for record in paged}) == len(paged)
    assert {record["service"] for record in whole} == {"identity", "invites", "deployments"}
    assert [record["time"] for record in whole] == sorted((record["time"] for record in whole), reverse=True)


async def test_a_refused_command_is_a_record_with_its_rule(aerodrome: Aerodrome) -> None:
    place = await aerodrome.make_workspace()
    user_id, token = await aerodrome.make_user(f"{uuid4().hex}@example.com")
    await aerodrome.refused(CREATE, token, w=place, l="mine")
    await aerodrome.data(CREATE, aerodrome.admin, w=place, l="twice")
    await aerodrome.refused(CREATE, aerodrome.admin, w=place, l="twice")
    await aerodrome.installation.until(
        "deployments", "select 1 from refusals where workspace_id = $1 having count(*) = 2", place
    )
    second, first = await records(aerodrome, w=place, o="refused")
    assert (first["action"], first["rule"], first["actor"]["id"]) == ("create_deployment", "forbidden", user_id)
    assert (first["workspace"], first["address"]) == (place, "127.0.0.1")
    assert (second["rule"], second["actor"]["label"]) == ("label_in_use", "admin@example.com")
    assert await records(aerodrome, w=place, a=user_id, o="done") == []


async def test_an_invitation_and_its_end_name_who_asked(aerodrome: Aerodrome) -> None:
    invite = "mutation ($e: String!) { inviteUser(email: $e) { id } }"
    withdraw = "mutation ($i: Uuid) { deleteInviteToken(inviteUuid: $i) { id } }"
    made = await aerodrome.data(invite, aerodrome.admin, e=f"{uuid4().hex}@example.com")
    await aerodrome.data(withdraw, aerodrome.admin, i=made["id"])
    newest = await records(aerodrome, take=50, action="user.")
    ended = next(each for each in newest if each["action"] == "user.invitation_withdrawn")
    invited = next(each for each in newest if each["action"] == "user.invited" and each["target"] == ended["target"])
    for record in (invited, ended):
        assert record["actor"]["label"] == "admin@example.com"
        assert (record["role"], record["address"]) == ("SYSTEM_ADMIN", "127.0.0.1")
        assert record["credential"]


async def test_a_refusal_that_a_service_passed_on_is_one_record(aerodrome: Aerodrome) -> None:
    email = f"{uuid4().hex}@example.com"
    user_id, token = await aerodrome.make_user(email)
    invite = "mutation ($e: String!) { inviteUser(email: $e) { id } }"
    await aerodrome.refused(invite, aerodrome.admin, e=email)
    await aerodrome.refused(invite, token, e=f"{uuid4().hex}@example.com")  # is written after what the first one left
    await aerodrome.installation.until("invites", "select 1 from refusals where subject = $1", user_id)
    refused = await records(aerodrome, o="refused")
    (record,) = [each for each in refused if each["rule"] == "email_in_use"]
    assert (record["service"], record["actor"]["label"]) == ("invites", "admin@example.com")
    assert {each["actor"]["kind"] for each in refused} == {"user"}


async def test_a_workspace_admin_reads_the_own_workspace_and_nothing_else(aerodrome: Aerodrome) -> None:
    mine, other = await aerodrome.make_workspace("mine"), await aerodrome.make_workspace("other")
    email = f"{uuid4().hex}@example.com"
    _, token = await aerodrome.make_user(email)
    named = "(workspaceUuid: $w, email: $e, role: $r)"
    add = f"mutation ($w: Uuid!, $e: String!, $r: Role!) {{ workspaceAddUser{named} {{ id }} }}"
    await aerodrome.data(add, aerodrome.admin, w=mine, e=email, r="WORKSPACE_EDITOR")
    assert await aerodrome.refused(RECORDS, token, w=mine) == NOT_ALLOWED
    change = f"mutation ($w: Uuid!, $e: String!, $r: Role!) {{ workspaceUpdateUserRole{named} }}"
    await aerodrome.data(change, aerodrome.admin, w=mine, e=email, r="WORKSPACE_ADMIN")
    seen = await records(aerodrome, token, w=mine)
    assert {record["workspace"] for record in seen} == {mine}
    assert {record["address"] for record in seen} == {"127.0.0.1"}
    for filters in ({}, {"w": other}, {"w": "cnone"}, {"t": mine}):
        assert await aerodrome.refused(RECORDS, token, **filters) == NOT_ALLOWED


async def test_a_removed_actor_leaves_the_record_without_name_and_place(aerodrome: Aerodrome) -> None:
    user_id, token = await aerodrome.make_user(f"{uuid4().hex}@example.com")
    await aerodrome.data('mutation { createWorkspace(label: "theirs") { id } }', token)
    before = await records(aerodrome, a=user_id)
    assert {record["address"] for record in before} == {"127.0.0.1"}
    await aerodrome.data("mutation ($u: Uuid) { removeUser(userUuid: $u) { id } }", aerodrome.admin, u=user_id)
    after = await records(aerodrome, a=user_id)
    gone = {"address": None, "agent": None, "actor": {"id": user_id, "kind": "user", "label": None}}
    assert after == [record | gone for record in before]


async def test_a_wrong_argument_is_bad_input(aerodrome: Aerodrome) -> None:
    for wrong in ({"take": 0}, {"take": 501}, {"o": "maybe"}, {"cursor": "x"}):
        _, code = await aerodrome.refused(RECORDS, aerodrome.admin, **wrong)
        assert code == "BAD_USER_INPUT"


async def test_an_export_has_the_same_records_oldest_first(aerodrome: Aerodrome) -> None:
    place = await aerodrome.make_workspace()
    await aerodrome.data(CREATE, aerodrome.admin, w=place, l="nightly")
    await aerodrome.refused(CREATE, aerodrome.admin, w=place, l="nightly")
    installation = aerodrome.installation
    ends = "select 1 from read.audit where workspace_id = $1 and action = 'deployment.became_healthy'"
    await installation.until("deployments", ends, place)
    await installation.until("deployments", "select 1 from refusals where workspace_id = $1", place)
    environments = {name: environment(installation.settings(name)) for name in ("identity", "invites", "deployments")}
    export = Export(environments, environments["identity"], workspace_id=place)
    lines = [json.loads(line) async for line in export.lines()]
    assert export.missing == []
    asked = await records(aerodrome, w=place)
    assert {line["id"]: shown(line) for line in lines} == {record["id"]: shown(record) for record in asked}
    assert len(lines) == len(asked) > 3
    for service in environments:
        own = [line for line in lines if line["service"] == service]
        positions = [line["position"] for line in own if line["outcome"] == "done"]
        assert positions == sorted(positions)
        assert [line["outcome"] for line in own] == sorted(line["outcome"] for line in own)
    assert {line["address"] for line in lines if line["actor_kind"] == "user"} == {"127.0.0.1"}
    closed = Export(environments, None, workspace_id=place)
    assert {json.loads(line)["address"] async for line in closed.lines()} == {None}


def shown(record: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer and an export tell alike."""
    alike = ("service", "action", "outcome", "rule", "credential", "role", "target", "workspace", "address", "agent")
    return {name: record[name] for name in alike}


async def test_a_rebuilt_audit_equals_the_running_one(aerodrome: Aerodrome) -> None:
    for service in ("identity", "invites", "deployments"):
        followers = aerodrome.installation.followers(service)
        before = await followers.digest("audit")
        assert not before.startswith("audit=0:")
        await followers.rebuild("audit")
        assert await followers.digest("audit") == before


async def test_a_service_that_is_away_is_an_error_and_no_silence(aerodrome: Aerodrome) -> None:
    await aerodrome.installation.stop("invites")
    try:
        _, code = await aerodrome.refused(RECORDS, aerodrome.admin)
        assert code == "SERVICE_UNAVAILABLE"
    finally:
        await aerodrome.installation.start("invites")
