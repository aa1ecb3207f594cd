"""The table of roles says what the contract says, and grants reach no further than they should."""

import pytest

from services.identity.contract import ROLE_PERMISSIONS, Role, fits, is_owner, permission_sets
from services.identity.domain.grants import grants, principal, require_all_of
from services.identity.domain.user import Binding
from shared.auth import MOST_GRANTS, SYSTEM, Principal, PrincipalKind
from shared.errors import Forbidden
from tests.unit.identity.examples import ELSEWHERE, HERE


def holder(role: Role, entity: str) -> Principal:
    made, _ = principal(PrincipalKind.USER, "c1", credential="c2", bindings=[Binding(role=role, entity=entity)])
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
        ("system.users.get", {"SYSTEM_VIEWER", "SYSTEM_EDITOR", "SYSTEM_ADMIN"}),
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
    order = [Role.WORKSPACE_VIEWER, Role.WORKSPACE_EDITOR, Role.WORKSPACE_ADMIN]
    grantor = holder(own, HERE)
    if order.index(role) <= order.index(own):
        require_all_of(role, HERE, grantor=grantor)
    else:
        with pytest.raises(Forbidden):
            require_all_of(role, HERE, grantor=grantor)
    with pytest.raises(Forbidden):
        require_all_of(role, ELSEWHERE, grantor=grantor)


def test_a_principal_carries_its_system_grants_first_and_not_too_many() -> None:
    many = [Binding(role=Role.WORKSPACE_VIEWER, entity=f"workspace:c{n}") for n in range(MOST_GRANTS)]
    made, more = principal(
        PrincipalKind.USER, "c1", credential="c2", bindings=[*many, Binding(role=Role.SYSTEM_ADMIN, entity=SYSTEM)]
    )
    assert (len(made.grants), more) == (MOST_GRANTS, True)
    assert [grant.role for grant in made.grants[:2]] == ["USER", "SYSTEM_ADMIN"]
    assert len(grants(many)) == MOST_GRANTS + 1
    assert set(made.permission_sets) == {"USER", "SYSTEM_ADMIN", "WORKSPACE_VIEWER"}
    assert permission_sets([Role.USER]) == {"USER": {"system.workspace.create"}}
