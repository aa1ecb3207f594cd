"""How a person's events make the state that the rules look at."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar, assert_never

from services.identity.contract import InvitationId
from services.identity.domain.events import (
    UserActivated,
    UserEvent,
    UserInvitationRolesChanged,
    UserInvitationWithdrawn,
    UserInvited,
    UserRegistered,
    UserRemoved,
    UserRoleChanged,
    UserRoleGranted,
    UserRoleRevoked,
)
from services.identity.domain.user.state import (
    Active,
    Binding,
    Invitation,
    Invited,
    Pending,
    Profile,
    Removed,
    User,
    bindings_of,
    invitations_of,
)
from shared.store.personal import clear_text

K = TypeVar("K")
V = TypeVar("V")


def evolve(user: User, event: UserEvent) -> User:
    """Return the person after `event`; personal data may be forgotten."""
    match event:
        case UserRegistered():
            return _registered(user, event)
        case UserInvited():
            return _invited(user, event)
        case UserActivated():
            return Active(user_id=event.user_id, profile=_profile(event), bindings=bindings_of(user))
        case UserRemoved():
            return Removed()
        case UserInvitationRolesChanged() | UserInvitationWithdrawn():
            return _invitation_changed(user, event)
        case UserRoleGranted() | UserRoleChanged() | UserRoleRevoked():
            return _binding_changed(user, event)
        case _:
            assert_never(event)


def _registered(user: User, event: UserRegistered) -> User:
    profile = _profile(event)
    if event.status == "active":
        return Active(user_id=event.user_id, profile=profile, bindings=bindings_of(user))
    return Pending(user_id=event.user_id, profile=profile, bindings=bindings_of(user), invitations=invitations_of(user))


def _invited(user: User, event: UserInvited) -> User:
    invitation = Invitation(scope=event.scope, roles=event.roles, expires_at=event.expires_at)
    invitations = {**invitations_of(user), event.invitation_id: invitation}
    if isinstance(user, Pending):
        return replace(user, invitations=invitations)
    return Invited(user_id=event.user_id, email=clear_text(event.email), invitations=invitations)


def _invitation_changed(user: User, event: UserInvitationRolesChanged | UserInvitationWithdrawn) -> User:
    if not isinstance(user, Invited | Pending) or event.invitation_id not in user.invitations:
        return user
    return replace(user, invitations=_changed(user.invitations, event))


def _changed(
    invitations: Mapping[InvitationId, Invitation], event: UserInvitationRolesChanged | UserInvitationWithdrawn
) -> Mapping[InvitationId, Invitation]:
    if isinstance(event, UserInvitationWithdrawn):
        return _without(invitations, event.invitation_id)
    changed = replace(invitations[event.invitation_id], roles=event.roles)
    return {**invitations, event.invitation_id: changed}


def _binding_changed(user: User, event: UserRoleGranted | UserRoleChanged | UserRoleRevoked) -> User:
    if not isinstance(user, Pending | Active):
        return user
    if isinstance(event, UserRoleRevoked):
        return replace(user, bindings=_without(user.bindings, event.binding_id))
    binding = Binding(role=event.role, entity=event.entity)
    return replace(user, bindings={**user.bindings, event.binding_id: binding})


def _profile(event: UserRegistered | UserActivated) -> Profile:
    return Profile(
        email=clear_text(event.email),
        username=clear_text(event.username),
        full_name=clear_text(event.full_name),
        password_hash=clear_text(event.password_hash),
    )


def _without(things: Mapping[K, V], key: K) -> Mapping[K, V]:
    return {kept: thing for kept, thing in things.items() if kept != key}
