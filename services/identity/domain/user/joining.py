"""How a person comes to an account, and to the roles of their invitations."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.identity.contract import OWNER, BindingId, InvitationId, Role, Rule, TeamId, UserId
from services.identity.domain.events import (
    UserActivated,
    UserConfirmationRequested,
    UserEmailConfirmed,
    UserEvent,
    UserInvitationWithdrawn,
    UserRegistered,
    UserRoleGranted,
)
from services.identity.domain.user.commands import Accept, Register
from services.identity.domain.user.roles import withdrawn
from services.identity.domain.user.state import Absent, Invited, Pending, Suspended, User, bindings_of, invitations_of
from shared.auth import SYSTEM
from shared.errors import Rejected


def register(command: Register, user: User) -> list[UserEvent]:
    """Decide a sign-up without an invitation's token."""
    if not isinstance(user, Absent | Invited):
        raise Rejected("an account with this address exists", rule=Rule.EMAIL_IN_USE)
    # Whoever knows only the address of an invited person must not get their roles: that takes the mail.
    active = isinstance(user, Absent) and (command.first or command.confirmed)
    registered = UserRegistered(
        user_id=command.user_id,
        status="active" if active else "pending",
        email_verified=active,
        registered_at=command.now,
        email=command.profile.email,
        username=command.profile.username,
        full_name=command.profile.full_name,
        password_hash=command.profile.password_hash,
    )
    return [
        registered,
        *([] if active else [confirmation(command.user_id, 1, now=command.now, lasts=command.link_lasts)]),
        *([_granted(command.user_id, command.binding_id, OWNER, SYSTEM, command.now)] if command.first else []),
    ]


def accept(command: Accept, user: User) -> list[UserEvent]:
    """Decide a sign-up with an invitation's token."""
    presented = invitations_of(user).get(command.invitation_id)
    if presented is None or isinstance(user, Suspended) or not presented.gives(live=command.live, now=command.now):
        raise Rejected("the invitation is not open", rule=Rule.INVITE_NOT_FOUND)
    used, ended = _invitations(command.user_id, user, live=command.live, now=command.now)
    activated = UserActivated(
        user_id=command.user_id,
        invitation_ids=used,
        activated_at=command.now,
        email=command.profile.email,
        username=command.profile.username,
        full_name=command.profile.full_name,
        password_hash=command.profile.password_hash,
    )
    return [
        *ended,
        activated,
        *_invited_roles(command.user_id, user, used, live=command.live, now=command.now),
    ]


def confirm(user: Pending, *, live: frozenset[str], now: datetime) -> list[UserEvent]:
    """Return what the confirmation of an address comes to: the invitations to it are used up as by their token."""
    used, ended = _invitations(user.user_id, user, live=live, now=now)
    return [
        *ended,
        UserEmailConfirmed(user_id=user.user_id, invitation_ids=used, confirmed_at=now),
        *_invited_roles(user.user_id, user, used, live=live, now=now),
    ]


def confirmation(user_id: UserId, generation: int, *, now: datetime, lasts: timedelta) -> UserConfirmationRequested:
    """Return the wish for a mailed link of a new generation."""
    return UserConfirmationRequested(user_id=user_id, generation=generation, expires_at=now + lasts, requested_at=now)


def _invitations(
    user_id: UserId, user: User, *, live: frozenset[str], now: datetime
) -> tuple[tuple[InvitationId, ...], Sequence[UserInvitationWithdrawn]]:
    """Return the invitations that can still be accepted, and the ends of the others."""
    held = invitations_of(user)
    used = tuple(key for key, each in held.items() if each.gives(live=live, now=now))
    ended = [
        withdrawn(user_id, key, "workspace_deleted" if each.usable(now) else "expired", now)
        for key, each in held.items()
        if key not in used
    ]
    return used, ended


def _invited_roles(
    user_id: UserId, user: User, used: Sequence[InvitationId], *, live: frozenset[str], now: datetime
) -> list[UserRoleGranted]:
    """Return the roles of used invitations, where what they are on is there and no role on it was given since."""
    bound = {each.entity for each in bindings_of(user).values()}
    return [
        _granted(user_id, binding_id, brought.role, brought.entity, now)
        for key in used
        for binding_id, brought in invitations_of(user)[key].bindings(key).items()
        if brought.entity in live - bound
    ]


def teams_joined(user: User, events: Sequence[UserEvent]) -> Sequence[TeamId]:
    """Return the teams of the invitations that `events` use up, each once; `user` is as they were before."""
    used = [
        key for event in events if isinstance(event, UserActivated | UserEmailConfirmed) for key in event.invitation_ids
    ]
    held = invitations_of(user)
    return tuple(dict.fromkeys(team_id for key in used if key in held for team_id in held[key].team_ids))


def _granted(user_id: UserId, binding_id: BindingId, role: Role, entity: str, now: datetime) -> UserRoleGranted:
    return UserRoleGranted(user_id=user_id, binding_id=binding_id, role=role, entity=entity, granted_at=now)
