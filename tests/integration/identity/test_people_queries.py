"""Who sees whom: searches, loaders, members, bindings and workspaces, in pages."""

from collections.abc import Awaitable
from functools import partial
from typing import Any

import pytest

from services.identity.contract import (
    Authenticate,
    Bindings,
    CreateWorkspace,
    FindPerson,
    Grants,
    Holders,
    InvitationId,
    LoadUsers,
    LoadWorkspaces,
    MailDetails,
    MailStatus,
    Role,
    ServiceAccounts,
    UserId,
    Users,
    WorkspaceId,
    WorkspaceMembers,
    Workspaces,
)
from shared.auth import ANONYMOUS, MOST_GRANTS, SYSTEM, Principal, service_principal, workspace
from shared.errors import AerodromeError, Forbidden, Unauthenticated
from shared.messages import MOST_ROWS, Query
from tests.integration.crowds import together
from tests.integration.identity.service import INVITES, KEY, PASSWORD, Identity

NOWHERE = WorkspaceId("cnowhere00000000000000000")


async def refusal(doing: Awaitable[object]) -> type[AerodromeError]:
    with pytest.raises(AerodromeError) as refused:
        await doing
    return type(refused.value)


async def found(identity: Identity, asker: Principal, **by: object) -> list[str]:
    rows = (await identity.ask(Users.model_validate(by), asker)).rows
    assert [row.id for row in rows] == sorted(row.id for row in rows)
    return [row.email for row in rows]


async def test_an_administrator_finds_people_by_every_field(identity: Identity) -> None:
    ann = await identity.sign_up("ann@example.com", full_name="Ann Lee")
    bob = await identity.join("bob@example.com")
    await identity.invited("invited@example.com")

    assert await found(identity, ann.now) == ["ann@example.com", "bob@example.com"]
    matching: list[dict[str, object]] = [
        {"email": " BOB@Example.com "},
        {"username": "BOB@example.com"},
        {"ids": (bob.id,)},
        {"ids": (bob.id, ann.id), "email": "bob@example.com"},
        {"created_at": bob.signed.user.created_at},
        {"updated_at": bob.signed.user.updated_at},
        {"email": "bob@example.com", "username": "bob@example.com", "created_at": bob.signed.user.created_at},
    ]
    for by in matching:
        assert await found(identity, ann.now, **by) == ["bob@example.com"]
    assert await found(identity, ann.now, full_name="Ann Lee") == ["ann@example.com"]
    missing: list[dict[str, object]] = [
        {"email": "invited@example.com"},
        {"email": "no address"},
        {"email": "bob@example.com", "username": "ann@example.com"},
        {"email": "bob@example.com", "full_name": "Ann Lee"},
        {"ids": ()},
        {"ids": ("cnobody",)},
    ]
    for by in missing:
        assert await found(identity, ann.now, **by) == []


async def test_anybody_else_finds_themself_and_learns_of_nobody(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    own: list[dict[str, object]] = [
        {"ids": (bob.id,)},
        {"email": "bob@example.com"},
        {"username": "BOB@example.com"},
    ]
    for by in own:
        assert await found(identity, bob.now, **by) == ["bob@example.com"]
    foreign: list[dict[str, object]] = [
        {},
        {"ids": ()},
        {"ids": (ann.id,)},
        {"ids": (ann.id, bob.id)},
        {"ids": ("cnobody",)},
        {"email": "ann@example.com"},
        {"email": "nobody@example.com"},
        {"full_name": bob.signed.user.full_name, "created_at": bob.signed.user.created_at},
    ]
    for by in foreign:
        assert await refusal(found(identity, bob.now, **by)) is Forbidden
    assert await refusal(found(identity, ANONYMOUS)) is Unauthenticated


async def test_a_loader_sees_oneself_fellow_members_and_whom_one_may_invite(identity: Identity) -> None:
    ann = await identity.sign_up()
    place, other = [await identity.workspace(ann, label) for label in ("One", "Two")]
    bob = await identity.member(ann, place, "bob@example.com", Role.WORKSPACE_VIEWER)
    admin = await identity.member(ann, place, "admin@example.com", Role.WORKSPACE_ADMIN)
    eve = await identity.member(ann, other, "eve@example.com", Role.WORKSPACE_ADMIN)
    invited, _ = await identity.invited("new@example.com", scope=workspace(place.id), roles=(Role.WORKSPACE_VIEWER,))
    everybody = (ann.id, bob.id, admin.id, eve.id, invited.user_id, UserId("cnobody"))

    async def seen(asker: Principal) -> set[str]:
        loaded = {row.email for row in (await identity.ask(LoadUsers(ids=everybody), asker)).rows}
        bound = (await identity.ask(Bindings(user_ids=everybody), asker)).rows
        names = {ann.id: "ann", bob.id: "bob", admin.id: "admin", eve.id: "eve"}
        assert {f"{names[row.user_id]}@example.com" for row in bound} == loaded - {"new@example.com"}
        return {email.partition("@")[0] for email in loaded}

    assert await seen(ann.now) == {"ann", "bob", "admin", "eve", "new"}
    assert await seen(bob.now) == {"ann", "bob", "admin"}
    assert await seen(admin.now) == {"ann", "bob", "admin", "new"}
    assert await seen(eve.now) == {"ann", "eve"}
    assert await refusal(seen(ANONYMOUS)) is Unauthenticated


async def test_members_are_shown_to_fellow_members(identity: Identity) -> None:
    ann = await identity.sign_up()
    place, other = [await identity.workspace(ann, label) for label in ("One", "Two")]
    bob = await identity.member(ann, place, "bob@example.com", Role.WORKSPACE_VIEWER)

    shown = await identity.ask(WorkspaceMembers(workspace_ids=(place.id, other.id, NOWHERE)), bob.now)
    assert [(row.user.email, row.role) for row in shown.rows] == [
        ("ann@example.com", Role.WORKSPACE_ADMIN),
        ("bob@example.com", Role.WORKSPACE_VIEWER),
    ]
    assert shown.forbidden == (other.id, NOWHERE)
    for by in ({"email": "BOB@example.com"}, {"user_id": bob.id}, {"email": "bob@example.com", "user_id": bob.id}):
        asked = WorkspaceMembers.model_validate({"workspace_ids": (place.id, other.id), **by})
        assert [row.user.id for row in (await identity.ask(asked, ann.now)).rows] == [bob.id]
    for by in ({"email": "no@example.com"}, {"email": "ann@example.com", "user_id": bob.id}):
        asked = WorkspaceMembers.model_validate({"workspace_ids": (place.id,), **by})
        assert (await identity.ask(asked, ann.now)).rows == ()


async def test_workspaces_are_shown_to_who_has_a_role_in_them(identity: Identity) -> None:
    ann = await identity.sign_up()
    one, two = [await identity.workspace(ann, label) for label in ("One", "Two")]
    bob = await identity.member(ann, one, "bob@example.com", Role.WORKSPACE_VIEWER)
    carl = await identity.join("carl@example.com")
    three = await identity.workspace(carl, "One")

    async def listed(asker: Principal, **by: object) -> tuple[object, ...]:
        return (await identity.ask(Workspaces.model_validate(by), asker)).rows

    assert await listed(ann.now) == (one, two)
    assert await listed(bob.now) == (one,)
    assert await listed(ann.now, everything=True) == (one, two, three)
    assert await listed(ann.now, everything=True, label="One") == (one, three)
    assert await listed(ann.now, label="One") == (one,)
    assert await listed(ann.now, label="one") == ()
    assert await listed(ann.now, user_id=bob.id) == (one,)
    assert await listed(bob.now, user_id=bob.id) == (one,)
    assert await listed(bob.now, ids=(one.id,)) == (one,)
    assert await listed(ann.now, ids=(three.id, NOWHERE)) == (three,)
    for by in ({"ids": (two.id,)}, {"ids": (one.id, NOWHERE)}, {"user_id": ann.id}, {"everything": True}):
        assert await refusal(listed(bob.now, **by)) is Forbidden
    assert await refusal(listed(ANONYMOUS)) is Unauthenticated
    load = LoadWorkspaces(ids=(one.id, two.id, three.id, NOWHERE))
    assert (await identity.ask(load, bob.now)).rows == (one,)
    assert (await identity.ask(load, ann.now)).rows == (one, two, three)
    assert (await identity.ask(load, service_principal("deployments"))).rows == (one, two, three)


async def test_lists_come_in_pages(identity: Identity) -> None:
    ann = await identity.sign_up()
    places = [await identity.workspace(ann, f"Place {n}") for n in range(5)]
    first = await identity.ask(Workspaces(limit=2), ann.now)
    assert (first.rows, first.more) == (tuple(places[:2]), True)
    rest = await identity.ask(Workspaces(limit=3, after_id=first.rows[-1].id), ann.now)
    assert (rest.rows, rest.more) == (tuple(places[2:]), False)


async def test_an_answer_ends_before_it_is_too_large(identity: Identity) -> None:
    ann = await identity.sign_up()
    wishes = [CreateWorkspace(label=f"{n}", description="x" * 4096) for n in range(130)]
    made = await together([partial(identity.ask, wish, ann.now) for wish in wishes])
    seen: list[str] = []
    pages, more = 0, True
    while more:
        page = await identity.ask(Workspaces(after_id=seen[-1] if seen else ""), ann.now)
        seen += [row.id for row in page.rows]
        more, pages = page.more, pages + 1
    assert seen == sorted(place.id for place in made)
    assert pages == 2


async def test_more_grants_than_an_envelope_holds_are_asked_for(identity: Identity) -> None:
    ann = await identity.sign_up()
    await together([partial(identity.workspace, ann, f"{n}") for n in range(MOST_GRANTS + 5)])
    seen = await identity.ask(Authenticate(token=ann.token))
    assert (len(seen.principal.grants), seen.more_grants) == (MOST_GRANTS, True)
    assert seen.principal.holds("system.user.delete")
    assert seen.user is not None
    assert (len(seen.user.roles), seen.user.more_roles) == (200, True)
    everything = await identity.ask(Grants(of=ann.id), seen.principal)
    assert len(everything.grants) == MOST_GRANTS + 5 + 2
    bound = await identity.ask(Bindings(user_ids=(ann.id,), limit=MOST_ROWS), ann.now)
    assert len(bound.rows) == MOST_GRANTS + 5 + 1


async def test_who_holds_more_than_an_envelope_carries_reaches_their_newest_workspace(identity: Identity) -> None:
    await identity.sign_up()
    bob = await identity.join("bob@example.com")
    await together([partial(identity.workspace, bob, f"{n}") for n in range(MOST_GRANTS)])
    newest, full = await identity.workspace(bob, "Newest"), await identity.principal(bob.token)
    assert len(full.grants) == MOST_GRANTS
    assert not full.holds("workspace.config.get", workspace(newest.id))

    account = await identity.account(bob, workspace(newest.id))
    fellow = await identity.member(bob, newest, "eve@example.com", Role.WORKSPACE_VIEWER)
    assert (await identity.ask(Workspaces(ids=(newest.id,)), full)).rows == (newest,)
    assert (await identity.ask(LoadWorkspaces(ids=(newest.id, NOWHERE)), full)).rows == (newest,)
    members = await identity.ask(WorkspaceMembers(workspace_ids=(newest.id, NOWHERE)), full)
    assert ([row.user.id for row in members.rows], members.forbidden) == ([bob.id, fellow.id], (NOWHERE,))
    assert [row.id for row in (await identity.ask(LoadUsers(ids=(fellow.id,)), full)).rows] == [fellow.id]
    for asked in (ServiceAccounts(ids=(account.id,)), ServiceAccounts(entities=(workspace(newest.id),))):
        assert [row.id for row in (await identity.ask(asked, full)).rows] == [account.id]
    assert await refusal(identity.ask(Workspaces(ids=(newest.id, NOWHERE)), full)) is Forbidden
    assert await refusal(identity.ask(ServiceAccounts(entities=(workspace(NOWHERE),)), full)) is Forbidden


async def test_roles_of_others_show_only_where_their_members_are_seen(identity: Identity) -> None:
    ann = await identity.sign_up()
    place, other = [await identity.workspace(ann, label) for label in ("One", "Two")]
    bob = await identity.member(ann, place, "bob@example.com", Role.WORKSPACE_VIEWER)
    home = await identity.workspace(bob, "Home")
    account = await identity.account(ann, workspace(place.id), role=Role.WORKSPACE_VIEWER)
    machine = await identity.principal(KEY)
    assert machine.subject == account.id

    async def shown(asker: Principal, whose: UserId) -> set[str]:
        bound = (await identity.ask(Bindings(user_ids=(whose,)), asker)).rows
        (loaded,) = (await identity.ask(LoadUsers(ids=(whose,)), asker)).rows
        members = await identity.ask(WorkspaceMembers(workspace_ids=(place.id,), user_id=whose), asker)
        entities = [{row.entity for row in rows} for rows in (bound, loaded.roles, members.rows[0].user.roles)]
        assert entities[0] == entities[1] == entities[2]
        return entities[0]

    own, all_of_ann = workspace(place.id), {SYSTEM, workspace(place.id), workspace(other.id)}
    assert await shown(bob.now, ann.id) == {own}
    assert await shown(machine, ann.id) == {own}
    assert await shown(await identity.principal(bob.token), bob.id) == {own, workspace(home.id)}
    assert await shown(ann.now, ann.id) == all_of_ann
    assert await shown(ann.now, bob.id) == {own, workspace(home.id)}


async def test_people_come_without_roles_where_nobody_asks_for_those(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = (await identity.workspace(ann)).id
    for question in (
        Users(with_roles=False),
        LoadUsers(ids=(ann.id,), with_roles=False),
        Holders(entity=workspace(place), with_roles=False),
    ):
        (row,) = (await identity.ask(question, ann.now)).rows
        assert (row.id, row.roles, row.more_roles) == (ann.id, (), True)
    (member,) = (await identity.ask(WorkspaceMembers(workspace_ids=(place,), with_roles=False), ann.now)).rows
    assert (member.user.roles, member.user.more_roles) == ((), True)
    held = (await identity.ask(Bindings(user_ids=(ann.id,)), ann.now)).rows
    assert {row.entity for row in held} == {SYSTEM, workspace(place)}


async def test_only_services_ask_what_is_theirs(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    invited, token = await identity.invited("new@example.com", expires_in_s=3600)
    asked = MailDetails(user_id=invited.user_id, invitation_id=invited.invitation_id)
    details = await identity.ask(asked, INVITES)
    assert (details.status, details.address, details.token) == (MailStatus.OPEN, "new@example.com", token)
    assert (details.organization, details.workspace_label) == ("Flight School", "")
    for wrong in (
        asked.model_copy(update={"generation": 2}),
        asked.model_copy(update={"user_id": bob.id}),
        asked.model_copy(update={"invitation_id": InvitationId("cother")}),
    ):
        assert (await identity.ask(wrong, INVITES)).status is MailStatus.GONE
    assert (await identity.ask(FindPerson(email=" BOB@example.com"), INVITES)).user_id == bob.id
    assert (await identity.ask(FindPerson(email="no address"), INVITES)).user_id == ""
    questions: list[Query[Any]] = [asked, FindPerson(email="bob@example.com")]
    for question in questions:
        for asker in (ann.now, bob.now, service_principal("deployments")):
            assert await refusal(identity.ask(question, asker)) is Forbidden
        assert await refusal(identity.ask(question)) is Unauthenticated
    assert await refusal(identity.ask(Grants(of=ann.id), bob.now)) is Forbidden
    assert await refusal(identity.ask(Grants(of=ann.id))) is Unauthenticated
    assert (await identity.ask(Grants(of=bob.id), service_principal("deployments"))).grants
    assert PASSWORD not in details.model_dump_json()
