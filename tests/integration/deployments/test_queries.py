"""What the queries show, to whom, and in what portions."""

from typing import Any

import pytest

from services.deployments.contract import AuthorizeLogs, DeleteDeployment, DeploymentId, DeploymentRow, Deployments
from services.deployments.domain.specification import MOST_CONFIG_BYTES
from services.identity.contract import Role
from shared.auth import ANONYMOUS, Grant, Principal
from shared.errors import AerodromeError, Forbidden, NotFound, Unauthenticated
from tests.integration.deployments.service import WORKSPACE, Gateway, holding, member, new_workspace

pytestmark = pytest.mark.usefixtures("service")
ADMIN = holding(Role.SYSTEM_ADMIN)
UNKNOWN = DeploymentId("cunknown00000000000000001")


async def found(gateway: Gateway, principal: Principal = ADMIN, **asked: Any) -> list[str]:
    rows: list[DeploymentRow] = []
    more = True
    while more:
        after_id = rows[-1].id if rows else ""
        page = await gateway.ask(Deployments.model_validate({**asked, "after_id": after_id}), principal)
        rows += page.rows
        more = page.more
    return [row.label for row in rows]


async def test_rows_are_found_by_what_is_given_first(gateway: Gateway) -> None:
    other = new_workspace()
    first = await gateway.create("first")
    second = await gateway.create("second")
    third = await gateway.create("third", member(workspace_id=other), workspace_id=other)
    assert await found(gateway) == ["first", "second", "third"]
    assert await found(gateway, ids=(third.id, first.id, UNKNOWN), workspace_ids=(WORKSPACE,)) == ["first", "third"]
    assert await found(gateway, workspace_ids=(WORKSPACE,), release_name=third.release_name) == ["first", "second"]
    assert await found(gateway, workspace_ids=(WORKSPACE, other, "cnone")) == ["first", "second", "third"]
    assert await found(gateway, release_name=second.release_name) == ["second"]
    assert await found(gateway, release_name="none-such-0000") == []
    assert await found(gateway, ids=()) == []


async def test_pages_bring_every_row_once(gateway: Gateway) -> None:
    for n in range(5):
        await gateway.create(f"number {n}")
    page = await gateway.ask(Deployments(limit=2), ADMIN)
    assert (len(page.rows), page.more) == (2, True)
    for limit in (1, 2, 5, 500):
        assert await found(gateway, limit=limit) == [f"number {n}" for n in range(5)]


async def test_a_reply_stays_below_its_bytes(gateway: Gateway) -> None:
    large = {"blob": "x" * (MOST_CONFIG_BYTES - 100)}
    for n in range(9):
        await gateway.create(f"number {n}", config=large)
    page = await gateway.ask(Deployments(), ADMIN)
    assert page.more
    assert len(page.model_dump_json()) <= 512 * 1024
    assert await found(gateway) == [f"number {n}" for n in range(9)]


async def test_foreign_and_deleted_ones_are_not_visible(gateway: Gateway) -> None:
    other = new_workspace()
    mine = await gateway.create("mine")
    gone = await gateway.create("gone")
    theirs = await gateway.create("theirs", member(workspace_id=other), workspace_id=other)
    await gateway.ask(DeleteDeployment(deployment_id=gone.id), member())
    ids = (mine.id, gone.id, theirs.id)
    single = holding(Role.DEPLOYMENT_VIEWER, f"deployment:{theirs.id}")
    for who, seen in [
        (member(Role.WORKSPACE_VIEWER), ["mine"]),
        (single, ["theirs"]),
        (holding(Role.USER), []),
        (holding(Role.SYSTEM_VIEWER), ["mine", "theirs"]),
    ]:
        assert await found(gateway, who) == seen
        assert await found(gateway, who, ids=ids) == seen
        assert await found(gateway, who, workspace_ids=(WORKSPACE, other)) == seen
        names = [await found(gateway, who, release_name=row.release_name) for row in (mine, gone, theirs)]
        assert [label for labels in names for label in labels] == seen


async def test_several_grants_show_all_that_each_shows(gateway: Gateway) -> None:
    other = new_workspace()
    mine = await gateway.create("mine")
    await gateway.create("theirs", member(workspace_id=other), workspace_id=other)
    one = holding(Role.DEPLOYMENT_VIEWER, f"deployment:{mine.id}")
    grants = (*one.grants, Grant(role=Role.WORKSPACE_VIEWER, entity=f"workspace:{other}"))
    sets = {**one.permission_sets, **member(Role.WORKSPACE_VIEWER).permission_sets}
    assert await found(gateway, one.model_copy(update={"grants": grants, "permission_sets": sets})) == [
        "mine",
        "theirs",
    ]


async def test_strict_tells_of_unknown_ids(gateway: Gateway) -> None:
    mine = await gateway.create("mine")
    refused: list[tuple[Principal, type[AerodromeError]]] = [
        (ADMIN, NotFound),
        (member(), NotFound),
        (ANONYMOUS, Unauthenticated),
    ]
    for who, refusal in refused:
        with pytest.raises(refusal):
            await found(gateway, who, ids=(mine.id, UNKNOWN), strict=True)
    assert await found(gateway, ids=(mine.id,), strict=True) == ["mine"]


async def test_strict_tells_of_foreign_workspaces(gateway: Gateway) -> None:
    await gateway.create("mine")
    with pytest.raises(Forbidden):
        await found(gateway, member(workspace_id="cother"), workspace_ids=(WORKSPACE,), strict=True)
    assert await found(gateway, member(), workspace_ids=(WORKSPACE,), strict=True) == ["mine"]
    assert await found(gateway, workspace_ids=("cnone",), strict=True) == []


async def test_log_lines_are_for_those_who_may_read_them(gateway: Gateway) -> None:
    wish = AuthorizeLogs(deployment_id=(await gateway.create("mine")).id)
    for who in (member(Role.WORKSPACE_VIEWER), holding(Role.SYSTEM_VIEWER)):
        assert (await gateway.ask(wish, who)).id == wish.deployment_id
    refused: list[tuple[Principal, type[AerodromeError]]] = [
        (ANONYMOUS, Unauthenticated),
        (holding(Role.USER), NotFound),
        (member(workspace_id="cother"), NotFound),
    ]
    for who, refusal in refused:
        with pytest.raises(refusal):
            await gateway.ask(wish, who)


async def test_who_sees_a_deployment_but_not_its_lines_is_told_so(gateway: Gateway) -> None:
    mine = await gateway.create("mine")
    viewer = member(Role.WORKSPACE_VIEWER)
    sets = {role: held - {"deployment.logs.get"} for role, held in viewer.permission_sets.items()}
    with pytest.raises(Forbidden):
        await gateway.ask(AuthorizeLogs(deployment_id=mine.id), viewer.model_copy(update={"permission_sets": sets}))


async def test_log_lines_of_what_is_gone_are_not_found(gateway: Gateway) -> None:
    mine = await gateway.create("mine")
    await gateway.ask(DeleteDeployment(deployment_id=mine.id), member())
    for id_ in (mine.id, UNKNOWN):
        with pytest.raises(NotFound):
            await gateway.ask(AuthorizeLogs(deployment_id=id_), ADMIN)
