"""Every read model, filled anew from the events, equals the running one."""

from services.deployments.contract import SERVICE as DEPLOYMENTS
from services.identity.contract import (
    EVENTS,
    AddWorkspaceUser,
    BeginVisit,
    ConfirmEmail,
    DeleteServiceAccount,
    DeleteTeam,
    DeleteWorkspace,
    DeploymentId,
    IssuePass,
    MailPurpose,
    RegisterUser,
    RemoveTeamMember,
    RemoveTeamRole,
    RemoveUser,
    RequestPasswordReset,
    ResetPassword,
    RevokeSigningKey,
    Role,
    RotateSigningKey,
    SetTeamRole,
    SetUserStatus,
    UpdateServiceAccount,
    UpdateTeam,
    UpdateUser,
    UpdateWorkspace,
    UpdateWorkspaceUserRole,
    WithdrawInvitation,
)
from services.identity.projections import PROJECTIONS
from shared.auth import workspace
from shared.ids import new_id
from tests.conftest import NewDatabase
from tests.integration.deployments.service import running, settings_of
from tests.integration.identity.service import INVITES, PASSWORD, Identity, Somebody, rows_of
from tests.servers import NatsForTests


async def lead_a_teams_life(identity: Identity, ann: Somebody, bob: Somebody, entity: str) -> None:
    """Have every type of event of teams happen at least once."""
    pilots = await identity.team(ann, ann, bob, role=Role.WORKSPACE_VIEWER, entity=entity)
    await identity.ask(UpdateTeam(team_id=pilots.id, description="Of all"), ann.now)
    await identity.ask(SetTeamRole(team_id=pilots.id, entity=entity, role=Role.WORKSPACE_EDITOR), ann.now)
    await identity.ask(RemoveTeamMember(team_id=pilots.id, user_id=ann.id), ann.now)
    gone = await identity.team(ann, bob, role=Role.SYSTEM_VIEWER)
    await identity.ask(DeleteTeam(team_id=gone.id), ann.now)
    again = await identity.team(ann, ann, role=Role.SYSTEM_VIEWER)
    await identity.ask(RemoveTeamRole(team_id=again.id, entity="system"), ann.now)


async def lead_a_life(identity: Identity) -> None:
    """Have every type of event happen at least once."""
    ann = await identity.sign_up(full_name="Ann Lee", username="annie")
    one, two = [await identity.workspace(ann, label) for label in ("One", "Two")]
    bob = await identity.member(ann, one, "bob@example.com", Role.WORKSPACE_VIEWER)
    issued = await identity.ask(IssuePass(deployment_id=DeploymentId(new_id())), ann.now)
    await identity.ask(BeginVisit(pass_token=issued.token))
    await identity.ask(
        UpdateWorkspaceUserRole(workspace_id=one.id, email="bob@example.com", role=Role.WORKSPACE_EDITOR), ann.now
    )
    await identity.ask(AddWorkspaceUser(workspace_id=two.id, email="carl@example.com"), ann.now)
    await identity.ask(
        UpdateWorkspaceUserRole(workspace_id=two.id, email="carl@example.com", role=Role.WORKSPACE_ADMIN), ann.now
    )
    await lead_a_teams_life(identity, ann, bob, workspace(two.id))
    added = await identity.ask(RotateSigningKey(), ann.now)
    await identity.ask(RevokeSigningKey(key_id=added.id), ann.now)
    withdrawn, _ = await identity.invited("dora@example.com")
    await identity.ask(WithdrawInvitation(invitation_id=withdrawn.invitation_id), INVITES)
    owner = await identity.join("owner@example.com", roles=(Role.SYSTEM_ADMIN,))
    await identity.ask(RemoveUser(user_id=owner.id), ann.now)
    await identity.deployment(ann, one, "kept")
    await identity.drop(ann, (await identity.deployment(ann, one, "gone")).id)
    await identity.invited("fred@example.com")
    await use_an_account(identity, ann, bob)
    gone = await identity.account(ann, key="a" * 32)
    await identity.ask(UpdateServiceAccount(credential_id=gone.id, label="cd"), ann.now)
    await identity.ask(DeleteServiceAccount(credential_id=gone.id), ann.now)
    await identity.account(ann, workspace(two.id), key="b" * 32)
    await identity.account(bob, workspace(one.id), key="c" * 32, role=Role.WORKSPACE_EDITOR)
    await identity.ask(UpdateWorkspace(workspace_id=one.id, description="The first"), bob.now)
    await identity.ask(DeleteWorkspace(workspace_id=two.id), ann.now)
    await identity.settled()


async def use_an_account(identity: Identity, admin: Somebody, somebody: Somebody) -> None:
    """Have a password reset, a profile changed, somebody suspended and reinstated, an address confirmed."""
    await identity.ask(RequestPasswordReset(email=somebody.signed.user.email))
    token = await identity.link_token(somebody.id, MailPurpose.RESET)
    await identity.ask(ResetPassword(token=token, password="another good one"))
    await identity.ask(UpdateUser(user_id=somebody.id, avatar_url="https://example.com/bob.png"), somebody.now)
    for status in ("banned", "active"):
        await identity.ask(SetUserStatus.model_validate({"user_id": somebody.id, "status": status}), admin.now)
    signed = await identity.ask(RegisterUser(email="fred@example.com", password=PASSWORD))
    await identity.ask(ConfirmEmail(token=await identity.link_token(signed.user.id, MailPurpose.CONFIRM)))


async def test_rebuilt_tables_equal_the_running_ones(
    stopped: Identity, database: NewDatabase, nats_server: NatsForTests
) -> None:
    identity = stopped
    await identity.start(public_signups=True)
    async with running(settings_of(await database(DEPLOYMENTS), nats_server)):
        await lead_a_life(identity)
    happened = {row["type_name"] for row in await identity.fetch("select distinct type_name from events")}
    assert happened == {event.type_name for event in EVENTS}
    for projection in PROJECTIONS:
        before = {table: await rows_of(identity, table) for table in projection.tables}
        assert any(before.values())
        await identity.followers.rebuild(projection.name)
        assert {table: await rows_of(identity, table) for table in projection.tables} == before
    audit = await identity.followers.digest("audit")
    await identity.followers.rebuild("audit")
    assert await identity.followers.digest("audit") == audit
    (recorded,) = await identity.fetch("select count(*) from read.audit")
    assert recorded["count"] == (await identity.fetch("select count(*) from events"))[0]["count"]
    people = [row["row"] for row in await rows_of(identity, "users")]
    assert not [row for row in people if "owner@example.com" in row or "carl@" in row]
