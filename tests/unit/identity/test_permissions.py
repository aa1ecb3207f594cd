"""The table of roles says what the contract says, and grants reach no further than they should."""

import pytest

from services.identity.contract import (
    DEFAULT_ROLE,
    DEFINITIONS,
    NEWCOMER,
    OWNER,
    ROLE_PERMISSIONS,
    Interface,
    Role,
    Roles,
    fits,
    is_owner,
    is_stronger,
    role_within,
    shown_role,
    shows_as,
    strongest,
)
from services.identity.domain.grants import grants, principal, require_all_of
from services.identity.domain.user import Binding
from services.identity.settings import IdentitySettings
from shared.auth import MOST_GRANTS, SYSTEM, Principal, PrincipalKind
from shared.errors import Forbidden
from shared.settings import WrongSettings, load_settings
from tests.unit.identity.examples import ELSEWHERE, HERE

ROLES = Roles()


def holder(role: Role, entity: str) -> Principal:
    made, _ = principal(
        PrincipalKind.USER, "c1", credential="c2", bindings=[Binding(role=role, entity=entity)], roles=ROLES
    )
    return made


@pytest.mark.parametrize("scope", ["SYSTEM", "WORKSPACE", "DEPLOYMENT"])
def test_each_rank_includes_the_one_below_it(scope: str) -> None:
    viewer, editor, admin = (ROLE_PERMISSIONS[Role(f"{scope}_{rank}")] for rank in ("VIEWER", "EDITOR", "ADMIN"))
    assert viewer < editor < admin


@pytest.mark.parametrize("rank", ["VIEWER", "EDITOR", "ADMIN"])
def test_each_entity_includes_the_same_rank_of_the_narrower_one(rank: str) -> None:
    system, workspace, deployment = (
        ROLE_PERMISSIONS[Role(f"{scope}_{rank}")] for scope in ("SYSTEM", "WORKSPACE", "DEPLOYMENT")
    )
    assert deployment < workspace < system


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        ("system.workspace.create", {"USER"}),
        (
            "system.users.get",
            {
                "SYSTEM_VIEWER",
                "SYSTEM_EDITOR",
                "SYSTEM_ADMIN",
                "ORGANIZATION_MEMBER",
                "ORGANIZATION_BILLING_ADMIN",
            },
        ),
        (
            "workspace.deployments.create",
            {"WORKSPACE_AUTHOR", "WORKSPACE_EDITOR", "WORKSPACE_ADMIN", "SYSTEM_EDITOR", "SYSTEM_ADMIN"},
        ),
        ("workspace.billing.update", {"WORKSPACE_ADMIN", "SYSTEM_ADMIN", "ORGANIZATION_BILLING_ADMIN"}),
        ("system.iam.update", {"SYSTEM_ADMIN"}),
        ("system.user.invite", {"SYSTEM_ADMIN"}),
        ("system.user.delete", {"SYSTEM_ADMIN"}),
        ("system.serviceAccounts.create", {"SYSTEM_ADMIN"}),
        ("system.serviceAccounts.update", {"SYSTEM_EDITOR", "SYSTEM_ADMIN"}),
        ("workspace.invites.get", {"WORKSPACE_ADMIN", "SYSTEM_ADMIN"}),
        ("workspace.iam.update", {"WORKSPACE_ADMIN", "SYSTEM_ADMIN"}),
        ("workspace.config.delete", {"WORKSPACE_ADMIN", "SYSTEM_ADMIN"}),
        (
            "workspace.serviceAccounts.create",
            {"WORKSPACE_EDITOR", "WORKSPACE_ADMIN", "SYSTEM_EDITOR", "SYSTEM_ADMIN"},
        ),
        ("deployment.config.delete", {"DEPLOYMENT_ADMIN", "WORKSPACE_ADMIN", "SYSTEM_ADMIN"}),
    ],
)
def test_a_permission_is_held_by_exactly_these_roles(permission: str, roles: set[str]) -> None:
    assert {role.value for role, held in ROLE_PERMISSIONS.items() if permission in held} == roles


def test_a_role_fits_its_kind_of_entity() -> None:
    assert fits(Role.SYSTEM_VIEWER, SYSTEM)
    assert fits(Role.WORKSPACE_ADMIN, HERE)
    assert fits(Role.DEPLOYMENT_ADMIN, "deployment:c1")
    assert not any(fits(Role.USER, entity) for entity in (SYSTEM, HERE, "deployment:c1"))
    assert not fits(Role.WORKSPACE_ADMIN, SYSTEM)
    assert is_owner(Role.SYSTEM_ADMIN, SYSTEM)
    assert not is_owner(Role.SYSTEM_ADMIN, HERE)


def test_a_grant_reaches_its_own_entity_alone() -> None:
    member = holder(Role.WORKSPACE_ADMIN, HERE)
    assert member.holds("workspace.iam.update", HERE)
    assert not member.holds("workspace.iam.update", ELSEWHERE)
    assert not member.holds("workspace.iam.update")
    assert holder(Role.SYSTEM_ADMIN, SYSTEM).holds("workspace.iam.update", ELSEWHERE)


@pytest.mark.parametrize("role", [role for role in Role if role.value.startswith("WORKSPACE")])
@pytest.mark.parametrize("own", [role for role in Role if role.value.startswith("WORKSPACE")])
def test_nobody_grants_more_than_they_hold(own: Role, role: Role) -> None:
    order = [Role.WORKSPACE_VIEWER, Role.WORKSPACE_AUTHOR, Role.WORKSPACE_EDITOR, Role.WORKSPACE_ADMIN]
    grantor = holder(own, HERE)
    if order.index(role) <= order.index(own):
        require_all_of(role, HERE, grantor=grantor, roles=ROLES)
    else:
        with pytest.raises(Forbidden):
            require_all_of(role, HERE, grantor=grantor, roles=ROLES)
    with pytest.raises(Forbidden):
        require_all_of(role, ELSEWHERE, grantor=grantor, roles=ROLES)


def test_a_principal_carries_its_system_grants_first_and_not_too_many() -> None:
    many = [Binding(role=Role.WORKSPACE_VIEWER, entity=f"workspace:c{n}") for n in range(MOST_GRANTS)]
    made, more = principal(
        PrincipalKind.USER,
        "c1",
        credential="c2",
        bindings=[*many, Binding(role=Role.SYSTEM_ADMIN, entity=SYSTEM)],
        roles=ROLES,
    )
    assert (len(made.grants), more) == (MOST_GRANTS, True)
    assert [grant.role for grant in made.grants[:2]] == ["USER", "SYSTEM_ADMIN"]
    assert len(grants(many)) == MOST_GRANTS + 1
    assert set(made.permission_sets) == {"USER", "SYSTEM_ADMIN", "WORKSPACE_VIEWER"}
    assert ROLES.permission_sets([Role.USER]) == {"USER": {"system.workspace.create"}}


def test_what_used_to_name_a_role_follows_from_the_table() -> None:
    assert DEFAULT_ROLE == {
        "system": Role.SYSTEM_ADMIN,
        "workspace": Role.WORKSPACE_ADMIN,
        "deployment": Role.DEPLOYMENT_ADMIN,
    }
    assert (NEWCOMER, OWNER) == (Role.WORKSPACE_VIEWER, Role.SYSTEM_ADMIN)
    assert set(DEFINITIONS) == set(Role)
    assert strongest([Role.WORKSPACE_VIEWER, Role.WORKSPACE_ADMIN, Role.WORKSPACE_AUTHOR]) is Role.WORKSPACE_ADMIN
    assert is_stronger(Role.WORKSPACE_EDITOR, Role.WORKSPACE_AUTHOR)
    assert not is_stronger(Role.WORKSPACE_EDITOR, Role.WORKSPACE_EDITOR)


@pytest.mark.parametrize(
    ("role", "graphql", "rest"),
    [
        (Role.SYSTEM_ADMIN, "SYSTEM_ADMIN", "ORGANIZATION_OWNER"),
        (Role.SYSTEM_VIEWER, "SYSTEM_VIEWER", "ORGANIZATION_MEMBER"),
        (Role.ORGANIZATION_MEMBER, None, "ORGANIZATION_MEMBER"),
        (Role.ORGANIZATION_BILLING_ADMIN, None, "ORGANIZATION_BILLING_ADMIN"),
        (Role.WORKSPACE_AUTHOR, "WORKSPACE_EDITOR", "WORKSPACE_AUTHOR"),
        (Role.WORKSPACE_EDITOR, "WORKSPACE_EDITOR", "WORKSPACE_OPERATOR"),
        (Role.DEPLOYMENT_VIEWER, "DEPLOYMENT_VIEWER", None),
    ],
)
def test_each_interface_has_its_own_name_for_a_role(role: Role, graphql: str | None, rest: str | None) -> None:
    assert (shown_role(role, Interface.GRAPHQL), shown_role(role, Interface.REST)) == (graphql, rest)


def test_writing_back_what_an_interface_shows_means_the_same_role() -> None:
    assert shows_as(Role.WORKSPACE_AUTHOR, Role.WORKSPACE_EDITOR, Interface.GRAPHQL)
    assert not shows_as(Role.WORKSPACE_AUTHOR, Role.WORKSPACE_EDITOR, Interface.REST)
    assert shows_as(Role.SYSTEM_EDITOR, Role.ORGANIZATION_MEMBER, Interface.REST)
    assert not shows_as(Role.ORGANIZATION_MEMBER, Role.ORGANIZATION_BILLING_ADMIN, Interface.GRAPHQL)


def test_an_author_is_an_editor_without_the_workspaces_service_accounts() -> None:
    more = ROLE_PERMISSIONS[Role.WORKSPACE_EDITOR] - ROLE_PERMISSIONS[Role.WORKSPACE_AUTHOR]
    assert more == {f"workspace.serviceAccounts.{action}" for action in ("create", "update", "delete")}


def test_a_role_in_a_workspace_amounts_to_one_on_its_deployments() -> None:
    assert role_within(Role.WORKSPACE_VIEWER, "deployment") is Role.DEPLOYMENT_VIEWER
    assert role_within(Role.WORKSPACE_AUTHOR, "deployment") is Role.DEPLOYMENT_EDITOR
    assert role_within(Role.WORKSPACE_ADMIN, "deployment") is Role.DEPLOYMENT_ADMIN
    assert role_within(Role.ORGANIZATION_MEMBER, "deployment") is None


def test_a_removed_permission_is_given_by_no_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AERODROME_REMOVED_PERMISSIONS", "system.workspace.create, workspace.config.delete,")
    monkeypatch.setenv("AERODROME_DATABASE_URL", "postgres://nowhere")
    monkeypatch.setenv("AERODROME_MASTER_KEY", "A" * 43 + "=")
    removed = load_settings(IdentitySettings).removed_permissions
    roles = Roles(removed)
    assert removed == {"system.workspace.create", "workspace.config.delete"}
    assert not any(removed & roles.permissions(role) for role in Role)
    assert roles.permissions(Role.WORKSPACE_ADMIN) == ROLE_PERMISSIONS[Role.WORKSPACE_ADMIN] - removed


def test_a_permission_that_there_is_not_can_not_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AERODROME_REMOVED_PERMISSIONS", "workspace.everything")
    monkeypatch.setenv("AERODROME_DATABASE_URL", "postgres://nowhere")
    monkeypatch.setenv("AERODROME_MASTER_KEY", "A" * 43 + "=")
    with pytest.raises(WrongSettings, match=r"REMOVED_PERMISSIONS: there is no permission workspace\.everything"):
        load_settings(IdentitySettings)
