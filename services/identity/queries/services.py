"""The questions of other services, and those about signing up and the table of roles."""

from dataclasses import dataclass

from services.identity.contract import (
    DEFINITIONS,
    FindPerson,
    GrantList,
    Grants,
    OrganizationRow,
    Person,
    Role,
    RoleDefinitions,
    RoleList,
    RoleRow,
    SigningKeyList,
    SigningKeys,
    SignUps,
    SignUpState,
    TheOrganization,
    UserId,
    UserStatus,
    addresses,
)
from services.identity.domain import credential
from services.identity.domain.grants import grants
from services.identity.domain.user import (
    EMAIL,
    Absent,
    Active,
    Binding,
    Invited,
    Pending,
    Removed,
    Suspended,
    User,
    bindings_of,
)
from services.identity.handlers.authority import INVITES, require_service
from services.identity.handlers.kit import Kit
from services.identity.handlers.sessions import read_user
from services.identity.handlers.signing_keys import signing_key_rows
from services.identity.handlers.streams import CREDENTIAL, state_of, user_of
from services.identity.queries.holdings import held_through_teams
from shared.auth import PrincipalKind
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

    async def organization(self, request: Request[TheOrganization]) -> Result[OrganizationRow]:
        """Return the organization, for who is signed in."""
        if request.context.principal.kind is PrincipalKind.ANONYMOUS:
            raise Unauthenticated("no valid credential was sent")
        known = self.kit.organization
        return Result(OrganizationRow(id=await known.id(), name=await known.name()))

    async def signing_keys(self, request: Request[SigningKeys]) -> Result[SigningKeyList]:
        """Return the public halves of the keys that sign tokens."""
        del request
        rows = signing_key_rows(await self.kit.signing_keys.all(), now=utc_now())
        return Result(SigningKeyList(rows=tuple(rows)))

    async def grants(self, request: Request[Grants]) -> Result[GrantList]:
        """Return all grants of a subject, for a service or the subject itself."""
        of, asker = request.message.of, request.context.principal
        if asker.kind is PrincipalKind.ANONYMOUS:
            raise Unauthenticated("no valid credential was sent")
        if asker.kind is not PrincipalKind.SERVICE and asker.subject != of:
            raise Forbidden("only a service may ask for another's grants")
        held = grants(await self._bindings(of))
        return Result(
            GrantList(
                grants=tuple(held), permission_sets=self.kit.roles.permission_sets({Role(grant.role) for grant in held})
            )
        )

    async def role_definitions(self, request: Request[RoleDefinitions]) -> Result[RoleList]:
        """Return the table of roles, for who is signed in."""
        if request.context.principal.kind is PrincipalKind.ANONYMOUS:
            raise Unauthenticated("no valid credential was sent")
        rows = (
            RoleRow(name=role, scope=definition.scope, permissions=tuple(sorted(self.kit.roles.permissions(role))))
            for role, definition in DEFINITIONS.items()
        )
        return Result(RoleList(rows=tuple(rows)))

    async def find_person(self, request: Request[FindPerson]) -> Result[Person]:
        """Return who holds an address."""
        require_service(request.context.principal, INVITES)
        try:
            email = addresses.email_address(request.message.email)
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
            return [*bindings_of(user).values(), *await held_through_teams(self.kit, user_of(subject))]
        history = await self.kit.running.store.read_stream(CREDENTIAL.stream(subject))
        state = state_of(CREDENTIAL, history)
        return [Binding(role=state.role, entity=state.entity)] if isinstance(state, credential.Live) else []


def _status(user: User) -> UserStatus | None:
    match user:
        case Invited():
            return UserStatus.INVITED
        case Pending():
            return UserStatus.PENDING
        case Active():
            return UserStatus.ACTIVE
        case Suspended(status=status):
            return UserStatus(status)
        case Absent() | Removed():
            return None
