"""Teams: made, changed and deleted, with members who hold their roles while they are in them."""

import pytest

from services.identity.contract import (
    BindMode,
    Interface,
    Role,
    Rule,
    TeamCreated,
    TeamDeleted,
    TeamEvent,
    TeamId,
    TeamMemberRemoved,
    TeamMembersAdded,
    TeamRoleChanged,
    TeamRoleGranted,
    TeamRoleRevoked,
    TeamUpdated,
    UserId,
)
from services.identity.domain import team
from services.identity.domain.team import held_through
from services.identity.domain.user import Binding
from services.identity.handlers.streams import TEAM
from tests.unit.identity import examples as x
from tests.unit.identity.examples import ANN, BOB, ELSEWHERE, HERE, LATER, NOW
from tests.unit.identity.scenario import Scenario

PILOTS = TeamId("cteam00000000000000000000a")
CARL = UserId("cusercarl000000000000000a")

MADE = TeamCreated(team_id=PILOTS, name="Pilots", description="", created_at=NOW)
JOINED = TeamMembersAdded(team_id=PILOTS, user_ids=(ANN, BOB), added_at=NOW)
LEFT = TeamMemberRemoved(team_id=PILOTS, user_id=ANN, removed_at=LATER)
RENAMED = TeamUpdated(team_id=PILOTS, name="Crew", description="Of all", updated_at=LATER)
EDITORS = TeamRoleGranted(team_id=PILOTS, binding_id=x.BINDING, role=Role.WORKSPACE_EDITOR, entity=HERE, granted_at=NOW)
PROMOTED = TeamRoleChanged(
    team_id=PILOTS, binding_id=x.BINDING, role=Role.WORKSPACE_ADMIN, entity=HERE, changed_at=LATER
)
REVOKED = TeamRoleRevoked(team_id=PILOTS, binding_id=x.BINDING, entity=HERE, revoked_at=LATER)
GONE = TeamDeleted(team_id=PILOTS, deleted_at=LATER)

CREATE = team.Create(team_id=PILOTS, name="Pilots", description="", members=(ANN, BOB, ANN), now=NOW)


def set_role(role: Role, mode: BindMode, entity: str = HERE) -> team.SetRole:
    return team.SetRole(
        binding_id=x.BINDING, entity=entity, role=role, mode=mode, interface=Interface.GRAPHQL, now=LATER
    )


def remove_role(role: Role | None = None, entity: str = HERE) -> team.RemoveRole:
    return team.RemoveRole(entity=entity, role=role, interface=Interface.GRAPHQL, now=LATER)


def test_a_team_is_made_with_each_of_its_members_once() -> None:
    Scenario(TEAM).when(CREATE).then(MADE, JOINED)
    Scenario(TEAM).given(MADE).when(CREATE).then_rejected("")


def test_a_team_is_changed_where_something_differs() -> None:
    pilots = Scenario(TEAM).given(MADE)
    pilots.when(team.Update(name="Crew", description="Of all", now=LATER)).then(RENAMED)
    pilots.when(team.Update(name=None, description="", now=LATER)).then()
    pilots.given(RENAMED).when(team.Update(name=None, description="Of all", now=LATER)).then()


def test_members_who_are_in_the_team_stay_since_when_they_are() -> None:
    pilots = Scenario(TEAM).given(MADE, JOINED)
    pilots.when(team.AddMembers(user_ids=(BOB, CARL), now=LATER)).then(
        TeamMembersAdded(team_id=PILOTS, user_ids=(CARL,), added_at=LATER)
    )
    pilots.when(team.AddMembers(user_ids=(ANN, BOB), now=LATER)).then()


def test_a_member_leaves_once() -> None:
    pilots, leave = Scenario(TEAM).given(MADE, JOINED), team.RemoveMember(user_id=ANN, now=LATER)
    pilots.when(leave).then(LEFT)
    pilots.given(LEFT).when(leave).then_not_found()


def test_a_team_has_one_role_on_an_entity() -> None:
    pilots = Scenario(TEAM).given(MADE)
    granted = EDITORS.model_copy(update={"granted_at": LATER})
    for mode in (BindMode.ADD, BindMode.RAISE, BindMode.REPLACE, BindMode.SET):
        pilots.when(set_role(Role.WORKSPACE_EDITOR, mode)).then(granted)
    pilots.when(set_role(Role.WORKSPACE_EDITOR, BindMode.CHANGE)).then_not_found()
    editors = pilots.given(EDITORS)
    editors.when(set_role(Role.WORKSPACE_VIEWER, BindMode.ADD, ELSEWHERE)).then(
        EDITORS.model_copy(update={"role": Role.WORKSPACE_VIEWER, "entity": ELSEWHERE, "granted_at": LATER})
    )


@pytest.mark.parametrize("mode", [BindMode.RAISE, BindMode.REPLACE, BindMode.SET, BindMode.CHANGE])
def test_another_role_takes_the_place_of_the_one_that_is_there(mode: BindMode) -> None:
    Scenario(TEAM).given(MADE, EDITORS).when(set_role(Role.WORKSPACE_ADMIN, mode)).then(PROMOTED)


@pytest.mark.parametrize(
    ("role", "mode"),
    [
        (Role.WORKSPACE_ADMIN, BindMode.ADD),
        (Role.WORKSPACE_EDITOR, BindMode.ADD),
        (Role.WORKSPACE_VIEWER, BindMode.RAISE),
        (Role.WORKSPACE_EDITOR, BindMode.REPLACE),
    ],
)
def test_a_role_that_may_not_be_there_is_a_duplicate(role: Role, mode: BindMode) -> None:
    Scenario(TEAM).given(MADE, EDITORS).when(set_role(role, mode)).then_rejected(Rule.DUPLICATE_BINDING)


@pytest.mark.parametrize("mode", [BindMode.SET, BindMode.CHANGE])
def test_writing_back_the_role_that_is_shown_changes_nothing(mode: BindMode) -> None:
    authors = EDITORS.model_copy(update={"role": Role.WORKSPACE_AUTHOR})
    Scenario(TEAM).given(MADE, authors).when(set_role(Role.WORKSPACE_EDITOR, mode)).then()


def test_a_role_is_taken_away_if_it_is_the_one_that_was_meant() -> None:
    editors = Scenario(TEAM).given(MADE, EDITORS)
    editors.when(remove_role()).then(REVOKED)
    editors.when(remove_role(Role.WORKSPACE_EDITOR)).then(REVOKED)
    editors.when(remove_role(Role.WORKSPACE_VIEWER)).then_not_found()
    editors.when(remove_role(entity=ELSEWHERE)).then_not_found()
    editors.given(REVOKED).when(remove_role()).then_not_found()


def test_what_hangs_on_an_entity_that_is_gone_is_dropped() -> None:
    editors = Scenario(TEAM).given(MADE, EDITORS)
    editors.when(team.Clear(entity=HERE, now=LATER)).then(REVOKED)
    editors.when(team.Clear(entity=ELSEWHERE, now=LATER)).then()
    editors.given(GONE).when(team.Clear(entity=HERE, now=LATER)).then()


@pytest.mark.parametrize("history", [(), (MADE, JOINED, EDITORS, GONE)])
@pytest.mark.parametrize(
    "wish",
    [
        team.Update(name="Crew", description=None, now=LATER),
        team.Delete(now=LATER),
        team.AddMembers(user_ids=(ANN,), now=LATER),
        team.RemoveMember(user_id=ANN, now=LATER),
        set_role(Role.WORKSPACE_ADMIN, BindMode.SET),
        remove_role(),
    ],
)
def test_what_is_no_team_is_not_changed(history: tuple[TeamEvent, ...], wish: team.TeamCommand) -> None:
    Scenario(TEAM).given(*history).when(wish).then_not_found()


def test_a_team_gives_its_roles_to_its_members_while_it_is_there() -> None:
    editors, gives = Scenario(TEAM).given(MADE, JOINED, EDITORS), Binding(role=Role.WORKSPACE_EDITOR, entity=HERE)
    assert held_through(editors.state, ANN) == [gives]
    assert held_through(editors.state, CARL) == []
    assert held_through(editors.given(LEFT).state, ANN) == []
    assert held_through(editors.given(REVOKED).state, ANN) == []
    assert held_through(editors.given(GONE).state, ANN) == []
    assert held_through(Scenario(TEAM).state, ANN) == []
