"""Wishes about who there is and who has which role."""

from datetime import timedelta

from services.identity.contract import BindingId, InvitationId, TeamId, UserId, UserRoleGranted, fits
from services.identity.domain import organization
from services.identity.domain.user import (
    EMAIL,
    Accept,
    ChangeInvitation,
    ChangeRole,
    Grant,
    Invite,
    Register,
    Remove,
    Withdraw,
    held,
    invitations_of,
    places_invited_to,
)
from services.identity.handlers.streams import ORGANIZATION, USER
from shared.auth import SYSTEM
from tests.unit.identity.examples import ORGANIZATION as ORGANIZATION_ID
from tests.unit.identity.memory import Attempt
from tests.unit.identity.wishes.world import Bound, Wish, World, profile, updating


class People(World):
    """Wishes about people, invitations and roles."""

    def sign_up(self, email: str, name: str, *, confirmed: bool) -> Wish:
        """Become known without an invitation."""
        binding = BindingId(self.new("binding"))

        def wish(attempt: Attempt) -> None:
            state = attempt.load(ORGANIZATION, ORGANIZATION_ID)
            first = isinstance(state, organization.Founded) and not state.owners
            holder = self.holder(email)
            attempt.person(holder, Register(holder, profile(email, name), binding, first, confirmed, self.now))

        return wish

    def invite(self, asker: str, email: str, bound: Bound, lasts: timedelta, *, into: TeamId | None = None) -> Wish:
        """Invite an address, with a role where it is one of the entity, and into a team."""
        entity, role = bound
        invitation = InvitationId(self.new("invitation"))

        def wish(attempt: Attempt) -> None:
            permission = "system.user.invite" if entity == SYSTEM else "workspace.iam.update"
            self.authorise(attempt, asker, permission, entity, *([bound] if fits(role, entity) else []))
            self.require_live(attempt, entity)
            if into is not None:
                self.authorise_addition(attempt, asker, into)
            user = self.holder(email)
            made = Invite(
                user_id=user,
                invitation_id=invitation,
                email=email,
                scope=entity,
                roles=(role,) if entity != SYSTEM or fits(role, entity) else (),
                expires_at=self.now + lasts,
                inviter=asker,
                inviter_kind="user",
                alone=False,
                team_ids=() if into is None else (into,),
                now=self.now,
            )
            attempt.person(user, made)

        return wish

    def accept(self, pick: int, name: str) -> Wish:
        """Sign up with one of the invitations."""

        def wish(attempt: Attempt) -> None:
            user, invitation = self.invitation(pick)
            state = attempt.load(USER, user)
            live = self.live(attempt, places_invited_to(state))
            (email,) = (each.value for each in held(state) if each.kind == EMAIL)
            attempt.person(user, Accept(user, profile(email, name), invitation, live, self.now))
            usable = {key for key, each in invitations_of(state).items() if self.now < each.expires_at}
            assert {event.binding_id for event in attempt.all_of(UserRoleGranted)} <= usable

        return wish

    def change_invitation(self, asker: str, pick: int, bound: Bound) -> Wish:
        """Put another role into an invitation."""
        entity, role = bound

        def wish(attempt: Attempt) -> None:
            user, _ = self.invitation(pick)
            self.authorise(attempt, asker, "workspace.iam.update", entity, bound)
            attempt.person(user, ChangeInvitation(scope=entity, roles=(role,), now=self.now))

        return wish

    def withdraw(self, pick: int) -> Wish:
        """End one of the invitations."""

        def wish(attempt: Attempt) -> None:
            user, invitation = self.invitation(pick)
            attempt.person(user, Withdraw(invitation, "withdrawn", self.now))

        return wish

    def grant(self, asker: str, user: UserId, bound: Bound) -> Wish:
        """Bind a role."""
        entity, role = bound
        binding = BindingId(self.new("binding"))

        def wish(attempt: Attempt) -> None:
            self.authorise(attempt, asker, updating(entity), entity, bound)
            self.require_live(attempt, entity)
            attempt.person(user, Grant(binding_id=binding, role=role, entity=entity, now=self.now))

        return wish

    def change(self, asker: str, user: UserId, bound: Bound) -> Wish:
        """Put another role into a binding."""
        entity, role = bound

        def wish(attempt: Attempt) -> None:
            self.authorise(attempt, asker, updating(entity), entity, bound)
            attempt.person(user, ChangeRole(entity=entity, role=role, now=self.now))

        return wish

    def remove(self, asker: str, user: UserId) -> Wish:
        """Remove a person."""

        def wish(attempt: Attempt) -> None:
            self.authorise(attempt, asker, "system.user.delete", SYSTEM)
            attempt.person(user, Remove(self.now))

        return wish
