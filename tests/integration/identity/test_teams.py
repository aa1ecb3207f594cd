"""Teams: what they give to their members, for exactly as long as they do, and who may give it."""

import asyncio
from typing import Any

import pytest

from services.deployments.contract import SERVICE as DEPLOYMENTS
from services.identity.contract import (
    Authenticate,
    CreateTeam,
    CreateWorkspace,
    DeleteTeam,
    DeleteWorkspace,
    Grants,
    LoadTeams,
    Memberships,
    RemoveTeamMember,
    RemoveTeamRole,
    RemoveUser,
    Role,
    Rule,
    SetTeamRole,
    TeamMembers,
    TeamRow,
    UpdateWorkspace,
    Workspaces,
)
from shared.auth import MOST_GRANTS, SYSTEM, Principal, deployment, service_principal, workspace
from shared.errors import Forbidden, Rejected
from shared.messages import Command
from tests.conftest import NewDatabase
from tests.integration.deployments.service import running, settings_of
from tests.integration.identity.service import KEY, Identity, Somebody
from tests.integration.identity.test_lagging import at_once, held_up
from tests.servers import NatsForTests


async def test_members_hold_what_their_team_holds_and_no_more(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    place, other = [await identity.workspace(ann, label) for label in ("One", "Two")]
    rename, foreign = [UpdateWorkspace(workspace_id=each.id, label="Mine") for each in (place, other)]
    with pytest.raises(Forbidden):
        await identity.ask(rename, bob.now)
    await identity.team(ann, bob, role=Role.WORKSPACE_EDITOR, entity=workspace(place.id))
    assert (await identity.ask(rename, bob.now)).label == "Mine"
    with pytest.raises(Forbidden):
        await identity.ask(foreign, bob.now)
    seen = await identity.ask(Authenticate(token=bob.token))
    assert seen.principal.holds("workspace.config.update", workspace(place.id))
    assert not seen.principal.holds("workspace.config.delete", workspace(place.id))
    assert seen.user is not None
    assert seen.user.roles == ()
    assert [each.id for each in (await identity.ask(Workspaces(), seen.principal)).rows] == [place.id]
    told = await identity.ask(Grants(of=bob.id), service_principal("identity"))
    assert set(told.grants) == set(seen.principal.grants)


async def test_the_stronger_of_own_and_team_roles_counts(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    entity = workspace(place.id)
    bob = await identity.member(ann, place, "bob@example.com", Role.WORKSPACE_VIEWER)
    carl = await identity.member(ann, place, "carl@example.com", Role.WORKSPACE_ADMIN)
    await identity.team(ann, bob, carl, role=Role.WORKSPACE_EDITOR, entity=entity)
    for each, admin in ((bob, False), (carl, True)):
        who = await identity.principal(each.token)
        assert who.holds("workspace.config.update", entity)
        assert who.holds("workspace.iam.update", entity) is admin


@pytest.mark.parametrize("ended", ["member", "team", "role"])
async def test_what_a_team_no_longer_gives_is_refused_before_the_rows_know(identity: Identity, ended: str) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    place = await identity.workspace(ann)
    pilots = await identity.team(ann, bob, role=Role.WORKSPACE_EDITOR, entity=workspace(place.id))
    before = await identity.principal(bob.token)
    wishes: dict[str, Command[Any]] = {
        "member": RemoveTeamMember(team_id=pilots.id, user_id=bob.id),
        "team": DeleteTeam(team_id=pilots.id),
        "role": RemoveTeamRole(team_id=pilots.id, entity=workspace(place.id)),
    }
    async with held_up(identity):
        await at_once(identity, wishes[ended], ann.now)
        assert await identity.fetch("select 1 from read.team_members where user_id = $1", bob.id)
        seen = await at_once(identity, Authenticate(token=bob.token))
        assert not seen.principal.holds("workspace.config.update", workspace(place.id))
        with pytest.raises(Forbidden):
            await at_once(identity, UpdateWorkspace(workspace_id=place.id, label="Mine"), before)


@pytest.mark.parametrize("ending", ["member", "team"])
async def test_what_a_team_allowed_happened_before_it_ended(identity: Identity, ending: str) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    place = await identity.workspace(ann)
    for round_ in range(8):
        pilots = await identity.team(ann, bob, role=Role.WORKSPACE_EDITOR, entity=workspace(place.id))
        end: Command[Any] = {
            "member": RemoveTeamMember(team_id=pilots.id, user_id=bob.id),
            "team": DeleteTeam(team_id=pilots.id),
        }[ending]
        renaming = [UpdateWorkspace(workspace_id=place.id, label=f"{round_}-{n}") for n in range(3)]
        asked: list[tuple[Command[Any], Somebody]] = [(each, bob) for each in renaming]
        asked.insert(2, (end, ann))
        outcomes = await asyncio.gather(*(identity.ask(wish, who.now) for wish, who in asked), return_exceptions=True)
        assert isinstance(outcomes[2], TeamRow), outcomes
        assert all(not isinstance(each, BaseException) or isinstance(each, Forbidden) for each in outcomes), outcomes
        (ended,) = await identity.fetch("select max(position) as at from events where stream = $1", f"team-{pilots.id}")
        later = "select 1 from events where stream = $1 and position > $2"
        assert not await identity.fetch(later, f"workspace-{place.id}", ended["at"])


async def test_a_team_admin_is_no_owner_of_the_organization(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    await identity.team(ann, bob, role=Role.SYSTEM_ADMIN)
    with pytest.raises(Rejected) as refused:
        await identity.ask(RemoveUser(user_id=ann.id), bob.now)
    assert refused.value.rule == Rule.LAST_ADMIN
    assert (await identity.ask(CreateTeam(name="By the team"), bob.now)).created_by == bob.id


async def test_nobody_gives_a_team_more_than_they_hold(identity: Identity) -> None:
    ann = await identity.sign_up()
    place, other = [await identity.workspace(ann, label) for label in ("One", "Two")]
    boss = await identity.member(ann, place, "boss@example.com", Role.WORKSPACE_ADMIN)
    editor = await identity.member(ann, place, "ed@example.com", Role.WORKSPACE_EDITOR)
    pilots = await identity.team(ann, editor)
    here, there = workspace(place.id), workspace(other.id)

    def give(role: Role, entity: str) -> SetTeamRole:
        return SetTeamRole(team_id=pilots.id, entity=entity, role=role)

    for wish, who in (
        (give(Role.SYSTEM_ADMIN, SYSTEM), boss),
        (give(Role.WORKSPACE_VIEWER, there), boss),
        (give(Role.WORKSPACE_ADMIN, here), editor),
        (give(Role.WORKSPACE_VIEWER, here), editor),
    ):
        with pytest.raises(Forbidden):
            await identity.ask(wish, who.now)
    given = await identity.ask(give(Role.WORKSPACE_ADMIN, here), boss.now)
    assert (given.binding.role, given.binding.entity, given.workspace) == (Role.WORKSPACE_ADMIN, here, place)
    assert (await identity.ask(give(Role.WORKSPACE_VIEWER, here), editor.now)).binding.role is Role.WORKSPACE_VIEWER
    with pytest.raises(Forbidden):
        await identity.ask(give(Role.WORKSPACE_ADMIN, here), editor.now)


async def test_more_grants_than_a_message_carries_count_all(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    pilots = await identity.team(ann, bob)
    await identity.account(ann)
    robot = await identity.principal(KEY)
    making = (at_once(identity, CreateWorkspace(label="W"), robot) for _ in range(MOST_GRANTS + 5))
    places = await asyncio.gather(*making)
    for place in places:
        give = SetTeamRole(team_id=pilots.id, entity=workspace(place.id), role=Role.WORKSPACE_EDITOR)
        await at_once(identity, give, robot)
    await identity.settled()
    seen = await identity.ask(Authenticate(token=bob.token))
    assert (len(seen.principal.grants), seen.more_grants) == (MOST_GRANTS, True)
    told = await identity.ask(Grants(of=bob.id), seen.principal)
    held = Principal(grants=(), permission_sets=told.permission_sets).model_copy(update={"grants": told.grants})
    assert all(held.holds("workspace.config.update", workspace(place.id)) for place in places)
    rows = (await identity.ask(Workspaces(ids=tuple(place.id for place in places)), seen.principal)).rows
    assert len(rows) == len(places)


async def test_a_deleted_workspace_voids_the_roles_of_teams_on_it(
    identity: Identity, database: NewDatabase, nats_server: NatsForTests
) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    place = await identity.workspace(ann)
    pilots = await identity.team(ann, bob, role=Role.WORKSPACE_ADMIN, entity=workspace(place.id))
    async with running(settings_of(await database(DEPLOYMENTS), nats_server)):
        await identity.ask(DeleteWorkspace(workspace_id=place.id), bob.now)
        assert (await identity.ask(LoadTeams(ids=(pilots.id,)), ann.now)).rows[0].roles == ()
        assert not (await identity.principal(bob.token)).holds("workspace.config.get", workspace(place.id))
        await identity.settled()
    assert await identity.fetch("select * from read.team_bindings") == []
    (row,) = (await identity.ask(LoadTeams(ids=(pilots.id,)), ann.now)).rows
    assert (row.updated_by, row.updated_by_kind) == (ann.id, "user")


async def test_what_hangs_on_a_deployment_that_is_gone_is_void_and_cleared_away(
    identity: Identity, database: NewDatabase, nats_server: NatsForTests
) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    place = await identity.workspace(ann)
    async with running(settings_of(await database(DEPLOYMENTS), nats_server)):
        made = await identity.deployment(ann, place)
        pilots = await identity.team(ann, bob, role=Role.DEPLOYMENT_ADMIN, entity=deployment(made.id))
        assert (await identity.principal(bob.token)).holds("deployment.teamRoles.update", deployment(made.id))
        await identity.drop(ann, made.id)
        assert (await identity.ask(LoadTeams(ids=(pilots.id,)), ann.now)).rows[0].roles == ()
        assert not (await identity.principal(bob.token)).holds("deployment.teamRoles.update", deployment(made.id))
        await identity.settled()
    assert await identity.fetch("select * from read.team_bindings") == []


async def test_however_many_teams_one_is_in_all_of_them_count(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    crowd = (at_once(identity, CreateTeam(name="Crowd", member_ids=(bob.id,)), ann.now) for _ in range(MOST_GRANTS + 5))
    await asyncio.gather(*crowd)
    await identity.team(ann, bob, role=Role.SYSTEM_VIEWER)
    seen = await identity.ask(Authenticate(token=bob.token))
    assert seen.principal.holds("system.users.get")
    assert not seen.more_grants
    mine = (await identity.ask(Memberships(user_ids=(bob.id,), limit=200), bob.now)).rows
    rest = await identity.ask(Memberships(user_ids=(bob.id,), after_id=mine[-1].id), bob.now)
    assert (len(mine) + len(rest.rows), rest.more) == (MOST_GRANTS + 6, False)


async def test_members_come_in_pages(identity: Identity) -> None:
    ann = await identity.sign_up()
    people = [ann, *[await identity.join(f"p{number}@example.com") for number in range(4)]]
    pilots = await identity.team(ann, *people)
    ids: list[str] = []
    more = True
    while more:
        question = TeamMembers(team_ids=(pilots.id,), after_id=ids[-1] if ids else "", limit=2)
        page = await identity.ask(question, ann.now)
        ids, more = [*ids, *(row.id for row in page.rows)], page.more
    assert ids == sorted(f"{pilots.id}:{person.id}" for person in people)
