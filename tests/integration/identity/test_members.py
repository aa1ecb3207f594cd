"""Places in workspaces: bindings for who is known, invitations for who is not, and nobody grants what they lack."""

import asyncio

import pytest

from services.identity.contract import (
    AddWorkspaceUser,
    CreateWorkspace,
    LoadUsers,
    Role,
    Rule,
    UpdateWorkspace,
    UpdateWorkspaceUserRole,
    UserStatus,
    WorkspaceId,
    WorkspaceMembers,
    WorkspaceRow,
    Workspaces,
)
from shared.auth import ANONYMOUS, Principal
from shared.errors import AerodromeError, Forbidden, Invalid, NotFound, Rejected, Unauthenticated
from shared.messages import Command
from tests.integration.identity.service import KEY, Identity, Somebody

NOWHERE = WorkspaceId("cnowhere00000000000000000")


async def refusal(identity: Identity, command: Command[WorkspaceRow], asker: Principal) -> AerodromeError:
    with pytest.raises(AerodromeError) as refused:
        await identity.ask(command, asker)
    return refused.value


async def roles_in(identity: Identity, admin: Somebody, place: WorkspaceRow) -> dict[str, Role]:
    found = await identity.ask(WorkspaceMembers(workspace_ids=(place.id,)), admin.now)
    return {row.user.email: row.role for row in found.rows}


async def test_whoever_makes_a_workspace_administers_it(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    place = await identity.ask(CreateWorkspace(label="  Main  ", description="N/A"), bob.now)
    assert (place.label, place.description) == ("Main", "N/A")
    assert (await identity.ask(Workspaces(), bob.now)).rows == (place,)
    assert await roles_in(identity, ann, place) == {"bob@example.com": Role.WORKSPACE_ADMIN}


async def test_a_service_account_makes_a_workspace_without_a_binding(identity: Identity) -> None:
    ann = await identity.sign_up()
    await identity.account(ann)
    place = await identity.ask(CreateWorkspace(label="Main"), await identity.principal(KEY))
    assert await roles_in(identity, ann, place) == {}


async def test_a_known_person_is_bound_once(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    place = await identity.workspace(ann)

    add = AddWorkspaceUser(workspace_id=place.id, email=" BOB@example.com", role=Role.WORKSPACE_EDITOR)
    added = await identity.ask(add, ann.now)

    assert (added.workspace, added.user.id) == (place, bob.id)
    assert [(role.role, role.entity) for role in added.user.roles] == [(Role.WORKSPACE_EDITOR, f"workspace:{place.id}")]
    assert await roles_in(identity, ann, place) == {
        "ann@example.com": Role.WORKSPACE_ADMIN,
        "bob@example.com": Role.WORKSPACE_EDITOR,
    }
    with pytest.raises(Rejected) as again:
        await identity.ask(add, ann.now)
    assert again.value.rule == Rule.DUPLICATE_BINDING


async def test_adding_a_person_twice_at_once_binds_once(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start()
    ann = await stopped.sign_up()
    await stopped.join("bob@example.com")
    place = await stopped.workspace(ann)
    add = [AddWorkspaceUser(workspace_id=place.id, email="bob@example.com") for _ in range(4)]
    outcomes = await asyncio.gather(*(stopped.ask(each, ann.now) for each in add), return_exceptions=True)
    lost = [each for each in outcomes if isinstance(each, BaseException)]
    assert len(lost) == 3
    assert {each.rule for each in lost if isinstance(each, Rejected)} == {Rule.DUPLICATE_BINDING}
    assert len(await roles_in(stopped, ann, place)) == 2


async def test_an_unknown_address_is_invited_and_joins_with_that_role(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    add = AddWorkspaceUser(workspace_id=place.id, email="bob@example.com", role=Role.WORKSPACE_EDITOR)
    found = await identity.ask(add, ann.now)
    assert (found.user.status, found.user.roles) == (UserStatus.INVITED, ())
    assert await roles_in(identity, ann, place) == {"ann@example.com": Role.WORKSPACE_ADMIN}
    with pytest.raises(Rejected) as again:
        await identity.ask(add, ann.now)
    assert again.value.rule == Rule.USER_ALREADY_INVITED

    change = UpdateWorkspaceUserRole(workspace_id=place.id, email="bob@example.com", role=Role.WORKSPACE_ADMIN)
    await identity.ask(change, ann.now)
    (invitation,) = await identity.fetch("select id from read.invitations where user_id = $1", found.user.id)
    token = await identity.mail_token(found.user.id, invitation["id"])
    bob = await identity.sign_up("bob@example.com", invite_token=token)

    assert bob.id == found.user.id
    assert (await roles_in(identity, ann, place))["bob@example.com"] is Role.WORKSPACE_ADMIN
    assert (await identity.ask(Workspaces(), bob.now)).rows == (place,)


async def test_two_workspaces_invite_one_unknown_address_at_once(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start()
    ann = await stopped.sign_up()
    places = [await stopped.workspace(ann, label) for label in ("One", "Two", "Three")]
    added = await asyncio.gather(
        *(stopped.ask(AddWorkspaceUser(workspace_id=place.id, email="bob@example.com"), ann.now) for place in places)
    )
    (user_id,) = {each.user.id for each in added}
    assert len(await stopped.fetch("select * from read.invitations where user_id = $1", user_id)) == 3
    (row,) = (await stopped.ask(LoadUsers(ids=(user_id,)), ann.now)).rows
    assert (row.email, row.status) == ("bob@example.com", UserStatus.INVITED)


async def test_a_role_is_changed(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    bob = await identity.member(ann, place, "bob@example.com", Role.WORKSPACE_VIEWER)
    change = UpdateWorkspaceUserRole(workspace_id=place.id, email="bob@example.com", role=Role.WORKSPACE_EDITOR)
    changed = await identity.ask(change, ann.now)
    assert [role.role for role in changed.user.roles] == [Role.WORKSPACE_EDITOR]
    assert (await identity.principal(bob.token)).holds("workspace.config.update", f"workspace:{place.id}")


async def test_a_system_service_account_reaches_every_workspace(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(await identity.join("carl@example.com"))
    await identity.account(ann)
    robot = await identity.principal(KEY)
    change = UpdateWorkspaceUserRole(workspace_id=place.id, email="carl@example.com", role=Role.WORKSPACE_EDITOR)
    assert [role.role for role in (await identity.ask(change, robot)).user.roles] == [Role.WORKSPACE_EDITOR]


async def test_nobody_grants_more_than_they_hold(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    editor = await identity.member(ann, place, "ed@example.com", Role.WORKSPACE_EDITOR)
    for role in (Role.WORKSPACE_VIEWER, Role.WORKSPACE_EDITOR, Role.WORKSPACE_ADMIN):
        add = AddWorkspaceUser(workspace_id=place.id, email="new@example.com", role=role)
        change = UpdateWorkspaceUserRole(workspace_id=place.id, email="ed@example.com", role=role)
        for command in (add, change):
            with pytest.raises(Forbidden):
                await identity.ask(command, editor.now)
    await identity.account(ann, f"workspace:{place.id}", key="e" * 32, role=Role.WORKSPACE_EDITOR)
    with pytest.raises(Forbidden):
        await identity.ask(
            AddWorkspaceUser(workspace_id=place.id, email="new@example.com"), await identity.principal("e" * 32)
        )


async def test_roles_of_another_kind_and_unknown_things_are_refused(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    for role in (Role.SYSTEM_VIEWER, Role.DEPLOYMENT_ADMIN, Role.USER):
        for kind in (AddWorkspaceUser, UpdateWorkspaceUserRole):
            with pytest.raises(Rejected) as refused:
                await identity.ask(kind(workspace_id=place.id, email="ann@example.com", role=role), ann.now)
            assert refused.value.rule == Rule.INVALID_ROLE
    with pytest.raises(NotFound):
        await identity.ask(AddWorkspaceUser(workspace_id=NOWHERE, email="ann@example.com"), ann.now)
    for email in ("nobody@example.com",):
        change = UpdateWorkspaceUserRole(workspace_id=place.id, email=email, role=Role.WORKSPACE_VIEWER)
        with pytest.raises(NotFound):
            await identity.ask(change, ann.now)
    with pytest.raises(Invalid):
        await identity.ask(AddWorkspaceUser(workspace_id=place.id, email="nobody"), ann.now)


async def test_a_workspace_is_changed_by_its_editors_alone(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(await identity.join("carl@example.com"))
    editor = await identity.member(ann, place, "ed@example.com", Role.WORKSPACE_EDITOR)
    viewer = await identity.member(ann, place, "vi@example.com", Role.WORKSPACE_VIEWER)
    stranger = await identity.join("eve@example.com")

    renamed = await identity.ask(UpdateWorkspace(workspace_id=place.id, label="Other"), editor.now)
    assert (renamed.label, renamed.description) == ("Other", "")
    assert (await identity.ask(UpdateWorkspace(workspace_id=place.id), ann.now)) == renamed
    for asker in (viewer.now, stranger.now):
        for id_ in (place.id, NOWHERE):
            assert isinstance(await refusal(identity, UpdateWorkspace(workspace_id=id_, label="x"), asker), Forbidden)
    unknown = UpdateWorkspace(workspace_id=NOWHERE, label="x")
    assert isinstance(await refusal(identity, unknown, ann.now), NotFound)
    assert isinstance(await refusal(identity, unknown, ANONYMOUS), Unauthenticated)
    assert isinstance(await refusal(identity, CreateWorkspace(label="x"), ANONYMOUS), Unauthenticated)
    for label in ("", "   ", "x" * 256):
        wrong = UpdateWorkspace(workspace_id=place.id, label=label)
        assert (await refusal(identity, wrong, editor.now)).rule == Rule.INVALID_TEXT
        assert (await refusal(identity, CreateWorkspace(label=label), editor.now)).rule == Rule.INVALID_TEXT


async def test_grants_are_read_afresh_whatever_the_envelope_says(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    bob = await identity.member(ann, place, "bob@example.com", Role.WORKSPACE_ADMIN)
    demote = UpdateWorkspaceUserRole(workspace_id=place.id, email="bob@example.com", role=Role.WORKSPACE_VIEWER)
    await identity.ask(demote, ann.now)
    promote = demote.model_copy(update={"role": Role.WORKSPACE_ADMIN})
    with pytest.raises(Forbidden):
        await identity.ask(promote, bob.now)  # the principal still carries the old grant
