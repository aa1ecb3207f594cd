"""The groups of 2018: who is put into one holds its role, and nobody learns of groups that they may not see."""

import asyncio

from services.identity.contract import AddGroupUser, AddWorkspaceUser, RemoveGroupUser, Role, Rule, WorkspaceRow
from shared import auth
from shared.errors import Forbidden, NotFound, Rejected
from tests.integration.identity.service import Identity
from tests.integration.identity.test_bindings import NOBODY, OWNERS, refusal, roles


async def test_a_member_of_a_group_holds_its_role(identity: Identity) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    place = await identity.workspace(ann)
    here = auth.workspace(place.id)
    viewers, owners = f"{place.id}-workspace_viewer", f"{place.id}-workspace_admin"

    added = await identity.ask(AddGroupUser(group_id=viewers, user_id=bob.id), ann.now)
    assert (added.id, added.label, added.entity) == (viewers, "Workspace Viewer", here)
    assert await roles(identity, bob) == {here: Role.WORKSPACE_VIEWER}
    again = await refusal(identity.ask(AddGroupUser(group_id=viewers, user_id=bob.id), ann.now))
    assert again.rule == Rule.DUPLICATE_BINDING
    await identity.ask(AddGroupUser(group_id=owners, user_id=bob.id), ann.now)
    assert await roles(identity, bob) == {here: Role.WORKSPACE_ADMIN}
    weaker = await refusal(identity.ask(AddGroupUser(group_id=viewers, user_id=bob.id), ann.now))
    assert weaker.rule == Rule.DUPLICATE_BINDING
    await identity.ask(RemoveGroupUser(group_id=viewers, user_id=bob.id), ann.now)  # not one of them: nothing happens
    assert await roles(identity, bob) == {here: Role.WORKSPACE_ADMIN}
    await identity.ask(RemoveGroupUser(group_id=owners, user_id=bob.id), ann.now)
    assert await roles(identity, bob) == {}


async def test_groups_that_are_unknown_or_foreign_can_not_be_told_apart(identity: Identity) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    place = await identity.workspace(ann)
    for group_id in (OWNERS, "default_user", f"{place.id}-workspace_viewer", "cnone-workspace_viewer", "cnone"):
        for command in (
            AddGroupUser(group_id=group_id, user_id=bob.id),
            RemoveGroupUser(group_id=group_id, user_id=bob.id),
        ):
            assert isinstance(await refusal(identity.ask(command, bob.now)), Forbidden), group_id
    for group_id in ("cnone-workspace_viewer", "cnone", ""):
        assert isinstance(
            await refusal(identity.ask(AddGroupUser(group_id=group_id, user_id=bob.id), ann.now)), NotFound
        )
    fixed = await refusal(identity.ask(RemoveGroupUser(group_id="default_user", user_id=bob.id), ann.now))
    assert (type(fixed), fixed.rule) == (Rejected, Rule.FIXED_GROUP)
    assert isinstance(await refusal(identity.ask(AddGroupUser(group_id=OWNERS, user_id=NOBODY), ann.now)), NotFound)


async def test_adding_to_a_group_twice_at_once_binds_once(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start()
    ann, bob = await stopped.sign_up(), await stopped.join("bob@example.com")
    place = await stopped.workspace(ann)
    adds = [AddGroupUser(group_id=f"{place.id}-workspace_editor", user_id=bob.id) for _ in range(4)]
    outcomes = await asyncio.gather(*(stopped.ask(each, ann.now) for each in adds), return_exceptions=True)
    assert sorted(each.rule for each in outcomes if isinstance(each, Rejected)) == [Rule.DUPLICATE_BINDING] * 3
    assert len(await stopped.fetch("select 1 from read.role_bindings where user_id = $1", bob.id)) == 1


async def test_groups_choose_the_role_of_who_is_added(identity: Identity) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    place, other = [await identity.workspace(ann, label) for label in ("One", "Two")]

    def add(where: WorkspaceRow, *groups: str) -> AddWorkspaceUser:
        return AddWorkspaceUser(workspace_id=where.id, email="bob@example.com", groups=groups)

    for wrong in (f"{other.id}-workspace_viewer", "default_admin", "cnone"):
        assert (await refusal(identity.ask(add(place, wrong), ann.now))).rule == Rule.INVALID_ROLE
    await identity.ask(add(place, f"{place.id}-workspace_viewer", f"{place.id}-workspace_editor"), ann.now)
    assert await roles(identity, bob) == {auth.workspace(place.id): Role.WORKSPACE_EDITOR}
