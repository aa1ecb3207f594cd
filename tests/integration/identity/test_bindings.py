"""Roles on the system, workspaces and deployments: given, changed and taken away by who may, also through groups."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from typing import Any

import pytest

from services.identity.contract import (
    AddWorkspaceUser,
    Authenticate,
    BindMode,
    BindUser,
    CreateServiceAccount,
    CreateWorkspace,
    DeploymentId,
    DeploymentRole,
    Grants,
    MailPurpose,
    RemoveGroupUser,
    RemoveWorkspaceUser,
    RequestPasswordReset,
    ResetPassword,
    Role,
    RoleDefinitions,
    Rule,
    ServiceAccounts,
    SignIn,
    UnbindUser,
    UpdateWorkspaceUserRole,
    UserId,
    UserStatus,
)
from shared import auth
from shared.auth import ANONYMOUS, SYSTEM
from shared.errors import AerodromeError, Forbidden, NotFound, Unauthenticated
from tests.conftest import NewDatabase
from tests.integration.deployments.service import running, settings_of
from tests.integration.identity.service import PASSWORD, Identity, Somebody
from tests.servers import NatsForTests

NOBODY = UserId("cnobody000000000000000000")
OWNERS = "default_admin"


@pytest.fixture
async def deployments(database: NewDatabase, nats_server: NatsForTests, identity: Identity) -> AsyncGenerator[None]:
    """The deployments service beside identity."""
    del identity  # it is started first
    async with running(settings_of(await database("deployments"), nats_server)):
        yield


async def refusal(doing: Awaitable[object]) -> AerodromeError:
    with pytest.raises(AerodromeError) as refused:
        await doing
    return refused.value


async def roles(identity: Identity, person: Somebody) -> dict[str, str]:
    """Return what a person holds by entity, as the next request finds it."""
    held = (await identity.ask(Grants(of=person.id), person.now)).grants
    return {grant.entity: grant.role for grant in held if grant.role != Role.USER}


async def test_a_system_role_is_given_changed_and_not_given_twice(identity: Identity) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    bind = BindUser(entity=SYSTEM, role=Role.SYSTEM_VIEWER, user_id=bob.id, mode=BindMode.REPLACE)
    bound = await identity.ask(bind, ann.now)
    assert bound.binding is not None
    assert (bound.user.id, bound.binding.role, bound.binding.entity) == (bob.id, Role.SYSTEM_VIEWER, SYSTEM)
    assert (await refusal(identity.ask(bind, ann.now))).rule == Rule.DUPLICATE_BINDING
    raised = bind.model_copy(update={"role": Role.SYSTEM_EDITOR})
    changed = (await identity.ask(raised, ann.now)).binding
    assert changed is not None
    assert (changed.id, changed.role) == (bound.binding.id, Role.SYSTEM_EDITOR)
    wrong = bind.model_copy(update={"role": Role.WORKSPACE_ADMIN})
    assert (await refusal(identity.ask(wrong, ann.now))).rule == Rule.INVALID_ROLE
    for asker, kind in ((bob.now, Forbidden), (ANONYMOUS, Unauthenticated)):
        for command in (bind, wrong, bind.model_copy(update={"user_id": NOBODY})):
            assert isinstance(await refusal(identity.ask(command, asker)), kind)
    assert isinstance(await refusal(identity.ask(bind.model_copy(update={"user_id": NOBODY}), ann.now)), NotFound)
    other = bind.model_copy(update={"email": "ann@example.com"})
    assert isinstance(await refusal(identity.ask(other, ann.now)), NotFound)


async def test_the_last_owner_can_not_be_demoted_by_any_way(identity: Identity) -> None:
    ann = await identity.sign_up()
    ways: list[Any] = [
        BindUser(entity=SYSTEM, role=Role.SYSTEM_VIEWER, user_id=ann.id, mode=BindMode.REPLACE),
        BindUser(entity=SYSTEM, role=Role.ORGANIZATION_MEMBER, email="ann@example.com", mode=BindMode.SET),
        UnbindUser(entity=SYSTEM, user_id=ann.id),
        RemoveGroupUser(group_id=OWNERS, user_id=ann.id),
    ]
    for command in ways:
        assert (await refusal(identity.ask(command, ann.now))).rule == Rule.LAST_ADMIN
    assert await roles(identity, ann) == {SYSTEM: Role.SYSTEM_ADMIN}


async def test_two_owners_who_demote_each_other_at_once_leave_one(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start()
    ann = await stopped.sign_up()
    for number in range(3):
        bob = await stopped.join(f"bob{number}@example.com", roles=(Role.SYSTEM_ADMIN,))
        outcomes = await asyncio.gather(
            stopped.ask(RemoveGroupUser(group_id=OWNERS, user_id=ann.id), bob.now),
            stopped.ask(BindUser(entity=SYSTEM, role=Role.SYSTEM_VIEWER, user_id=bob.id, mode=BindMode.SET), ann.now),
            return_exceptions=True,
        )
        assert len([each for each in outcomes if isinstance(each, AerodromeError)]) == 1, outcomes
        left = [person for person in (ann, bob) if (await roles(stopped, person)).get(SYSTEM) == Role.SYSTEM_ADMIN]
        assert len(left) == 1
        ann = left[0]


@pytest.mark.usefixtures("deployments")
async def test_a_role_on_a_deployment_is_given_by_who_may_there_or_in_its_workspace(identity: Identity) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    place = await identity.workspace(ann)
    boss = await identity.member(ann, place, "boss@example.com", Role.WORKSPACE_ADMIN)
    editor = await identity.member(ann, place, "ed@example.com", Role.WORKSPACE_EDITOR)
    other = await identity.workspace(bob, "Other")
    made = await identity.deployment(boss, place)
    there = auth.deployment(made.id)
    bind = BindUser(entity=there, role=Role.DEPLOYMENT_ADMIN, email="bob@example.com")
    for asker in (editor.now, bob.now):
        assert isinstance(await refusal(identity.ask(bind, asker)), Forbidden)
        unknown = bind.model_copy(update={"entity": "deployment:cnone"})
        assert isinstance(await refusal(identity.ask(unknown, asker)), Forbidden)
    bound = await identity.ask(bind, boss.now)
    assert bound.binding is not None
    assert (bound.binding.entity, bound.user.roles) == (there, (bound.binding,))
    assert await roles(identity, bob) == {auth.workspace(other.id): Role.WORKSPACE_ADMIN, there: Role.DEPLOYMENT_ADMIN}

    # As its administrator bob may give what he holds there, and change and take it away.
    lower = BindUser(entity=there, role=Role.DEPLOYMENT_VIEWER, email="ed@example.com", mode=BindMode.CHANGE)
    assert isinstance(await refusal(identity.ask(lower, bob.now)), NotFound)
    await identity.ask(lower.model_copy(update={"mode": BindMode.ADD}), bob.now)
    again = await refusal(identity.ask(lower.model_copy(update={"mode": BindMode.ADD}), bob.now))
    assert again.rule == Rule.DUPLICATE_BINDING
    taken = await identity.ask(UnbindUser(entity=there, email="ed@example.com"), bob.now)
    assert taken.binding is not None
    assert taken.binding.role is Role.DEPLOYMENT_VIEWER
    assert isinstance(await refusal(identity.ask(UnbindUser(entity=there, email="ed@example.com"), bob.now)), NotFound)

    await identity.drop(boss, made.id)
    assert isinstance(await refusal(identity.ask(bind, ann.now)), NotFound)
    seen = (await identity.ask(Authenticate(token=bob.token))).user
    assert seen is not None
    assert there not in {role.entity for role in seen.roles}
    await identity.settled()
    assert there not in await roles(identity, bob)


@pytest.mark.usefixtures("deployments")
async def test_a_service_account_of_a_deployment_lives_as_long_as_it(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    editor = await identity.member(ann, place, "ed@example.com", Role.WORKSPACE_EDITOR)
    made = await identity.deployment(ann, place)
    there = auth.deployment(made.id)
    create = CreateServiceAccount(label="ci", entity=there, role=Role.DEPLOYMENT_EDITOR, key="a" * 32)
    account = await identity.ask(create, editor.now)
    assert (await identity.ask(ServiceAccounts(entities=(there,)), editor.now)).rows == (account,)
    assert (await identity.principal("a" * 32)).holds("deployment.images.push", there)
    admin = create.model_copy(update={"role": None, "key": "b" * 32})
    assert isinstance(await refusal(identity.ask(admin, editor.now)), Forbidden)
    await identity.drop(ann, made.id)
    assert isinstance(await refusal(identity.ask(Authenticate(token="a" * 32))), Unauthenticated)
    await identity.settled()
    assert await identity.fetch("select 1 from read.service_accounts") == []


async def test_a_removed_member_keeps_nothing_in_the_workspace(identity: Identity) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    place, other = [await identity.workspace(ann, label) for label in ("One", "Two")]
    for each in (place, other):
        await identity.ask(AddWorkspaceUser(workspace_id=each.id, email="bob@example.com"), ann.now)
    removed = await identity.ask(RemoveWorkspaceUser(workspace_id=place.id, user_id=bob.id), ann.now)
    assert (removed.workspace, removed.user.id) == (place, bob.id)
    assert await roles(identity, bob) == {auth.workspace(other.id): Role.WORKSPACE_VIEWER}
    for wish in ({"user_id": bob.id}, {"user_id": NOBODY}, {"email": "x@example.com"}):
        command = RemoveWorkspaceUser.model_validate({"workspace_id": place.id, **wish})
        assert isinstance(await refusal(identity.ask(command, ann.now)), NotFound)
        assert isinstance(await refusal(identity.ask(command, bob.now)), Forbidden)


async def test_an_invited_address_is_removed_with_its_invitation(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    found = await identity.ask(AddWorkspaceUser(workspace_id=place.id, email="kim@example.com"), ann.now)
    removed = await identity.ask(RemoveWorkspaceUser(workspace_id=place.id, email="KIM@example.com"), ann.now)
    assert removed.user.id == found.user.id
    assert await identity.fetch("select 1 from read.users where id = $1", found.user.id) == []


@pytest.mark.usefixtures("deployments")
async def test_roles_on_deployments_come_and_go_with_the_place_in_the_workspace(identity: Identity) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    place, other = [await identity.workspace(ann, label) for label in ("One", "Two")]
    inside, outside = await identity.deployment(ann, place), await identity.deployment(ann, other)
    for id_ in (outside.id, DeploymentId("cnone")):
        wrong = (DeploymentRole(deployment_id=id_, role=Role.DEPLOYMENT_ADMIN),)
        add = AddWorkspaceUser(workspace_id=place.id, email="bob@example.com", deployment_roles=wrong)
        assert isinstance(await refusal(identity.ask(add, ann.now)), NotFound)
    right = (DeploymentRole(deployment_id=inside.id, role=Role.DEPLOYMENT_ADMIN),)
    add = AddWorkspaceUser(workspace_id=place.id, email="bob@example.com", deployment_roles=right)
    await identity.ask(add, ann.now)
    elsewhere = BindUser(entity=auth.deployment(outside.id), role=Role.DEPLOYMENT_VIEWER, user_id=bob.id)
    await identity.ask(elsewhere, ann.now)
    assert await roles(identity, bob) == {
        auth.workspace(place.id): Role.WORKSPACE_VIEWER,
        auth.deployment(inside.id): Role.DEPLOYMENT_ADMIN,
        auth.deployment(outside.id): Role.DEPLOYMENT_VIEWER,
    }
    await identity.ask(RemoveWorkspaceUser(workspace_id=place.id, user_id=bob.id), ann.now)
    assert await roles(identity, bob) == {auth.deployment(outside.id): Role.DEPLOYMENT_VIEWER}


async def test_only_who_invites_to_the_system_makes_somebody_active_without_a_mail(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    boss = await identity.member(ann, place, "boss@example.com", Role.WORKSPACE_ADMIN)
    add = AddWorkspaceUser(workspace_id=place.id, email="kim@example.com", bypass_invite=True)
    assert isinstance(await refusal(identity.ask(add, boss.now)), Forbidden)
    made = (await identity.ask(add, ann.now)).user
    assert (made.status, made.username, [role.role for role in made.roles]) == (
        UserStatus.ACTIVE,
        "kim@example.com",
        [Role.WORKSPACE_VIEWER],
    )
    for password in ("", PASSWORD):
        signing = await refusal(identity.ask(SignIn(identity="kim@example.com", password=password)))
        assert signing.rule == Rule.BAD_CREDENTIALS
    await identity.ask(RequestPasswordReset(email="kim@example.com"))
    token = await identity.link_token(made.id, MailPurpose.RESET)
    await identity.ask(ResetPassword(token=token, password=PASSWORD))
    assert (await identity.ask(SignIn(identity="kim@example.com", password=PASSWORD))).user.id == made.id


async def test_a_missing_role_is_made_where_that_is_wished(identity: Identity) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    place = await identity.workspace(ann)
    change = UpdateWorkspaceUserRole(workspace_id=place.id, email="bob@example.com", role=Role.WORKSPACE_EDITOR)
    assert isinstance(await refusal(identity.ask(change, ann.now)), NotFound)
    upsert = change.model_copy(update={"create_missing": True})
    for _ in range(2):
        await identity.ask(upsert, ann.now)
    assert await roles(identity, bob) == {auth.workspace(place.id): Role.WORKSPACE_EDITOR}
    nobody = upsert.model_copy(update={"email": "nobody@example.com"})
    assert isinstance(await refusal(identity.ask(nobody, ann.now)), NotFound)


async def test_a_permission_that_the_settings_remove_is_held_by_nobody(stopped: Identity) -> None:
    await stopped.start(removed_permissions=frozenset({"system.workspace.create", "workspace.invites.get"}))
    ann, bob = await stopped.sign_up(), await stopped.join("bob@example.com")
    for asker in (ann.now, bob.now):
        assert isinstance(await refusal(stopped.ask(CreateWorkspace(label="x"), asker)), Forbidden)
    # What nobody holds keeps nobody from granting the rest of a role.
    await stopped.ask(BindUser(entity=SYSTEM, role=Role.SYSTEM_ADMIN, user_id=bob.id), ann.now)
    rows = (await stopped.ask(RoleDefinitions(), bob.now)).rows
    assert {row.name: row.permissions for row in rows}[Role.USER] == ()
