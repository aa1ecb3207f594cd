"""The table of public errors: the contract's texts and codes, and nothing of ours besides."""

import pytest
from graphql import ExecutionResult, GraphQLError

from services.deployments.contract import Rule as DeploymentsRule
from services.gateway.answers import executed, format_error
from services.gateway.errors import BY_CODE, BY_RULE, IN_OWN_WORDS, OWN_WORDS, TYPES, Code, public
from services.identity.contract import Rule as IdentityRule
from services.invites.contract import Rule as InvitesRule
from shared.errors import (
    ERRORS,
    AerodromeError,
    Forbidden,
    Invalid,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    WrongExpectedVersion,
)

NOT_ALLOWED = "You do not have the appropriate permissions for that"


@pytest.mark.parametrize("rule", [*IdentityRule, *InvitesRule, *DeploymentsRule])
def test_every_rule_of_every_service_has_its_place(rule: str) -> None:
    assert (rule in BY_RULE) != (rule in OWN_WORDS)


def test_every_code_of_ours_has_its_place() -> None:
    assert set(ERRORS) == set(BY_CODE) | IN_OWN_WORDS


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (Unauthenticated("x"), NOT_ALLOWED, "FORBIDDEN"),
        (Forbidden("permission system.user.delete is required"), NOT_ALLOWED, "FORBIDDEN"),
        (NotFound("x"), "The requested resource was not found", "RESOURCE_NOT_FOUND"),
        (
            Rejected("x", rule="bad_credentials"),
            "Invalid password and username combination",
            "INTERNAL_SERVER_ERROR",
        ),
        (Rejected("x", rule="email_in_use"), "Email address in use", "DUPLICATE_EMAIL"),
        (Rejected("x", rule="user_already_invited"), "User already invited", "USER_ALREADY_INVITED"),
        (
            Rejected("x", rule="label_in_use", details={"label": "a {b}"}),
            "Workspace already has a deployment named a {b}",
            "BAD_USER_INPUT",
        ),
        (
            Invalid("x", rule="missing_argument", details={"name": "workspaceUuid"}),
            "A required argument was not sent: workspaceUuid",
            "BAD_USER_INPUT",
        ),
        (Invalid("label has 300 characters, at most 255"), "Label has 300 characters, at most 255", "BAD_USER_INPUT"),
    ],
)
def test_an_error_is_told_in_the_contracts_words(error: AerodromeError, message: str, code: str) -> None:
    told = public(error)
    assert (told.message, told.code.value) == (message, code)


@pytest.mark.parametrize("error", [Unavailable("nobody listens on identity.query.users"), WrongExpectedVersion("x")])
def test_what_is_away_is_unavailable_without_naming_it(error: AerodromeError) -> None:
    assert public(error).code is Code.UNAVAILABLE
    assert "identity" not in public(error).message


def test_an_error_has_the_fields_of_both_eras() -> None:
    formatted = format_error(GraphQLError("x", path=["users", 0], original_error=NotFound("secret detail")))
    assert formatted["extensions"] == {"code": "RESOURCE_NOT_FOUND"}
    assert formatted["path"] == ["users", 0]
    assert (formatted["type"], formatted["data"]) == ("ResourceNotFoundError", {})
    assert isinstance(formatted["timestamp"], int)
    assert "secret" not in str(formatted)


def test_an_error_that_is_not_ours_is_hidden_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    formatted = format_error(GraphQLError("x", original_error=RuntimeError("select secret from people")))
    assert (formatted["message"], formatted["extensions"]["code"]) == ("Internal server error", "INTERNAL_SERVER_ERROR")
    assert caplog.records[0].message == "resolver failed"


def test_every_code_has_a_type_for_the_readers_of_2018() -> None:
    assert set(TYPES) == set(Code)


def test_no_errors_means_no_key() -> None:
    assert executed(ExecutionResult({"self": None})).body == {"data": {"self": None}}


def test_a_stale_answer_says_so() -> None:
    assert executed(ExecutionResult({"a": 1}), stale=True).body["extensions"] == {"stale": True}


def test_a_variable_of_a_wrong_type_is_400_for_nothing_was_executed() -> None:
    answer = executed(ExecutionResult(None, errors=[GraphQLError("Variable '$x' has an invalid value")]))
    assert (answer.status, answer.body["errors"][0]["extensions"]["code"]) == (400, "BAD_USER_INPUT")
    assert "data" not in answer.body
