"""Every document of existing clients whose parts work is valid against our schema, with its variables."""

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, get_variable_values

from services.gateway.documents import Documents
from services.gateway.schema import build_schema
from tests.contract.deployment_documents import DEPLOYMENTS
from tests.contract.documents import COMMAND_LINE, SEEDS, Sent
from tests.contract.team_documents import TEAMS
from tests.contract.versions import ADOPTION, FORMS

VERSIONED = {
    f"{purpose} of {form.since}": Sent(form.document, dict(form.variables))
    for purpose, forms in [*FORMS.items(), *((name, [form]) for name, form in ADOPTION.items())]
    for form in forms
}
KNOWN = {**SEEDS, **COMMAND_LINE, **TEAMS, **DEPLOYMENTS, **VERSIONED}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema()


@pytest.mark.parametrize("sent", KNOWN.values(), ids=KNOWN)
def test_a_known_document_is_valid_with_its_variables(schema: GraphQLSchema, sent: Sent) -> None:
    document = Documents(schema).prepare(sent.document)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    values = get_variable_values(schema, operation.variable_definitions or (), sent.variables or {})
    assert not isinstance(values, list), values


def test_every_type_that_has_an_id_has_a_uuid(schema: GraphQLSchema) -> None:
    for name in ("User", "Team", "Workspace", "Deployment", "Invite", "ServiceAccount", "DeploymentLog"):
        kind = schema.get_type(name)
        assert kind is not None
        assert {"id", "uuid"} <= set(kind.fields)  # type: ignore[attr-defined]


def test_the_roles_of_the_schema_are_houstons(schema: GraphQLSchema) -> None:
    ranks = ("ADMIN", "EDITOR", "VIEWER")
    scopes = ("SYSTEM", "WORKSPACE", "DEPLOYMENT")
    role = schema.get_type("Role")
    assert role is not None
    assert set(role.values) == {f"{scope}_{rank}" for scope in scopes for rank in ranks} | {"USER"}  # type: ignore[attr-defined]
