"""The gateway over HTTP with no service behind it: forms, limits, pages and refusals."""

import gzip
import json
import re
from typing import Any

import pytest

from tests.integration.bus import until
from tests.integration.gateway.doors import Door
from tests.servers import NatsForTests

TYPENAME = {"query": "{ __typename }"}
OF_ACCOUNTS = "label, category, role"
OURS = "https://console.example.com"


async def test_a_document_is_answered_with_and_without_a_slash(alone: Door) -> None:
    for path in ("/v1", "/v1/"):
        async with alone.session.post(alone.url + path, json=TYPENAME) as response:
            assert (response.status, await response.json()) == (200, {"data": {"__typename": "Query"}})
            assert response.headers["Content-Type"].startswith("application/json")


async def test_a_batch_is_answered_in_order(alone: Door) -> None:
    status, answer = await alone.post([TYPENAME, {"query": "{ nothing }"}, TYPENAME])
    assert status == 200
    assert [sorted(each) for each in answer] == [["data"], ["errors"], ["data"]]


async def test_a_query_can_be_sent_with_get_but_a_mutation_can_not(alone: Door) -> None:
    async with alone.session.get(f"{alone.url}/v1", params=TYPENAME) as response:
        assert await response.json() == {"data": {"__typename": "Query"}}
    mutation = {"query": 'mutation { deleteWorkspace(workspaceUuid: "x") { id } }'}
    async with alone.session.get(f"{alone.url}/v1", params=mutation) as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")
        assert (await response.json())["errors"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"null", b'{"query": 5}', b'{"query": "{"}'])
async def test_a_malformed_body_is_400_in_the_error_form(alone: Door, body: bytes) -> None:
    status, answer = await alone.post(data=body)
    assert status == 400
    error = answer["errors"][0]
    assert {"message", "extensions", "type", "data", "timestamp"} <= set(error)
    assert "Traceback" not in json.dumps(answer)


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "multipart/form-data", "", "json"],
)
async def test_what_a_foreign_page_may_post_without_asking_is_refused(alone: Door, media_type: str) -> None:
    body = json.dumps(TYPENAME).encode()
    status, answer = await alone.post(data=body, headers={"Content-Type": media_type})
    assert (status, answer["errors"][0]["message"]) == (415, "The Content-Type must be application/json")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
async def test_the_type_of_a_body_is_read_with_its_parameters_and_in_any_case(alone: Door, media_type: str) -> None:
    assert (await alone.post(TYPENAME, headers={"Content-Type": media_type}))[0] == 200


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
async def test_a_body_over_a_mebibyte_is_413(alone: Door, packed: bool) -> None:
    body = json.dumps({**TYPENAME, "x": "y" * 2**20}).encode()
    headers = {"Content-Encoding": "gzip"} if packed else {}
    status, answer = await alone.post(data=gzip.compress(body) if packed else body, headers=headers)
    assert (status, answer["errors"][0]["extensions"]["code"]) == (413, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("{ self { nothing } }", None),
        ("mutation { createWorkspace(label: 5) { id } }", None),
        ("mutation ($l: String!) { createWorkspace(label: $l) { id } }", {"l": 5}),
        ("mutation ($l: String!) { createWorkspace(label: $l) { id } }", {}),
        ("subscription { deploymentLogStream { id } }", None),
        ("query A { __typename } query B { __typename }", None),
    ],
)
async def test_a_document_that_is_not_executed_is_400(alone: Door, document: str, variables: Any) -> None:
    status, answer = await alone.post({"query": document, "variables": variables})
    assert status == 400
    assert "data" not in answer


async def test_undeclared_variables_and_the_name_of_an_operation_are_fine(alone: Door) -> None:
    body = {"query": "query A { __typename } query B { b: __typename }", "variables": {"x": 1}, "operationName": "B"}
    assert await alone.post(body) == (200, {"data": {"b": "Query"}})


async def test_nobody_is_asked_who_sends_no_token(alone: Door) -> None:
    status, answer = await alone.post({"query": "{ self { isAdmin } }"})
    assert (status, answer["data"]) == (200, {"self": None})
    error = answer["errors"][0]
    assert error["message"] == "You do not have the appropriate permissions for that"
    assert (error["extensions"]["code"], error["path"]) == ("FORBIDDEN", ["self"])
    assert error["locations"] == [{"line": 1, "column": 3}]


async def test_a_service_that_is_away_is_unavailable_with_200(alone: Door) -> None:
    answer = await alone.run("{ self { isAdmin } }", token="0" * 32)
    assert answer["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert "identity" not in json.dumps(answer)


async def test_a_missing_argument_is_named(alone: Door) -> None:
    answer = await alone.run("mutation { deleteWorkspace { id } }")
    assert answer["errors"][0]["message"] == "A required argument was not sent: workspaceUuid"
    answer = await alone.run('mutation { deleteWorkspace(workspaceUuid: "") { id } }')
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_introspection_works_without_a_token(alone: Door) -> None:
    answer = await alone.run("{ __schema { queryType { fields { name } } } }")
    names = {field["name"] for field in answer["data"]["__schema"]["queryType"]["fields"]}
    assert names >= {"self", "users", "workspaces", "serviceAccounts", "invites", "deployments"}


@pytest.mark.parametrize("path", ["/playground", "/v1"])
async def test_the_browser_ide_comes_from_here_alone(alone: Door, path: str) -> None:
    async with alone.session.get(alone.url + path, headers={"Accept": "text/html,*/*"}) as response:
        text = await response.text()
        policy = response.headers["Content-Security-Policy"]
        assert response.content_type == "text/html"
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    sources = [part.split('"')[0] for part in text.split('src="')[1:]]
    assert sources
    assert "://" not in text
    for source in sources:
        async with alone.session.get(alone.url + source) as response:
            assert response.status == 200
            assert response.content_type.endswith("/javascript")


@pytest.mark.parametrize("path", ["/", "/signup", "/verify", "/reset-password"])
async def test_pages_behind_mailed_links_run_nothing_but_our_files(alone: Door, path: str) -> None:
    async with alone.session.get(f"{alone.url}{path}?token=one.two") as response:
        text, headers = await response.text(), response.headers
    assert (response.status, response.content_type) == (200, "text/html")
    policy = dict(each.split(" ", 1) for each in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "one.two" not in text
    for source in re.findall(r'(?:src|href)="(/[^"]+)"', text):
        async with alone.session.get(alone.url + source) as asset:
            assert asset.status == 200


async def test_probes_and_metrics_answer(alone: Door) -> None:
    async with alone.session.get(f"{alone.url}/v1/healthz") as response:
        assert (response.status, await response.json()) == (200, {})
    async with alone.session.get(f"{alone.url}/readyz") as response:
        assert (response.status, await response.json()) == (200, {"nats": True})
    async with alone.session.get(f"{alone.url}/metrics") as response:
        assert "aerodrome_gateway_answers_total" in await response.text()


async def test_it_is_not_ready_while_nats_is_away(alone: Door, nats_server: NatsForTests) -> None:
    async def ready() -> bool:
        async with alone.session.get(f"{alone.url}/readyz") as response:
            return response.status == 200

    async def not_ready() -> bool:
        return not await ready()

    nats_server.kill()
    await until(not_ready)
    nats_server.restart()
    await until(ready)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/v1", 405)])
async def test_what_is_not_there_is_told_as_json(alone: Door, method: str, path: str, status: int) -> None:
    async with alone.session.request(method, alone.url + path) as response:
        assert (response.status, bool((await response.json())["errors"])) == (status, True)


@pytest.mark.parametrize(("origin", "allowed"), [(OURS, True), ("https://evil.example.com", False), ("null", False)])
async def test_only_configured_pages_may_read_answers(alone: Door, origin: str, allowed: bool) -> None:
    async with alone.session.post(f"{alone.url}/v1", json=TYPENAME, headers={"Origin": origin}) as response:
        assert response.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
        assert response.headers["Vary"] == "Origin"
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    async with alone.session.options(f"{alone.url}/v1", headers=asked) as response:
        assert response.status == 204
        assert ("Access-Control-Allow-Headers" in response.headers) is allowed


@pytest.mark.parametrize(
    ("call", "known"),
    [
        ('updateUser(userUuid: "x", payload: $p)', "fullName, avatarUrl"),
        ('updateTeam(teamUuid: "x", payload: $p)', "name, description"),
        ('updateServiceAccount(serviceAccountUuid: "x", payload: $p)', "label, category, role"),
        (
            'updateWorkspaceServiceAccount(serviceAccountUuid: "x", workspaceUuid: "y", payload: $p)',
            "label, category, role",
        ),
        (
            'updateDeploymentServiceAccount(serviceAccountUuid: "x", deploymentUuid: "y", payload: $p)',
            "label, category, role",
        ),
    ],
)
async def test_an_unknown_member_of_a_payload_is_named(alone: Door, call: str, known: str) -> None:
    answer = await alone.run(f"mutation ($p: JSON!) {{ {call} {{ id }} }}", p={"status": "active", "emails": []})
    (error,) = answer["errors"]
    assert error["message"] == f"The payload may hold {known}, but not emails, status"
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_workspace_is_renamed_whatever_else_its_payload_holds(alone: Door) -> None:
    document = 'mutation { updateWorkspace(workspaceUuid: "x", payload: {label: "y", active: true}) { id } }'
    assert (await alone.run(document))["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
