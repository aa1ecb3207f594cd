"""The question of who sends mail: to whom, with which token, and whether it is still worth sending."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.identity.contract import (
    Interface,
    MailContent,
    MailDetails,
    MailPurpose,
    MailStatus,
    TeamId,
    UserId,
    UserRoleGranted,
    entity_id,
    shown_role,
)
from services.identity.domain import credential, team, workspace
from services.identity.domain.user import (
    Absent,
    Active,
    Invited,
    Joined,
    Pending,
    Removed,
    User,
    invitations_of,
    open_link,
)
from services.identity.handlers.authority import INVITES, require_service
from services.identity.handlers.kit import Kit
from services.identity.handlers.links import link_for
from services.identity.handlers.sessions import read_user
from services.identity.handlers.sign_up import INVITATION_GENERATION
from services.identity.handlers.streams import CREDENTIAL, TEAM, USER, WORKSPACE, state_of
from shared.auth import SYSTEM, PrincipalKind
from shared.bus.request import Request, Result
from shared.clock import utc_now

_GONE = MailContent(status=MailStatus.GONE)


@dataclass(frozen=True, slots=True)
class MailQueries:
    """What answers MailDetails; from the event store, so that it is never behind."""

    kit: Kit

    async def mail_details(self, request: Request[MailDetails]) -> Result[MailContent]:
        """Return address and token of a mail that is still worth sending."""
        asked = request.message
        require_service(request.context.principal, INVITES)
        user = await read_user(self.kit, asked.user_id)
        match asked.purpose:
            case MailPurpose.INVITE:
                content = await self._invitation(asked, user)
            case MailPurpose.CONFIRM | MailPurpose.RESET:
                content = await self._link(asked, user)
            case MailPurpose.PASSWORD_CHANGED:
                changed = isinstance(user, Active) and user.profile.password_hash
                content = await self._content(user) if changed else _GONE
            case MailPurpose.WORKSPACE_ADDED:
                content = await self._addition(asked, user)
        return Result(content)

    async def _invitation(self, asked: MailDetails, user: User) -> MailContent:
        invitation = invitations_of(user).get(asked.invitation_id)
        if invitation is None or not invitation.usable(utc_now()) or asked.generation != INVITATION_GENERATION:
            return _GONE
        label = await self._label(invitation.scope)
        if label is None:
            return _GONE
        token = self.kit.mail_tokens.token(
            asked.purpose, asked.invitation_id, generation=asked.generation, expires_at=invitation.expires_at
        )
        role = next((shown_role(role, Interface.GRAPHQL) for role in invitation.roles), None)
        news = {
            "token": token,
            "workspace_label": label,
            "expires_at": invitation.expires_at,
            "role": role or "",
            "added_by": await self._name(invitation.inviter, invitation.inviter_kind),
            "teams": await self._teams(invitation.team_ids),
            "deployment_roles": len(invitation.deployment_roles),
        }
        return (await self._content(user)).model_copy(update=news)

    async def _link(self, asked: MailDetails, user: User) -> MailContent:
        link = open_link(link_for(asked.purpose, user), utc_now())
        if link is None or link.generation != asked.generation:
            return _GONE
        token = self.kit.mail_tokens.token(
            asked.purpose, asked.user_id, generation=link.generation, expires_at=link.expires_at
        )
        return (await self._content(user)).model_copy(update={"token": token, "expires_at": link.expires_at})

    async def _addition(self, asked: MailDetails, user: User) -> MailContent:
        """Return the role that the event of the question gave, as far as it is held and its workspace is there."""
        history = await self.kit.running.store.read_stream(USER.stream(asked.user_id))
        given = next((recorded for recorded in history if recorded.event_id == asked.event_id), None)
        if given is None or not isinstance(given.event, UserRoleGranted) or not isinstance(user, Active):
            return _GONE
        held = user.bindings.get(given.event.binding_id)
        label = await self._label(held.entity) if held else None
        if held is None or label is None:
            return _GONE
        news = {
            "workspace_label": label,
            "role": shown_role(held.role, Interface.GRAPHQL) or "",
            "added_by": await self._name(given.metadata.subject, given.metadata.kind),
        }
        return (await self._content(user)).model_copy(update=news)

    async def _teams(self, team_ids: Sequence[TeamId]) -> tuple[str, ...]:
        """Return the names of the teams that are there."""
        store = self.kit.running.store
        states = [state_of(TEAM, await store.read_stream(TEAM.stream(each))) for each in team_ids]
        return tuple(state.name for state in states if isinstance(state, team.Live))

    async def _name(self, actor: str, kind: str) -> str:
        """Return what others see of who acted: a person's name or else address, a service account's label."""
        store = self.kit.running.store
        if kind == PrincipalKind.SERVICE_ACCOUNT:
            account = state_of(CREDENTIAL, await store.read_stream(CREDENTIAL.stream(actor)))
            return account.label if isinstance(account, credential.Live) else ""
        user = await read_user(self.kit, UserId(actor))
        return (user.profile.full_name or user.profile.email) if isinstance(user, Active) else ""

    async def _content(self, user: User) -> MailContent:
        address, full_name = _reached_at(user)
        return MailContent(
            status=MailStatus.OPEN,
            address=address,
            full_name=full_name,
            organization=await self.kit.organization.name(),
            has_password=isinstance(user, Joined) and user.profile.password_hash != "",
        )

    async def _label(self, scope: str) -> str | None:
        """Return the label of the workspace, "" for the system, None where the workspace is gone."""
        if scope == SYSTEM:
            return ""
        state = state_of(WORKSPACE, await self.kit.running.store.read_stream(WORKSPACE.stream(entity_id(scope))))
        return state.label if isinstance(state, workspace.Live) else None


def _reached_at(user: User) -> tuple[str, str]:
    """Return address and name; the name of an unconfirmed person may be a stranger's words to that address."""
    match user:
        case Invited(email=email):
            return email, ""
        case Pending(profile=profile):
            return profile.email, ""
        case Absent() | Removed():
            return "", ""
        case _:
            return user.profile.email, user.profile.full_name
