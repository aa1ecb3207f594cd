"""What may happen to a person."""

from services.identity.contract import Interface, Role, Rule, fits, shows_as
from services.identity.domain.events import UserEvent, UserInvitationRolesChanged, UserInvited, UserRemoved
from services.identity.domain.user.commands import (
    Accept,
    ChangeInvitation,
    ChangeRole,
    Clear,
    Grant,
    Invite,
    Leave,
    Register,
    Remove,
    Revoke,
    UserCommand,
    Withdraw,
)
from services.identity.domain.user.joining import accept, register
from services.identity.domain.user.lifecycle import decide_lifecycle
from services.identity.domain.user.roles import decide_role, gone_without, withdrawn
from services.identity.domain.user.state import (
    Absent,
    Invited,
    Pending,
    Removed,
    Suspended,
    User,
    invitation_to,
    invitations_of,
)
from shared.auth import SYSTEM, deployment
from shared.errors import NotFound, Rejected


def decide(command: UserCommand, user: User) -> list[UserEvent]:
    """Return the events that `command` causes; raise Rejected or NotFound where a rule forbids it."""
    match command:
        case Register():
            return register(command, user)
        case Accept():
            return accept(command, user)
        case Invite():
            return _invite(command, user)
        case ChangeInvitation():
            return _change_invitation(command, user)
        case Withdraw():
            return _withdraw(command, user)
        case Grant() | ChangeRole() | Revoke() | Leave() | Clear():
            return decide_role(command, user)
        case Remove():
            return _remove(command, user)
        case _:
            return decide_lifecycle(command, user)


def _invite(command: Invite, user: User) -> list[UserEvent]:
    if not isinstance(user, Absent | Invited):
        raise Rejected("an account with this address exists", rule=Rule.EMAIL_IN_USE)
    check_invited_roles(command.roles, command.scope)
    _check_deployment_roles(command)
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
        deployment_roles=command.deployment_roles,
        team_ids=tuple(dict.fromkeys(command.team_ids)),
        email=command.email,
    )
    return [invited] if same is None else [invited, withdrawn(command.user_id, same[0], "expired", command.now)]


def check_invited_roles(roles: tuple[Role, ...], scope: str) -> None:
    """Raise Rejected unless an invitation to `scope` can bring `roles`: at most one, at least one to a workspace."""
    wrong = len(roles) > 1 or (scope != SYSTEM and not roles) or not all(fits(role, scope) for role in roles)
    if wrong:
        raise Rejected(f"an invitation to {scope} can't bring these roles", rule=Rule.INVALID_ROLE)


def _check_deployment_roles(command: Invite) -> None:
    """Raise Rejected unless these are roles of deployments, one each, and come with a workspace."""
    held = [(deployment(each.deployment_id), each.role) for each in command.deployment_roles]
    alone = len({entity for entity, _ in held}) == len(held)
    if not alone or (held and command.scope == SYSTEM) or not all(fits(role, entity) for entity, role in held):
        raise Rejected(f"an invitation to {command.scope} can't bring these roles", rule=Rule.INVALID_ROLE)


def _change_invitation(command: ChangeInvitation, user: User) -> list[UserEvent]:
    found = invitation_to(user, command.scope)
    if found is None or not found[1].usable(command.now) or not isinstance(user, Invited | Pending | Suspended):
        raise NotFound("there is no open invitation to this scope")
    check_invited_roles(command.roles, command.scope)
    invitation_id, invitation = found
    if _same_roles(invitation.roles, command.roles, command.interface):
        return []
    return [
        UserInvitationRolesChanged(
            user_id=user.user_id, invitation_id=invitation_id, roles=command.roles, changed_at=command.now
        )
    ]


def _same_roles(held: tuple[Role, ...], wished: tuple[Role, ...], interface: Interface) -> bool:
    return len(held) == len(wished) and all(
        shows_as(each, other, interface) for each, other in zip(held, wished, strict=True)
    )


def _withdraw(command: Withdraw, user: User) -> list[UserEvent]:
    if not isinstance(user, Invited | Pending | Suspended) or command.invitation_id not in user.invitations:
        raise Rejected("the invitation is not open", rule=Rule.INVITE_NOT_FOUND)
    ended = withdrawn(user.user_id, command.invitation_id, command.reason, command.now)
    return [ended, *gone_without(user, {command.invitation_id}, command.now)]


def _remove(command: Remove, user: User) -> list[UserEvent]:
    if isinstance(user, Absent | Removed):
        raise NotFound("there is no such person")
    return [UserRemoved(user_id=user.user_id, removed_at=command.now)]
