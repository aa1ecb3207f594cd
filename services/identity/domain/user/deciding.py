"""What may happen to a person."""

from datetime import datetime
from typing import Literal, assert_never

from services.identity.contract import BindingId, InvitationId, Role, Rule, UserId, fits
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
from services.identity.domain.user.commands import (
    Accept,
    ChangeInvitation,
    ChangeRole,
    Clear,
    Grant,
    Invite,
    Register,
    Remove,
    UserCommand,
    Withdraw,
)
from services.identity.domain.user.state import (
    Absent,
    Active,
    Invited,
    Pending,
    Removed,
    User,
    binding_on,
    bindings_of,
    invitation_to,
    invitations_of,
)
from shared.auth import SYSTEM
from shared.errors import NotFound, Rejected


def decide(command: UserCommand, user: User) -> list[UserEvent]:
    """Return the events that `command` causes; raise Rejected or NotFound where a rule forbids it."""
    match command:
        case Register():
            return _register(command, user)
        case Accept():
            return _accept(command, user)
        case Invite():
            return _invite(command, user)
        case ChangeInvitation():
            return _change_invitation(command, user)
        case Withdraw():
            return _withdraw(command, user)
        case Grant():
            return _grant(command, user)
        case ChangeRole():
            return _change_role(command, user)
        case Clear():
            return _clear(command, user)
        case Remove():
            return _remove(command, user)
        case _:
            assert_never(command)


def _register(command: Register, user: User) -> list[UserEvent]:
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
    if not command.first:
        return [registered]
    return [registered, _granted(command, command.binding_id, Role.SYSTEM_ADMIN, SYSTEM)]


def _accept(command: Accept, user: User) -> list[UserEvent]:
    presented = invitations_of(user).get(command.invitation_id)
    if presented is None or not presented.usable(command.now):
        raise Rejected("the invitation is not open", rule=Rule.INVITE_NOT_FOUND)
    usable = {key: each for key, each in invitations_of(user).items() if each.usable(command.now)}
    expired = [key for key in invitations_of(user) if key not in usable]
    activated = UserActivated(
        user_id=command.user_id,
        invitation_ids=tuple(usable),
        activated_at=command.now,
        email=command.profile.email,
        username=command.profile.username,
        full_name=command.profile.full_name,
        password_hash=command.profile.password_hash,
    )
    return [
        *(_withdrawn(command.user_id, key, "expired", command.now) for key in expired),
        activated,
        *(
            _granted(command, BindingId(key), role, each.scope)
            for key, each in usable.items()
            for role in each.roles
            if each.scope in command.live
        ),
    ]


def _invite(command: Invite, user: User) -> list[UserEvent]:
    if not isinstance(user, Absent | Invited):
        raise Rejected("an account with this address exists", rule=Rule.EMAIL_IN_USE)
    check_invited_roles(command.roles, command.scope)
    same = invitation_to(user, command.scope)
    others = invitations_of(user).values() if command.alone else [same[1]] if same else []
    if any(each.usable(command.now) for each in others):
        raise Rejected("an open invitation exists", rule=Rule.USER_ALREADY_INVITED)
    invited = UserInvited(
        user_id=command.user_id,
        invitation_id=command.invitation_id,
        scope=command.scope,
        roles=command.roles,
        expires_at=command.expires_at,
        inviter=command.inviter,
        inviter_kind=command.inviter_kind,
        invited_at=command.now,
        email=command.email,
    )
    return [invited] if same is None else [invited, _withdrawn(command.user_id, same[0], "expired", command.now)]


def check_invited_roles(roles: tuple[Role, ...], scope: str) -> None:
    """Raise Rejected unless an invitation to `scope` can bring `roles`: at most one, at least one to a workspace."""
    wrong = len(roles) > 1 or (scope != SYSTEM and not roles) or not all(fits(role, scope) for role in roles)
    if wrong:
        raise Rejected(f"an invitation to {scope} can't bring these roles", rule=Rule.INVALID_ROLE)


def _change_invitation(command: ChangeInvitation, user: User) -> list[UserEvent]:
    found = invitation_to(user, command.scope)
    if found is None or not found[1].usable(command.now) or not isinstance(user, Invited | Pending):
        raise NotFound("there is no open invitation to this scope")
    check_invited_roles(command.roles, command.scope)
    invitation_id, invitation = found
    if invitation.roles == command.roles:
        return []
    return [
        UserInvitationRolesChanged(
            user_id=user.user_id, invitation_id=invitation_id, roles=command.roles, changed_at=command.now
        )
    ]


def _withdraw(command: Withdraw, user: User) -> list[UserEvent]:
    if not isinstance(user, Invited | Pending) or command.invitation_id not in user.invitations:
        raise Rejected("the invitation is not open", rule=Rule.INVITE_NOT_FOUND)
    withdrawn = _withdrawn(user.user_id, command.invitation_id, command.reason, command.now)
    return [withdrawn, *_gone_without(user, {command.invitation_id}, command.now)]


def _grant(command: Grant, user: User) -> list[UserEvent]:
    if not isinstance(user, Pending | Active):
        raise NotFound("there is no such person")
    if binding_on(user, command.entity) is not None:
        raise Rejected("the person has a role there", rule=Rule.DUPLICATE_BINDING)
    if any(each.scope == command.entity and each.usable(command.now) for each in invitations_of(user).values()):
        raise Rejected("an open invitation exists", rule=Rule.USER_ALREADY_INVITED)
    return [
        UserRoleGranted(
            user_id=user.user_id,
            binding_id=command.binding_id,
            role=command.role,
            entity=command.entity,
            granted_at=command.now,
        )
    ]


def _change_role(command: ChangeRole, user: User) -> list[UserEvent]:
    found = binding_on(user, command.entity) if isinstance(user, Pending | Active) else None
    if found is None or not isinstance(user, Pending | Active):
        raise NotFound("the person has no role there")
    binding_id, binding = found
    if binding.role is command.role:
        return []
    return [
        UserRoleChanged(
            user_id=user.user_id,
            binding_id=binding_id,
            role=command.role,
            entity=command.entity,
            changed_at=command.now,
        )
    ]


def _clear(command: Clear, user: User) -> list[UserEvent]:
    if not isinstance(user, Invited | Pending | Active):
        return []
    invited = {key for key, each in invitations_of(user).items() if each.scope == command.entity}
    return [
        *(
            UserRoleRevoked(user_id=user.user_id, binding_id=key, entity=command.entity, revoked_at=command.now)
            for key, each in bindings_of(user).items()
            if each.entity == command.entity
        ),
        *(_withdrawn(user.user_id, key, "workspace_deleted", command.now) for key in invited),
        *_gone_without(user, invited, command.now),
    ]


def _remove(command: Remove, user: User) -> list[UserEvent]:
    if isinstance(user, Absent | Removed):
        raise NotFound("there is no such person")
    return [UserRemoved(user_id=user.user_id, removed_at=command.now)]


def _granted(command: Register | Accept, binding_id: BindingId, role: Role, entity: str) -> UserRoleGranted:
    return UserRoleGranted(
        user_id=command.user_id, binding_id=binding_id, role=role, entity=entity, granted_at=command.now
    )


def _withdrawn(
    user_id: UserId,
    invitation_id: InvitationId,
    reason: Literal["withdrawn", "expired", "workspace_deleted"],
    now: datetime,
) -> UserInvitationWithdrawn:
    return UserInvitationWithdrawn(user_id=user_id, invitation_id=invitation_id, reason=reason, withdrawn_at=now)


def _gone_without(user: User, invitations: set[InvitationId], now: datetime) -> list[UserEvent]:
    """Return the removal of a person whom nothing but these invitations made known."""
    if isinstance(user, Invited) and set(user.invitations) == invitations:
        return [UserRemoved(user_id=user.user_id, removed_at=now)]
    return []
