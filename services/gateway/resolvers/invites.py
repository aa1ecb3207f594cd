"""Open invitations to the system and to workspaces."""

from collections.abc import Sequence
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from services.gateway.context import Info
from services.gateway.paging import all_rows
from services.gateway.resolvers.arguments import checked, required
from services.gateway.resolvers.views import Invitation, invitation_of
from services.identity.contract import Interface, InvitedRole, TeamId, TeamRow, WorkspaceId, addresses, shown_role
from services.invites.contract import CreateInvite, InviteId, InviteList, Invites, WithdrawInvite
from shared.errors import Forbidden

query: Final = QueryType()
mutation: Final = MutationType()
invite: Final = ObjectType("Invite")
invited_role: Final = ObjectType("InvitedDeploymentRole")

BINDABLES: Final = [query, mutation, invite, invited_role]


@query.field("invites")
@query.field("workspaceInvites")
async def resolve_invites(
    _: object, info: Info, *, workspace_uuid: str | None = None, email: str | None = None
) -> list[Invitation]:
    """Return the open invitations, all or those of a workspace."""
    ids = (WorkspaceId(workspace_uuid),) if workspace_uuid else None
    with checked():
        wanted = Invites(workspace_ids=ids, email=email or "")

    async def page(after_id: str) -> InviteList:
        found = await info.context.ask(wanted.model_copy(update={"after_id": after_id}))
        if found.forbidden:
            raise Forbidden("the invitations of this workspace may not be seen")
        return found

    return [invitation_of(row) for row in await all_rows(page, field="invites")]


@mutation.field("inviteUser")
async def resolve_invite(_: object, info: Info, *, email: str, team_uuids: Sequence[str] | None = None) -> Invitation:
    """Invite an address to the system, and into teams, that is not invited to anything."""
    return await _invite(info, email, alone=True, team_ids=team_uuids or ())


@mutation.field("createInviteToken")
async def resolve_create(_: object, info: Info, *, email: str) -> Invitation:
    """Invite an address to the system that is not invited to it, but perhaps to a workspace."""
    return await _invite(info, email, alone=False)


async def _invite(info: Info, email: str, *, alone: bool, team_ids: Sequence[str] = ()) -> Invitation:
    with checked(team_ids="teamUuids"):
        command = CreateInvite(
            email=required("email", email), alone=alone, team_ids=tuple(TeamId(each) for each in team_ids)
        )
    return invitation_of(await info.context.send(info, command), addresses.email_address(email))


@mutation.field("deleteInviteToken")
async def resolve_delete(_: object, info: Info, *, invite_uuid: str | None = None) -> Invitation:
    """Withdraw an invitation and return it as it was."""
    context = info.context
    with checked():
        command = WithdrawInvite(invite_id=InviteId(required("inviteUuid", invite_uuid)))
    open_ones = (await context.ask(Invites(ids=(command.invite_id,)))).rows
    person = await context.loaders.users.load(open_ones[0].user_id) if open_ones else None
    return invitation_of(await context.send(info, command), person.email if person else "")


@invite.field("email")
async def resolve_email(invitation: Invitation, info: Info) -> str | None:
    """Return the address, which identity alone keeps."""
    if invitation.email:
        return invitation.email
    user = await info.context.loaders.users.load(invitation.user_id)
    return user.email if user and user.email else None


@invite.field("token")
async def resolve_token(invitation: Invitation, info: Info) -> str | None:
    """Return the token of the mailed link to who could have made any invitation."""
    return await info.context.loaders.invite_tokens.load(invitation.id)


@invite.field("role")
def resolve_role(invitation: Invitation, _: Info) -> str | None:
    """Return the role by the name that this interface has for it."""
    return None if invitation.role is None else shown_role(invitation.role, Interface.GRAPHQL)


@invite.field("teams")
async def resolve_teams(invitation: Invitation, info: Info) -> list[TeamRow]:
    """Return the teams that the person will join, as far as they are there and the caller may see them."""
    found = await info.context.loaders.teams.load_many(list(invitation.team_ids))
    return [team for team in found if team is not None]


@invited_role.field("role")
def resolve_invited_role(held: InvitedRole, _: Info) -> str | None:
    """Return the role by the name that this interface has for it."""
    return shown_role(held.role, Interface.GRAPHQL)


@invited_role.field("deployment")
async def resolve_invited_deployment(held: InvitedRole, info: Info) -> Any:
    """Return the deployment, where the caller may see it and it is there."""
    return await info.context.loaders.deployments.load(held.deployment_id)


@invite.field("workspace")
async def resolve_workspace(invitation: Invitation, info: Info) -> Any:
    """Return the workspace that it is for."""
    id_ = invitation.workspace_id
    return await info.context.loaders.workspaces.load(id_) if id_ else None
