"""How a person's events make the state that the rules look at."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar, assert_never

from services.identity.contract import InvitationId, UserId
from services.identity.domain.events import (
    AccountEvent,
    UserActivated,
    UserConfirmationRequested,
    UserEmailConfirmed,
    UserEvent,
    UserInvitationRolesChanged,
    UserInvitationWithdrawn,
    UserInvited,
    UserPasswordChanged,
    UserPasswordResetRequested,
    UserProfileChanged,
    UserRegistered,
    UserReinstated,
    UserRemoved,
    UserRoleChanged,
    UserRoleGranted,
    UserRoleRevoked,
    UserSuspended,
)
from services.identity.domain.user.state import (
    NO_LINKS,
    Active,
    Binding,
    Invitation,
    Invited,
    Joined,
    Link,
    Links,
    Pending,
    Profile,
    Removed,
    Suspended,
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
            return _active(event.user_id, user, _profile(event))
        case UserRemoved():
            return Removed()
        case UserInvitationRolesChanged() | UserInvitationWithdrawn():
            return _invitation_changed(user, event)
        case UserRoleGranted() | UserRoleChanged() | UserRoleRevoked():
            return _binding_changed(user, event)
        case _:
            return _account_changed(user, event) if isinstance(user, Joined) else user


def _account_changed(user: Joined, event: AccountEvent) -> User:
    match event:
        case UserEmailConfirmed():
            return _active(event.user_id, user, user.profile)
        case UserConfirmationRequested() | UserPasswordResetRequested():
            return replace(user, links=_asked(user.links, event))
        case UserPasswordChanged():
            profile = replace(user.profile, password_hash=clear_text(event.password_hash))
            return _signed_out(replace(user, profile=profile))
        case UserProfileChanged():
            texts = {"full_name": clear_text(event.full_name), "avatar_url": clear_text(event.avatar_url)}
            return replace(user, profile=replace(user.profile, **texts))
        case UserSuspended():
            return _suspended(user, event)
        case UserReinstated():
            return _reinstated(user)
        case _:
            assert_never(event)


def _active(user_id: UserId, user: User, profile: Profile) -> Active:
    before = user if isinstance(user, Joined) else None
    return Active(
        user_id=user_id,
        profile=profile,
        bindings=bindings_of(user),
        links=before.links.closed() if before else NO_LINKS,
        session_generation=before.session_generation if before else 0,
    )


def _asked(links: Links, event: UserConfirmationRequested | UserPasswordResetRequested) -> Links:
    link = Link(generation=event.generation, expires_at=event.expires_at)
    asked = replace(links, generation=max(links.generation, event.generation), asked_at=event.requested_at)
    if isinstance(event, UserConfirmationRequested):
        return replace(asked, confirmation=link)
    return replace(asked, reset=link)


def _signed_out(user: Joined) -> Joined:
    """Return the person with every session and every mailed link ended."""
    return replace(user, links=user.links.closed(), session_generation=user.session_generation + 1)


def _suspended(user: Joined, event: UserSuspended) -> User:
    return _signed_out(
        Suspended(
            user_id=user.user_id,
            profile=user.profile,
            bindings=user.bindings,
            invitations=invitations_of(user),
            status=event.status,
            verified=user.verified if isinstance(user, Suspended) else isinstance(user, Active),
            links=user.links,
            session_generation=user.session_generation,
        )
    )


def _reinstated(user: Joined) -> User:
    if not isinstance(user, Suspended):
        return user
    if user.verified:
        return _active(user.user_id, user, user.profile)
    return Pending(
        user_id=user.user_id,
        profile=user.profile,
        bindings=user.bindings,
        invitations=user.invitations,
        links=user.links,
        session_generation=user.session_generation,
    )


def _registered(user: User, event: UserRegistered) -> User:
    profile = _profile(event)
    if event.status == "active":
        return Active(user_id=event.user_id, profile=profile, bindings=bindings_of(user))
    return Pending(user_id=event.user_id, profile=profile, bindings=bindings_of(user), invitations=invitations_of(user))


def _invited(user: User, event: UserInvited) -> User:
    invitation = Invitation(
        scope=event.scope,
        roles=event.roles,
        expires_at=event.expires_at,
        deployment_roles=event.deployment_roles,
        team_ids=event.team_ids,
        inviter=event.inviter,
        inviter_kind=event.inviter_kind,
    )
    invitations = {**invitations_of(user), event.invitation_id: invitation}
    if isinstance(user, Pending | Suspended):
        return replace(user, invitations=invitations)
    return Invited(user_id=event.user_id, email=clear_text(event.email), invitations=invitations)


def _invitation_changed(user: User, event: UserInvitationRolesChanged | UserInvitationWithdrawn) -> User:
    if not isinstance(user, Invited | Pending | Suspended) or event.invitation_id not in user.invitations:
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
    if not isinstance(user, Joined):
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
