"""Service accounts: a key that works until it is deleted, seen by who may, masked for ever."""

import hashlib
from collections.abc import Awaitable

import pytest

from services.identity.contract import (
    Authenticate,
    CreateServiceAccount,
    CreateWorkspace,
    CredentialId,
    DeleteServiceAccount,
    Grants,
    Role,
    Rule,
    ServiceAccounts,
    WorkspaceId,
    Workspaces,
)
from shared import auth
from shared.auth import ANONYMOUS, SYSTEM, PrincipalKind
from shared.errors import AerodromeError, Forbidden, Invalid, NotFound, Rejected, Unauthenticated
from shared.ids import new_message_id
from tests.integration.identity.service import KEY, Identity


async def refusal(doing: Awaitable[object]) -> AerodromeError:
    with pytest.raises(AerodromeError) as refused:
        await doing
    return refused.value


async def test_a_key_is_its_service_account_until_it_is_deleted(identity: Identity) -> None:
    ann = await identity.sign_up()
    made = await identity.ask(CreateServiceAccount(label="ci", category="build", entity=SYSTEM, key=KEY), ann.now)
    assert (made.role, made.active, made.last_used_at) == (Role.SYSTEM_ADMIN, True, None)
    assert made.key_masked == "012345" + "*" * 26
    assert made.key_digest == hashlib.sha256(KEY.encode()).hexdigest()

    seen = await identity.ask(Authenticate(token=KEY))
    assert (seen.service_account, seen.user, seen.expires_at) == (made, None, None)
    assert (seen.principal.kind, seen.principal.subject) == (PrincipalKind.SERVICE_ACCOUNT, made.id)
    assert seen.principal.holds("system.user.invite")
    assert (await identity.ask(Grants(of=made.id), seen.principal)).grants == seen.principal.grants

    assert await identity.ask(DeleteServiceAccount(credential_id=made.id), seen.principal) == made
    assert isinstance(await refusal(identity.ask(Authenticate(token=KEY))), Unauthenticated)
    again = DeleteServiceAccount(credential_id=made.id)
    assert isinstance(await refusal(identity.ask(again, ann.now)), NotFound)
    assert isinstance(await refusal(identity.ask(again, seen.principal)), Unauthenticated)


async def test_a_repeat_with_another_key_shows_the_first_ones_digest(identity: Identity) -> None:
    ann = await identity.sign_up()
    id_ = new_message_id()
    wishes = [CreateServiceAccount(label="ci", entity=SYSTEM, key=key) for key in (KEY, "f" * 32)]
    first, second = [await identity.ask(wish, ann.now, message_id=id_, keyed=True) for wish in wishes]
    assert first == second
    other = CreateServiceAccount(label="other", entity=SYSTEM, key=KEY)
    assert isinstance(await refusal(identity.ask(other, ann.now, message_id=id_, keyed=True)), Invalid)


async def test_who_may_make_and_delete_service_accounts_of_a_workspace(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    here = auth.workspace(place.id)
    editor = await identity.member(ann, place, "ed@example.com", Role.WORKSPACE_EDITOR)
    viewer = await identity.member(ann, place, "vi@example.com", Role.WORKSPACE_VIEWER)

    made = await identity.account(editor, here, key="a" * 32, role=Role.WORKSPACE_EDITOR)
    for asker, entity, role in [
        (editor, here, Role.WORKSPACE_ADMIN),  # more than they hold
        (editor, here, None),
        (editor, SYSTEM, Role.SYSTEM_VIEWER),
        (viewer, here, Role.WORKSPACE_VIEWER),
        (editor, "workspace:cnowhere", Role.WORKSPACE_VIEWER),
    ]:
        assert isinstance(await refusal(identity.account(asker, entity, key="b" * 32, role=role)), Forbidden)
    unknown = DeleteServiceAccount(credential_id=CredentialId("cnothing"))
    for command in (DeleteServiceAccount(credential_id=made.id), unknown):
        assert isinstance(await refusal(identity.ask(command, viewer.now)), Forbidden)
    assert isinstance(await refusal(identity.ask(unknown, ANONYMOUS)), Unauthenticated)
    assert await identity.ask(DeleteServiceAccount(credential_id=made.id), editor.now) == made


async def test_what_is_wrong_is_refused(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    here = auth.workspace(place.id)
    for entity, role in [(SYSTEM, Role.WORKSPACE_ADMIN), (here, Role.SYSTEM_VIEWER), (SYSTEM, Role.USER)]:
        error = await refusal(identity.account(ann, entity, role=role))
        assert (type(error), error.rule) == (Rejected, Rule.ROLE_ENTITY_MISMATCH)
    for entity in ("", "deployment:", "workspace:", "workspace", "SYSTEM", "user:x", "workspace:x:y"):
        assert isinstance(await refusal(identity.account(ann, entity)), Invalid)
    for entity in ("workspace:cnowhere", "deployment:cnowhere"):
        assert isinstance(await refusal(identity.account(ann, entity)), NotFound)
    for key in ("", "x" * 32, KEY.upper(), KEY + "0"):
        assert isinstance(await refusal(identity.account(ann, key=key)), Invalid)
    for label in ("", " ", "x" * 256):
        command = CreateServiceAccount(label=label, entity=SYSTEM, key=KEY)
        assert (await refusal(identity.ask(command, ann.now))).rule == Rule.INVALID_TEXT
    assert await identity.fetch("select * from events where stream like 'credential-%'") == []


async def test_a_foreign_key_is_nobodys(identity: Identity) -> None:
    ann = await identity.sign_up()
    await identity.account(ann)
    for key in ("f" * 32, KEY.upper(), KEY[:-1] + "0"):
        assert isinstance(await refusal(identity.ask(Authenticate(token=key))), Unauthenticated)


async def test_service_accounts_are_listed_for_who_may_see_them(identity: Identity) -> None:
    ann = await identity.sign_up()
    place, other = [await identity.workspace(ann, label) for label in ("One", "Two")]
    viewer = await identity.member(ann, place, "vi@example.com", Role.WORKSPACE_VIEWER)
    here, there = auth.workspace(place.id), auth.workspace(other.id)
    mine = await identity.account(ann, here, key="a" * 32)
    foreign = await identity.account(ann, there, key="b" * 32)
    whole = await identity.account(ann, key="c" * 32)

    async def listed(asker: auth.Principal, **by: object) -> tuple[object, ...]:
        return (await identity.ask(ServiceAccounts.model_validate(by), asker)).rows

    assert await listed(viewer.now, entities=(here,)) == (mine,)
    assert await listed(viewer.now, ids=(mine.id,)) == (mine,)
    assert await listed(ann.now, entities=(here, there, SYSTEM)) == (mine, foreign, whole)
    assert await listed(ann.now, key_digest=foreign.key_digest) == (foreign,)
    assert await listed(ann.now, ids=("cnothing", whole.id)) == (whole,)
    for by in (
        {"entities": (there,)},
        {"entities": (here, SYSTEM)},
        {"ids": (mine.id, foreign.id)},
        {"ids": ("cnothing",)},
        {"key_digest": mine.key_digest},
    ):
        assert isinstance(await refusal(listed(viewer.now, **by)), Forbidden)
    assert isinstance(await refusal(listed(ANONYMOUS, entities=(here,))), Unauthenticated)
    assert isinstance(await refusal(listed(ann.now)), Invalid)


async def test_a_workspace_account_lists_its_own_workspace(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    await identity.workspace(ann, "Other")
    await identity.account(ann, auth.workspace(place.id), key="a" * 32, role=Role.WORKSPACE_VIEWER)
    robot = await identity.principal("a" * 32)
    assert (await identity.ask(Workspaces(), robot)).rows == (place,)
    with pytest.raises(Forbidden):
        await identity.ask(Workspaces(ids=(WorkspaceId("cnowhere"),)), robot)


async def test_a_key_makes_workspaces_only_where_it_can_manage_them(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    keys = {
        Role.WORKSPACE_ADMIN: auth.workspace(place.id),
        Role.SYSTEM_VIEWER: SYSTEM,
        Role.SYSTEM_EDITOR: SYSTEM,
        Role.SYSTEM_ADMIN: SYSTEM,
    }
    for number, (role, entity) in enumerate(keys.items()):
        key = f"{number:032x}"
        await identity.account(ann, entity, key=key, role=role)
        asked = identity.ask(CreateWorkspace(label=role), await identity.principal(key))
        if role in {Role.SYSTEM_EDITOR, Role.SYSTEM_ADMIN}:
            assert (await asked).label == role
        else:
            assert (await refusal(asked)).rule == Rule.KEY_OUT_OF_REACH
