"""Creating, deleting and closing over the bus: who may, what is refused, what a repeat brings, who wins a race."""

import asyncio
import re
from uuid import uuid4

import pytest

from services.deployments.contract import (
    CloseWorkspace,
    CreateDeployment,
    DeleteDeployment,
    DeploymentId,
    DeploymentRow,
    Deployments,
    EnvironmentVariable,
    Rule,
    State,
    Status,
    VariableRow,
)
from services.identity.contract import Role
from shared.auth import ANONYMOUS, Principal, service_principal
from shared.bus.context import Context
from shared.bus.kernel import Events
from shared.errors import AerodromeError, Forbidden, Invalid, NotFound, Rejected, Unauthenticated, Unavailable
from shared.ids import new_id
from tests.integration.deployments.conftest import Ground
from tests.integration.deployments.service import (
    WORKSPACE,
    Gateway,
    connection_to,
    holding,
    member,
    new_workspace,
    until,
)

pytestmark = pytest.mark.usefixtures("service")
UNKNOWN = DeploymentId("cunknown00000000000000001")
IDENTITY = service_principal("identity")
Refused = list[tuple[Principal, type[AerodromeError]]]

REFUSED_CREATION: Refused = [
    (ANONYMOUS, Unauthenticated),
    (holding(Role.USER), Forbidden),
    (member(Role.WORKSPACE_VIEWER), Forbidden),
    (member(workspace_id="cother"), Forbidden),
    (holding(Role.SYSTEM_VIEWER), Forbidden),
]
REFUSED_DELETION: Refused = [
    (ANONYMOUS, Unauthenticated),
    (holding(Role.USER), NotFound),
    (member(workspace_id="cother"), NotFound),
    (member(Role.WORKSPACE_VIEWER), Forbidden),
    (member(Role.WORKSPACE_EDITOR), Forbidden),
    (holding(Role.SYSTEM_EDITOR), Forbidden),
]
REFUSED_CLOSING: Refused = [
    (ANONYMOUS, Unauthenticated),
    (member(Role.WORKSPACE_EDITOR), Forbidden),
    (service_principal("invites"), Forbidden),
]


async def test_a_creation_is_answered_and_shown(gateway: Gateway) -> None:
    answer = await gateway.create("nightly", description="d", config={"x": [1]}, properties={"extra_au": 2})
    assert (answer.label, answer.workspace_id, answer.status) == ("nightly", WORKSPACE, Status.CREATING)
    assert re.fullmatch(r"[a-z]+-[a-z]+-[0-9]{4}", answer.release_name)
    assert (answer.config, answer.properties) == ({"x": [1], "executor": "CeleryExecutor"}, {"extra_au": 2})
    shown = await gateway.row(answer.id)
    assert shown is not None
    same = {"state", "status", "observed_generation"}
    assert shown.model_dump(exclude=same) == answer.model_dump(exclude=same)


async def test_four_repeats_at_once_create_one_and_answer_alike(gateway: Gateway) -> None:
    message_id = uuid4()
    asked = [CreateDeployment(workspace_id=WORKSPACE, label="nightly") for _ in range(4)]
    answers = await asyncio.gather(*(gateway.ask(each, member(), message_id=message_id) for each in asked))
    assert len({answer.id for answer in answers}) == 1
    assert len({answer.release_name for answer in answers}) == 1
    again = await gateway.ask(asked[0], member(), message_id=message_id)
    assert again.id == answers[0].id


async def test_one_id_for_two_wishes_is_invalid(gateway: Gateway) -> None:
    message_id = uuid4()
    await gateway.ask(CreateDeployment(workspace_id=WORKSPACE, label="a"), member(), message_id=message_id)
    with pytest.raises(Invalid):
        await gateway.ask(CreateDeployment(workspace_id=WORKSPACE, label="b"), member(), message_id=message_id)
    assert [row.label for row in await everything(gateway)] == ["a"]


async def test_of_eight_equal_labels_at_once_one_wins(gateway: Gateway) -> None:
    outcomes = await asyncio.gather(*(gateway.create("nightly") for _ in range(8)), return_exceptions=True)
    lost = [outcome for outcome in outcomes if isinstance(outcome, Rejected)]
    assert len(lost) == 7
    assert {(each.rule, each.details["label"]) for each in lost} == {(Rule.LABEL_IN_USE, "nightly")}
    assert len(await everything(gateway)) == 1


async def test_many_creations_in_one_workspace_all_succeed(gateway: Gateway) -> None:
    rows = await asyncio.gather(*(gateway.create(f"number {n}") for n in range(30)))
    assert len({row.release_name for row in rows}) == 30
    await asyncio.gather(*(gateway.ask(DeleteDeployment(deployment_id=row.id), member()) for row in rows))
    assert await everything(gateway) == []


async def test_a_label_is_free_elsewhere_and_after_a_deletion(gateway: Gateway) -> None:
    first = await gateway.create("nightly")
    other = new_workspace()
    await gateway.create("nightly", member(workspace_id=other), workspace_id=other)
    await gateway.ask(DeleteDeployment(deployment_id=first.id), member())
    again = await gateway.create("nightly")
    assert again.release_name != first.release_name


async def test_a_deletion_hides_and_answers_what_goes(gateway: Gateway) -> None:
    created = await gateway.create()
    message_id = uuid4()
    wish = DeleteDeployment(deployment_id=created.id)
    answer = await gateway.ask(wish, member(), message_id=message_id)
    assert (answer.id, answer.label, answer.state, answer.generation) == (created.id, "nightly", State.DELETING, 2)
    assert await gateway.row(created.id) is None
    with pytest.raises(NotFound):
        await gateway.ask(wish, member())
    repeated = await gateway.ask(wish, member(), message_id=message_id)
    assert (repeated.id, repeated.label, repeated.state) == (created.id, "nightly", State.DELETING)


async def test_of_two_deletions_at_once_one_finds_it(gateway: Gateway) -> None:
    created = await gateway.create()
    wish = DeleteDeployment(deployment_id=created.id)
    outcomes = await asyncio.gather(*(gateway.ask(wish, member()) for _ in range(4)), return_exceptions=True)
    [done] = [outcome for outcome in outcomes if not isinstance(outcome, NotFound)]
    assert isinstance(done, DeploymentRow)


async def test_a_release_name_is_never_used_again(gateway: Gateway) -> None:
    first = await gateway.create(release_names=("solar-comet-0042",))
    await gateway.ask(DeleteDeployment(deployment_id=first.id), member())
    second = await gateway.create(release_names=("solar-comet-0042", "lunar-halo-0001"))
    assert second.release_name == "lunar-halo-0001"
    with pytest.raises(Rejected) as error:
        await gateway.create("third", release_names=("solar-comet-0042", "lunar-halo-0001"))
    assert error.value.rule == Rule.RELEASE_NAME_IN_USE


async def test_two_that_draw_one_release_name_at_once_get_two(gateway: Gateway) -> None:
    places = [new_workspace() for _ in range(2)]
    names = ("solar-comet-0001", "solar-comet-0002")
    rows = await asyncio.gather(
        *(gateway.create("x", member(workspace_id=each), workspace_id=each, release_names=names) for each in places)
    )
    assert {row.release_name for row in rows} == set(names)


async def test_a_name_by_hand_does_not_count_where_it_is_not_allowed(gateway: Gateway) -> None:
    assert (await gateway.create(release_name="my-name")).release_name != "my-name"


async def test_a_workspace_with_a_deployment_is_not_closed(gateway: Gateway) -> None:
    created = await gateway.create()
    with pytest.raises(Rejected) as error:
        await gateway.ask(CloseWorkspace(workspace_id=WORKSPACE), IDENTITY)
    assert error.value.rule == Rule.DEPLOYMENTS_EXIST
    await gateway.ask(DeleteDeployment(deployment_id=created.id), member())
    for _ in range(2):
        assert (await gateway.ask(CloseWorkspace(workspace_id=WORKSPACE), IDENTITY)).workspace_id == WORKSPACE
    with pytest.raises(Rejected) as closed:
        await gateway.create()
    assert closed.value.rule == Rule.WORKSPACE_CLOSED


async def test_either_the_creation_or_the_closing_wins(gateway: Gateway) -> None:
    for turn in range(20):
        place = new_workspace()
        wishes = [
            gateway.create("x", member(workspace_id=place), workspace_id=place),
            gateway.ask(CloseWorkspace(workspace_id=place), IDENTITY),
        ]
        outcomes = await asyncio.gather(*(wishes if turn % 2 else reversed(wishes)), return_exceptions=True)
        [lost] = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert isinstance(lost, Rejected)
        living = [row for row in await everything(gateway) if row.workspace_id == place]
        assert (lost.rule, len(living)) in {(Rule.DEPLOYMENTS_EXIST, 1), (Rule.WORKSPACE_CLOSED, 0)}


async def test_who_may_not_create_is_refused(gateway: Gateway) -> None:
    for who, refusal in REFUSED_CREATION:
        with pytest.raises(refusal):
            await gateway.create(principal=who)
    assert await everything(gateway) == []


async def test_who_may_not_delete_is_refused(gateway: Gateway) -> None:
    created = await gateway.create()
    for who, refusal in REFUSED_DELETION:
        with pytest.raises(refusal):
            await gateway.ask(DeleteDeployment(deployment_id=created.id), who)
    assert await gateway.row(created.id) is not None


async def test_who_may_delete_does(gateway: Gateway) -> None:
    for n, who in enumerate([member(), holding(Role.SYSTEM_ADMIN)]):
        created = await gateway.create(f"number {n}")
        await gateway.ask(DeleteDeployment(deployment_id=created.id), who)
    last = await gateway.create("last")
    await gateway.ask(DeleteDeployment(deployment_id=last.id), holding(Role.DEPLOYMENT_ADMIN, f"deployment:{last.id}"))
    assert await everything(gateway) == []


async def test_what_does_not_exist_is_not_found(gateway: Gateway) -> None:
    for who in (member(), holding(Role.SYSTEM_ADMIN)):
        with pytest.raises(NotFound):
            await gateway.ask(DeleteDeployment(deployment_id=UNKNOWN), who)


async def test_who_may_not_close_is_refused(gateway: Gateway) -> None:
    for who, refusal in REFUSED_CLOSING:
        with pytest.raises(refusal):
            await gateway.ask(CloseWorkspace(workspace_id=WORKSPACE), who)
    await gateway.create()


async def test_who_owns_a_workspace_may_close_it(gateway: Gateway) -> None:
    await gateway.ask(CloseWorkspace(workspace_id=WORKSPACE), member())


async def test_without_identity_a_first_creation_by_a_stranger_to_the_workspace_waits(gateway: Gateway) -> None:
    with pytest.raises(Unavailable):
        await gateway.create(principal=holding(Role.SYSTEM_ADMIN))
    await gateway.create("by a member")
    await gateway.create("by an admin", holding(Role.SYSTEM_ADMIN))


async def test_secrets_are_nowhere_in_the_clear(gateway: Gateway, ground: Ground) -> None:
    secret, address = f"secret-{new_id()}", f"{new_id()}@example.com"
    row = await gateway.create(
        env=(EnvironmentVariable(key="TOKEN", value=secret),), properties={"alert_emails": [address]}
    )
    assert row.variables == (VariableRow(key="TOKEN"),)
    assert secret not in row.model_dump_json()
    async with connection_to(ground.database) as connection:

        async def is_driven() -> bool:
            return bool(await connection.fetchval("select true from events where type_name like '%healthy'"))

        await until(is_driven)
        stored = await connection.fetchval("select string_agg(data || metadata, ' ') from events")
        outbox = await connection.fetchval("select string_agg(payload || origin, ' ') from outbox")
        shown = await connection.fetchval("select string_agg(d::text, ' ') from read.deployments d")
    published = (
        await gateway.bus.ask(Events(after=0), Context.first(member()), to="deployments")
    ).value.model_dump_json()
    assert "TOKEN" in stored
    assert "TOKEN" in published
    for text in (stored, outbox, published):
        assert secret not in text
        assert address not in text
    assert secret not in shown


async def test_a_refused_creation_stores_nothing(gateway: Gateway, ground: Ground) -> None:
    with pytest.raises(Invalid):
        await gateway.create("")
    with pytest.raises(Rejected):
        await gateway.create(properties={"colour": "red"})
    async with connection_to(ground.database) as connection:
        assert await connection.fetchval("select count(*) from events") == 0
        assert await connection.fetchval("select count(*) from claims") == 0


async def everything(gateway: Gateway) -> list[DeploymentRow]:
    """Return all live deployments."""
    found = await gateway.ask(Deployments(), holding(Role.SYSTEM_ADMIN))
    return list(found.rows)
