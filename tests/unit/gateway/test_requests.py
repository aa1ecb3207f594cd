"""HTTP bodies as Houston's clients write them, and those that nobody should."""

import json

import pytest

from services.gateway.requests import MOST_BATCH, MOST_LEVELS, read_body, read_json, read_query
from shared.errors import Invalid


def test_null_variables_and_no_operation_name_are_fine() -> None:
    request = read_body(b'{"query": "{ self { isAdmin } }", "variables": null}').requests[0]
    assert (request.variables, request.operation_name) == ({}, None)


def test_unknown_members_are_ignored() -> None:
    assert read_body(b'{"query": "{a}", "extensions": {"x": 1}, "y": 2}').requests[0].query == "{a}"


def test_an_array_is_a_batch_that_keeps_its_order() -> None:
    batch = read_body(b'[{"query": "{a}"}, {"query": "{b}"}]')
    assert batch.many
    assert [(request.query, request.index) for request in batch.requests] == [("{a}", 0), ("{b}", 1)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1",
        b"[]",
        b"null",
        b'"x"',
        b"5",
        b"\xff\xfe",
        b"{}",
        b'{"query": 5}',
        b'{"query": " "}',
        b'{"query": "{a}", "variables": []}',
        b'{"query": "{a}", "operationName": 1}',
        b'{"query": "{a}", "variables": {"x": NaN}}',
        b'{"query": "{a}", "variables": {"x": "\\u0000"}}',
        b'{"query": "{a}", "variables": {"x": "\\ud800"}}',
        b'{"query": "{a}", "variables": {"\\ud800": 1}}',
        b'{"query": "{a}", "variables": {"x": "\x00"}}',
        b'{"query": "{a}", "variables": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b'{"query": "{a}", "variables": {"x": ' + b"9" * 10_000 + b"}}",
        json.dumps([{"query": "{a}"}] * (MOST_BATCH + 1)).encode(),
    ],
)
def test_a_body_that_is_not_a_request_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid):
        read_body(body)


def test_a_pair_of_surrogates_is_a_whole_character() -> None:
    body = b'{"query": "{a}", "variables": {"x": "\\ud83d\\ude00"}}'
    assert read_body(body).requests[0].variables == {"x": "\N{GRINNING FACE}"}


def test_a_get_carries_its_variables_as_json() -> None:
    request = read_query({"query": "{a}", "variables": '{"x": 1}', "operationName": ""})
    assert (request.query, request.variables, request.operation_name) == ("{a}", {"x": 1}, None)


@pytest.mark.parametrize("parameters", [{}, {"query": "{a}", "variables": "{"}, {"query": "{a}", "variables": "[]"}])
def test_a_get_without_a_request_is_invalid(parameters: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        read_query(parameters)


def test_json_is_nested_so_deeply_and_no_further() -> None:
    assert read_json(b"[" * MOST_LEVELS + b"]" * MOST_LEVELS)
    with pytest.raises(Invalid, match="nested"):
        read_json(b'{"a":' * (MOST_LEVELS + 1) + b"1" + b"}" * (MOST_LEVELS + 1))
