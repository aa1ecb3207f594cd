"""Documents: what is refused before it is executed, and what is kept."""

import pytest
from graphql import GraphQLSchema, get_introspection_query

from services.gateway.answers import without_value
from services.gateway.documents import MOST_DOCUMENTS, Documents, Refused
from services.gateway.errors import Code
from services.gateway.schema import build_schema


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema()


@pytest.fixture
def documents(schema: GraphQLSchema) -> Documents:
    return Documents(schema)


def refusal(documents: Documents, text: str) -> Refused:
    with pytest.raises(Refused) as refused:
        documents.prepare(text)
    return refused.value


def test_the_schema_is_built_once() -> None:
    assert build_schema() is build_schema()


def test_a_document_is_parsed_and_validated_once(documents: Documents) -> None:
    assert documents.prepare("{ self { isAdmin } }") is documents.prepare("{ self { isAdmin } }")


def test_a_document_with_a_literal_is_not_kept(documents: Documents) -> None:
    documents.prepare('mutation { createToken(identity: "a", password: "secret") { token { value } } }')
    assert len(documents) == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '{ auditLog(since: "yesterday") { cursor } }',
            "Argument 'since' has invalid value: a DateTime must be RFC 3339",
        ),
        (
            '{ auditLog(take: "secret") { cursor } }',
            "Argument 'take' has invalid value: Int cannot represent non-integer",
        ),
        (
            'mutation { inviteUser(email: "a@b.c", teamUuids: [1.5]) { id } }',
            "Argument 'teamUuids' has invalid value: an id",
        ),
        (
            'mutation { workspaceAddUser(email: "a@b.c", deploymentRoles: [{deploymentId: true}]) { id } }',
            "Argument 'deploymentRoles' has invalid value: an id must be a string",
        ),
    ],
)
def test_a_wrong_literal_is_told_with_its_argument_and_without_its_value(
    documents: Documents, text: str, told: str
) -> None:
    (error,) = refusal(documents, text).errors
    assert without_value(error.message).startswith(told)
    assert "secret" not in without_value(error.message)
    assert error.locations


def test_the_cache_is_bounded_and_forgets_the_oldest(documents: Documents) -> None:
    first = documents.prepare("{ a0: self { isAdmin } }")
    for number in range(1, MOST_DOCUMENTS + 1):
        documents.prepare(f"{{ a{number}: self {{ isAdmin }} }}")
    assert len(documents) == MOST_DOCUMENTS
    assert documents.prepare("{ a0: self { isAdmin } }") is not first


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", Code.PARSE_FAILED),
        ("{ self { nothing } }", Code.VALIDATION_FAILED),
        ("mutation { createWorkspace { id } }", Code.VALIDATION_FAILED),
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", Code.VALIDATION_FAILED),
        ('mutation { createWorkspace(label: "a\\u0000") { id } }', Code.BAD_USER_INPUT),
        ("{" + " ".join(f"a{n}: self {{ isAdmin }}" for n in range(2000)) + "}", Code.BAD_USER_INPUT),
        ("#\n" * 2000 + "{ self { isAdmin } }", Code.BAD_USER_INPUT),
    ],
)
def test_what_is_not_valid_is_refused_with_its_code(documents: Documents, text: str, code: Code) -> None:
    assert refusal(documents, text).code is code


def test_an_unknown_field_is_told_in_the_words_that_clients_look_for(documents: Documents) -> None:
    assert "Cannot query field" in refusal(documents, "{ self { nothing } }").errors[0].message


FRAGMENT_BOMB = "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(40))
MANY_FRAGMENTS = " ".join(
    [
        "{",
        *(f"...F{n}" for n in range(60)),
        "}",
        *(f"fragment F{n} on Query {{ self {{ isAdmin }} }}" for n in range(60)),
    ]
)
COSTLY = [
    "{ " + "workspaces { users { roleBindings { workspace { " * 6 + "id" + " } } } }" * 6 + " }",
    "{ workspaces { users { roleBindings { workspace { users { roleBindings { role } } } } } } }",
    "{ " + " ".join(f"a{n}: workspaces {{ users {{ roleBindings {{ role }} }} }}" for n in range(300)) + " }",
    "{ " + "self { isAdmin } " * 60 + "}",
    "mutation ($p: String!) { " + " ".join(f"a{n}: createToken(password: $p) {{ isAdmin }}" for n in range(30)) + " }",
    *(
        f"mutation ($t: String!) {{ {' '.join(f'a{n}: {field}' for n in range(30))} }}"
        for field in (
            "confirmEmail(token: $t) { isAdmin }",
            "resetPassword(token: $t, password: $t) { isAdmin }",
            "forgotPassword(email: $t)",
            "resendConfirmation(email: $t)",
        )
    ),
    "{ " + " ".join(f"a{n}: auditLog(take: 500) {{ cursor }}" for n in range(30)) + " }",
    FRAGMENT_BOMB + " fragment F40 on Query { self { isAdmin } }",
    MANY_FRAGMENTS,
    "{ " + " ".join(f"s{n}: __schema {{ types {{ name }} }}" for n in range(4)) + " }",
    "{ " + "... { " * 100 + "self { isAdmin }" + " }" * 100 + " }",
]


@pytest.mark.parametrize("text", COSTLY)
def test_a_document_that_is_too_deep_or_costly_is_refused_before_it_is_validated(
    documents: Documents, text: str
) -> None:
    assert refusal(documents, text).code is Code.BAD_USER_INPUT


@pytest.mark.parametrize(
    "text",
    [
        get_introspection_query(specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True),
        "mutation ($e: String!) { " + " ".join(f"a{n}: inviteUser(email: $e) {{ id }}" for n in range(100)) + " }",
        "{ workspaces { id label users { id username roleBindings { role workspace { id label } } } } }",
    ],
)
def test_what_real_clients_send_is_not_too_much(documents: Documents, text: str) -> None:
    documents.prepare(text)


@pytest.mark.parametrize(("levels", "fine"), [(64, True), (65, False)])
def test_values_in_a_document_are_nested_so_deeply_and_no_further(
    documents: Documents, levels: int, *, fine: bool
) -> None:
    value = "{a: [" * (levels // 2) + "{}" * (levels % 2) + "]}" * (levels // 2)
    text = f'mutation {{ createDeployment(label: "a", type: "b", workspaceUuid: "c", config: {value}) {{ id }} }}'
    if fine:
        documents.prepare(text)
    else:
        assert refusal(documents, text).code is Code.BAD_USER_INPUT
