"""The questions of other services, and the public one about signing up."""

from dataclasses import dataclass

from services.identity.contract import (
    FindPerson,
    GrantList,
    Grants,
    MailContent,
    MailDetails,
    MailStatus,
    Person,
    Role,
    SignUps,
    SignUpState,
    UserId,
    UserStatus,
    permission_sets,
)
from services.identity.domain import credential, texts, workspace
from services.identity.domain.grants import grants
from services.identity.domain.user import (
    EMAIL,
    Absent,
    Active,
    Binding,
    Invitation,
    Invited,
    Pending,
    Removed,
    User,
    bindings_of,
    invitations_of,
)
from services.identity.handlers.authority import INVITES, require_service
from services.identity.handlers.kit import Kit
from services.identity.handlers.sessions import read_user
from services.identity.handlers.sign_up import INVITATION_GENERATION
from services.identity.handlers.streams import CREDENTIAL, WORKSPACE, state_of, user_of
from shared.auth import SYSTEM, PrincipalKind
from shared.bus.request import Request, Result
from shared.clock import utc_now
from shared.errors import Forbidden, Invalid, Unauthenticated


@dataclass(frozen=True, slots=True)
class ServiceQueries:
    """What answers other services; from the event store, so that it is never behind."""

    kit: Kit

    async def sign_ups(self, request: Request[SignUps]) -> Result[SignUpState]:
        """Say how signing up works now."""
        del request
        organization = self.kit.organization
        initial = not await organization.has_owner()
        return Result(
            SignUpState(
                public=self.kit.settings.public_signups, initial=initial, organization=await organization.name()
            )
        )

    async def grants(self, request: Request[Grants]) -> Result[GrantList]:
        """Return all grants of a subject, for a service or the subject itself."""
        of, asker = request.message.of, request.context.principal
        if asker.kind is PrincipalKind.ANONYMOUS:
            raise Unauthenticated("no valid credential was sent")
        if asker.kind is not PrincipalKind.SERVICE and asker.subject != of:
            raise Forbidden("only a service may ask for another's grants")
        held = grants(await self._bindings(of))
        return Result(
            GrantList(grants=tuple(held), permission_sets=permission_sets({Role(grant.role) for grant in held}))
        )

    async def mail_details(self, request: Request[MailDetails]) -> Result[MailContent]:
        """Return address and token of a mail that is still worth sending."""
        asked = request.message
        require_service(request.context.principal, INVITES)
        user = await read_user(self.kit, asked.user_id)
        invitation = invitations_of(user).get(asked.invitation_id)
        usable = invitation is not None and invitation.usable(utc_now())
        if invitation is None or not usable or asked.generation != INVITATION_GENERATION:
            return Result(MailContent(status=MailStatus.GONE))
        label = await self._label(invitation)
        if label is None:
            return Result(MailContent(status=MailStatus.GONE))
        token = self.kit.mail_tokens.token(
            asked.purpose, asked.invitation_id, generation=asked.generation, expires_at=invitation.expires_at
        )
        address, full_name = _reached_at(user)
        return Result(
            MailContent(
                status=MailStatus.OPEN,
                address=address,
                full_name=full_name,
                token=token,
                organization=await self.kit.organization.name(),
                workspace_label=label,
                expires_at=invitation.expires_at,
            )
        )

    async def find_person(self, request: Request[FindPerson]) -> Result[Person]:
        """Return who holds an address."""
        require_service(request.context.principal, INVITES)
        try:
            email = texts.email_address(request.message.email)
        except Invalid:
            return Result(Person(user_id=UserId("")))
        stream = await self.kit.running.store.claim_holder(EMAIL, email, personal=True)
        if stream is None:
            return Result(Person(user_id=UserId("")))
        user_id = user_of(stream)
        return Result(Person(user_id=user_id, status=_status(await read_user(self.kit, user_id))))

    async def _bindings(self, subject: str) -> list[Binding]:
        user = await read_user(self.kit, user_of(subject))
        if isinstance(user, Active):
            return list(bindings_of(user).values())
        history = await self.kit.running.store.read_stream(CREDENTIAL.stream(subject))
        state = state_of(CREDENTIAL, history)
        return [Binding(role=state.role, entity=state.entity)] if isinstance(state, credential.Live) else []

    async def _label(self, invitation: Invitation) -> str | None:
        """Return the label of the workspace, "" for the system, None where the workspace is gone."""
        if invitation.scope == SYSTEM:
            return ""
        id_ = invitation.scope.partition(":")[2]
        state = state_of(WORKSPACE, await self.kit.running.store.read_stream(WORKSPACE.stream(id_)))
        return state.label if isinstance(state, workspace.Live) else None


def _reached_at(user: User) -> tuple[str, str]:
    match user:
        case Invited(email=email):
            return email, ""
        case Pending(profile=profile) | Active(profile=profile):
            return profile.email, profile.full_name
        case Absent() | Removed():
            return "", ""


def _status(user: User) -> UserStatus | None:
    match user:
        case Invited():
            return UserStatus.INVITED
        case Pending():
            return UserStatus.PENDING
        case Active():
            return UserStatus.ACTIVE
        case Absent() | Removed():
            return None
