"""What may happen to the roles of a person, and to the invitations that would bring some."""

from datetime import datetime
from typing import Literal, assert_never

from services.identity.contract import (
    BindingId,
    BindMode,
    InvitationId,
    Rule,
    UserId,
    entity_kind,
    is_stronger,
    shows_as,
)
from services.identity.domain.events import (
    UserEvent,
    UserInvitationWithdrawn,
    UserRemoved,
    UserRoleChanged,
    UserRoleGranted,
    UserRoleRevoked,
)
from services.identity.domain.user.commands import ChangeRole, Clear, Grant, Leave, Revoke, RoleCommand
from services.identity.domain.user.state import (
    Active,
    Binding,
    Invited,
    Joined,
    User,
    binding_on,
    bindings_of,
    invitations_of,
)
from shared.errors import NotFound, Rejected


def decide_role(command: RoleCommand, user: User) -> list[UserEvent]:
    """Return the events that `command` causes; raise Rejected or NotFound where a rule forbids it."""
    match command:
        case Grant():
            return _grant(command, user)
        case ChangeRole():
            return _change_role(command, user)
        case Revoke():
            return _revoke(command, user)
        case Leave():
            return _dropped(user, command.entities, reason="withdrawn", now=command.now)
        case Clear():
            return _dropped(user, frozenset({command.entity}), reason="workspace_deleted", now=command.now)
        case _:
            assert_never(command)


def _grant(command: Grant, user: User) -> list[UserEvent]:
    if not isinstance(user, Joined):
        raise NotFound("there is no such person")
    found = binding_on(user, command.entity)
    if found is not None:
        return _over(command, user, *found)
    if any(each.scope == command.entity and each.usable(command.now) for each in invitations_of(user).values()):
        raise Rejected("an open invitation exists", rule=Rule.USER_ALREADY_INVITED)
    return [
        UserRoleGranted(
            user_id=user.user_id,
            binding_id=command.binding_id,
            role=command.role,
            entity=command.entity,
            granted_at=command.now,
            announced=command.announce,
        )
    ]


def is_news(user: User, entity: str, *, by: str) -> bool:
    """Say whether a role on `entity` that `by` gives is told to the person by mail.

    It is when it brings an active person into a workspace. Who is only invited or awaits confirmation is told by the
    mail that they have, and nobody is told what they did themselves.
    """
    if not isinstance(user, Active) or entity_kind(entity) != "workspace":
        return False
    return user.user_id != by and binding_on(user, entity) is None


def _over(command: Grant, user: Joined, binding_id: BindingId, held: Binding) -> list[UserEvent]:
    """Return what becomes of the binding that is there when a role is granted."""
    same = shows_as(held.role, command.role, command.interface)
    match command.mode:
        case BindMode.ADD:
            duplicate = True
        case BindMode.RAISE:
            duplicate = same or not is_stronger(command.role, than=held.role)
        case BindMode.REPLACE:
            duplicate = same
        case BindMode.SET | BindMode.CHANGE:
            duplicate = False
        case _:
            assert_never(command.mode)
    if duplicate:
        raise Rejected("the person has a role there", rule=Rule.DUPLICATE_BINDING)
    return [] if same else [_changed(user, binding_id, command)]


def _change_role(command: ChangeRole, user: User) -> list[UserEvent]:
    found = binding_on(user, command.entity) if isinstance(user, Joined) else None
    if found is None or not isinstance(user, Joined):
        raise NotFound("the person has no role there")
    binding_id, held = found
    return [] if shows_as(held.role, command.role, command.interface) else [_changed(user, binding_id, command)]


def _revoke(command: Revoke, user: User) -> list[UserEvent]:
    found = binding_on(user, command.entity) if isinstance(user, Joined) else None
    if found is None or not isinstance(user, Joined):
        return []
    binding_id, held = found
    if command.role is not None and not shows_as(held.role, command.role, command.interface):
        return []
    return [UserRoleRevoked(user_id=user.user_id, binding_id=binding_id, entity=command.entity, revoked_at=command.now)]


def _dropped(
    user: User, entities: frozenset[str], *, reason: Literal["withdrawn", "workspace_deleted"], now: datetime
) -> list[UserEvent]:
    """Return the end of all that a person holds on entities."""
    if not isinstance(user, Invited | Joined):
        return []
    invited = {key for key, each in invitations_of(user).items() if each.scope in entities}
    return [
        *(
            UserRoleRevoked(user_id=user.user_id, binding_id=key, entity=each.entity, revoked_at=now)
            for key, each in bindings_of(user).items()
            if each.entity in entities
        ),
        *(withdrawn(user.user_id, key, reason, now) for key in invited),
        *gone_without(user, invited, now),
    ]


def withdrawn(
    user_id: UserId,
    invitation_id: InvitationId,
    reason: Literal["withdrawn", "expired", "workspace_deleted"],
    now: datetime,
) -> UserInvitationWithdrawn:
    """Return the end of an invitation that was not used."""
    return UserInvitationWithdrawn(user_id=user_id, invitation_id=invitation_id, reason=reason, withdrawn_at=now)


def gone_without(user: User, invitations: set[InvitationId], now: datetime) -> list[UserEvent]:
    """Return the removal of a person whom nothing but these invitations made known."""
    if isinstance(user, Invited) and set(user.invitations) == invitations:
        return [UserRemoved(user_id=user.user_id, removed_at=now)]
    return []


def _changed(user: Joined, binding_id: BindingId, command: Grant | ChangeRole) -> UserRoleChanged:
    return UserRoleChanged(
        user_id=user.user_id,
        binding_id=binding_id,
        role=command.role,
        entity=command.entity,
        changed_at=command.now,
    )
