"""Teams themselves: made, changed and deleted by who may, with persons in them who are somebody."""

from typing import Any

import pytest

from services.identity.contract import (
    AddTeamMembers,
    BindMode,
    CreateTeam,
    DeleteTeam,
    LoadTeams,
    RemoveTeamMember,
    RemoveTeamRole,
    RemoveUser,
    Role,
    Rule,
    SetTeamRole,
    TeamId,
    TeamMembers,
    TeamRow,
    UpdateTeam,
    UserId,
    UserStatus,
)
from shared.auth import SYSTEM, workspace
from shared.errors import Forbidden, Invalid, NotFound, Rejected, Unauthenticated
from shared.messages import Command
from tests.integration.identity.service import KEY, Identity

NOBODY = UserId("cnobody000000000000000000")
NO_TEAM = TeamId("cnoteam000000000000000000")


async def test_only_who_may_change_teams_changes_them_and_strangers_learn_nothing(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com", roles=(Role.SYSTEM_EDITOR,))
    await identity.account(ann, role=Role.SYSTEM_EDITOR)
    pilots = await identity.team(ann, bob)
    for id_ in (pilots.id, NO_TEAM):
        for asker in (bob.now, await identity.principal(KEY)):
            wishes: list[Command[TeamRow]] = [
                UpdateTeam(team_id=id_, name="x"),
                DeleteTeam(team_id=id_),
                AddTeamMembers(team_id=id_, user_ids=(NOBODY,)),
                RemoveTeamMember(team_id=id_, user_id=NOBODY),
                CreateTeam(name="x"),
            ]
            for wish in wishes:
                with pytest.raises(Forbidden):
                    await identity.ask(wish, asker)
                with pytest.raises(Unauthenticated):
                    await identity.ask(wish)
            with pytest.raises(Forbidden):
                await identity.ask(SetTeamRole(team_id=id_, entity=SYSTEM, role=Role.SYSTEM_VIEWER), asker)


async def test_a_team_that_is_none_is_not_found(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    pilots = await identity.team(ann, ann)
    gone = await identity.team(ann, ann)
    await identity.ask(DeleteTeam(team_id=gone.id), ann.now)
    for id_ in (NO_TEAM, gone.id):
        wishes: list[Command[Any]] = [
            UpdateTeam(team_id=id_, name="x"),
            DeleteTeam(team_id=id_),
            AddTeamMembers(team_id=id_, user_ids=(ann.id,)),
            RemoveTeamMember(team_id=id_, user_id=ann.id),
            SetTeamRole(team_id=id_, entity=SYSTEM, role=Role.SYSTEM_VIEWER),
            RemoveTeamRole(team_id=id_, entity=SYSTEM),
        ]
        for wish in wishes:
            with pytest.raises(NotFound):
                await identity.ask(wish, ann.now)
    wishes = [
        SetTeamRole(team_id=pilots.id, entity="workspace:cnone", role=Role.WORKSPACE_VIEWER),
        SetTeamRole(team_id=pilots.id, entity="deployment:cnone", role=Role.DEPLOYMENT_VIEWER),
        SetTeamRole(team_id=pilots.id, entity=workspace(place.id), role=Role.WORKSPACE_VIEWER, mode=BindMode.CHANGE),
        RemoveTeamRole(team_id=pilots.id, entity=workspace(place.id)),
        RemoveTeamMember(team_id=pilots.id, user_id=NOBODY),
    ]
    for wish in wishes:
        with pytest.raises(NotFound):
            await identity.ask(wish, ann.now)


async def test_what_makes_no_sense_is_refused(identity: Identity) -> None:
    ann = await identity.sign_up()
    pilots = await identity.team(ann)
    for wish in (
        CreateTeam(name=" "),
        CreateTeam(name="x" * 256),
        UpdateTeam(team_id=pilots.id, description="x" * 5_000),
    ):
        with pytest.raises(Invalid) as unclear:
            await identity.ask(wish, ann.now)
        assert unclear.value.rule == Rule.INVALID_TEXT
    with pytest.raises(Rejected) as refused:
        await identity.ask(SetTeamRole(team_id=pilots.id, entity=SYSTEM, role=Role.WORKSPACE_VIEWER), ann.now)
    assert refused.value.rule == Rule.INVALID_ROLE
    with pytest.raises(Invalid):
        await identity.ask(SetTeamRole(team_id=pilots.id, entity="user:x", role=Role.WORKSPACE_VIEWER), ann.now)


async def test_all_are_added_or_none_and_repeating_is_harmless(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    invited, token = await identity.invited("new@example.com")
    pilots = await identity.team(ann)
    with pytest.raises(NotFound):
        await identity.ask(AddTeamMembers(team_id=pilots.id, user_ids=(bob.id, NOBODY)), ann.now)
    with pytest.raises(NotFound):
        await identity.ask(CreateTeam(name="x", member_ids=(NOBODY,)), ann.now)
    assert (await identity.ask(TeamMembers(team_ids=(pilots.id,)), ann.now)).rows == ()
    for ids in ((bob.id,), (bob.id, invited.user_id, bob.id)):
        await identity.ask(AddTeamMembers(team_id=pilots.id, user_ids=ids), ann.now)
    members = (await identity.ask(TeamMembers(team_ids=(pilots.id,)), ann.now)).rows
    assert {row.user.status for row in members} == {UserStatus.ACTIVE, UserStatus.INVITED}
    first, second = sorted(members, key=lambda row: row.created_at)
    assert (first.user_id, second.user_id) == (bob.id, invited.user_id)
    await identity.ask(SetTeamRole(team_id=pilots.id, entity=SYSTEM, role=Role.SYSTEM_VIEWER), ann.now)
    new = await identity.sign_up("new@example.com", invite_token=token)
    assert (await identity.principal(new.token)).holds("system.users.get")


async def test_who_made_and_changed_a_team_is_kept(identity: Identity) -> None:
    ann = await identity.sign_up()
    account = await identity.account(ann)
    robot = await identity.principal(KEY)
    made = await identity.ask(CreateTeam(name=" Pilots ", description="All"), ann.now)
    assert (made.name, made.description, made.created_by, made.created_by_kind) == ("Pilots", "All", ann.id, "user")
    assert (made.updated_by, made.updated_at) == (made.created_by, made.created_at)
    await identity.ask(AddTeamMembers(team_id=made.id, user_ids=(ann.id,)), robot)
    await identity.ask(SetTeamRole(team_id=made.id, entity=SYSTEM, role=Role.SYSTEM_VIEWER), robot)
    (row,) = (await identity.ask(LoadTeams(ids=(made.id,)), ann.now)).rows
    assert (row.created_by, row.updated_by, row.updated_by_kind) == (ann.id, account.id, "service_account")
    assert row.updated_at > row.created_at


async def test_a_removed_persons_memberships_end(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    pilots = await identity.team(ann, ann, bob)
    await identity.ask(RemoveUser(user_id=bob.id), ann.now)
    members = (await identity.ask(TeamMembers(team_ids=(pilots.id,)), ann.now)).rows
    assert [row.user_id for row in members] == [ann.id]
    await identity.settled()
    left = await identity.fetch("select user_id from read.team_members")
    assert [row["user_id"] for row in left] == [ann.id]
    with pytest.raises(NotFound):
        await identity.ask(AddTeamMembers(team_id=pilots.id, user_ids=(bob.id,)), ann.now)
