"""What may happen to an account: confirmed, given a new password or profile, suspended and reinstated."""

from datetime import datetime, timedelta
from typing import Final, assert_never

from services.identity.contract import Rule
from services.identity.domain.events import (
    UserEvent,
    UserPasswordChanged,
    UserPasswordResetRequested,
    UserProfileChanged,
    UserReinstated,
    UserSuspended,
)
from services.identity.domain.user.commands import (
    AskConfirmation,
    AskReset,
    ChangeProfile,
    Confirm,
    LifecycleCommand,
    Reinstate,
    ResetPassword,
    Suspend,
)
from services.identity.domain.user.joining import confirm, confirmation
from services.identity.domain.user.state import Active, Joined, Link, Links, Pending, Suspended, User
from shared.errors import NotFound, Rejected

MAIL_EVERY: Final = timedelta(minutes=1)
"""A person gets at most one mailed link in this time, whoever asks."""


def decide_lifecycle(command: LifecycleCommand, user: User) -> list[UserEvent]:
    """Return the events that `command` causes; raise Rejected or NotFound where a rule forbids it."""
    match command:
        case Confirm():
            return _confirm(command, user)
        case AskConfirmation():
            return _ask_confirmation(command, user)
        case AskReset():
            return _ask_reset(command, user)
        case ResetPassword():
            return _reset(command, user)
        case ChangeProfile():
            return _change_profile(command, user)
        case Suspend():
            return _suspend(command, user)
        case Reinstate():
            return _reinstate(command, user)
        case _:
            assert_never(command)


def open_link(link: Link | None, now: datetime) -> Link | None:
    """Return a link that still works, None where it does not; not at its last instant."""
    return link if link is not None and now < link.expires_at else None


def _confirm(command: Confirm, user: User) -> list[UserEvent]:
    if command.generation is None:
        return _vouch(command, user)
    link = open_link(user.links.confirmation, command.now) if isinstance(user, Pending) else None
    if not isinstance(user, Pending) or link is None or link.generation != command.generation:
        raise Rejected("the link does not work, or no longer", rule=Rule.INVALID_TOKEN)
    return _confirmed(command, user)


def _confirmed(command: Confirm, user: Pending) -> list[UserEvent]:
    """Return the confirmation; where it gives anything, without the password that was chosen before it.

    Whoever signed up knew the address, which proves nothing: they must not come to what the address was given. So
    whoever reads its mail chooses a password anew.
    """
    confirmed = confirm(user, live=command.live, now=command.now)
    invited = any(each.gives(live=command.live, now=command.now) for each in user.invitations.values())
    if not (invited or user.bindings or command.in_team):
        return confirmed
    dropped = UserPasswordChanged(user_id=user.user_id, changed_at=command.now, password_hash="")
    link = Link(generation=user.links.generation + 1, expires_at=command.now + command.reset_lasts)
    return [dropped, *confirmed, _reset_requested(user, link, command.now)]


def _vouch(command: Confirm, user: User) -> list[UserEvent]:
    match user:
        case Pending():
            return _confirmed(command, user)
        case Active():
            return []
        case Suspended():
            raise Rejected("the account is suspended, reinstate it first", rule=Rule.INVALID_STATUS)
        case _:
            raise NotFound("there is no such account")


def _ask_confirmation(command: AskConfirmation, user: User) -> list[UserEvent]:
    if not isinstance(user, Pending) or not _may_mail(user.links, command.now):
        return []
    link = _kept(user.links.confirmation, command) or _next(user.links, command)
    return [confirmation(user.user_id, link.generation, now=command.now, lasts=link.expires_at - command.now)]


def _ask_reset(command: AskReset, user: User) -> list[UserEvent]:
    if not isinstance(user, Pending | Active) or not _may_mail(user.links, command.now):
        return []
    link = _kept(user.links.reset, command) or _next(user.links, command)
    return [_reset_requested(user, link, command.now)]


def _may_mail(links: Links, now: datetime) -> bool:
    return links.asked_at is None or now - links.asked_at >= MAIL_EVERY


def _kept(link: Link | None, command: AskConfirmation | AskReset) -> Link | None:
    """Return the open link while it lasts long enough to be mailed again.

    Anybody may ask: if each wish made the mailed links void, a stranger could keep somebody from ever using one.
    """
    found = open_link(link, command.now)
    return found if found and found.expires_at - command.now >= command.link_lasts / 2 else None


def _next(links: Links, command: AskConfirmation | AskReset) -> Link:
    return Link(generation=links.generation + 1, expires_at=command.now + command.link_lasts)


def _reset_requested(user: Joined, link: Link, now: datetime) -> UserPasswordResetRequested:
    return UserPasswordResetRequested(
        user_id=user.user_id, generation=link.generation, expires_at=link.expires_at, requested_at=now
    )


def _reset(command: ResetPassword, user: User) -> list[UserEvent]:
    link = open_link(user.links.reset, command.now) if isinstance(user, Pending | Active) else None
    if not isinstance(user, Pending | Active) or link is None or link.generation != command.generation:
        raise Rejected("the link does not work, or no longer", rule=Rule.INVALID_RESET_TOKEN)
    changed = UserPasswordChanged(user_id=user.user_id, changed_at=command.now, password_hash=command.password_hash)
    if isinstance(user, Active):
        return [changed]
    return [changed, *confirm(user, live=command.live, now=command.now)]


def _change_profile(command: ChangeProfile, user: User) -> list[UserEvent]:
    joined = _joined(user)
    full_name = joined.profile.full_name if command.full_name is None else command.full_name
    avatar_url = joined.profile.avatar_url if command.avatar_url is None else command.avatar_url
    if (full_name, avatar_url) == (joined.profile.full_name, joined.profile.avatar_url):
        return []
    return [
        UserProfileChanged(user_id=joined.user_id, changed_at=command.now, full_name=full_name, avatar_url=avatar_url)
    ]


def _suspend(command: Suspend, user: User) -> list[UserEvent]:
    joined = _joined(user)
    if isinstance(joined, Suspended) and joined.status == command.status:
        return []
    return [UserSuspended(user_id=joined.user_id, status=command.status, suspended_at=command.now)]


def _reinstate(command: Reinstate, user: User) -> list[UserEvent]:
    joined = _joined(user)
    if isinstance(joined, Pending):
        raise Rejected("the address awaits confirmation, verify it instead", rule=Rule.INVALID_STATUS)
    if isinstance(joined, Active):
        return []
    return [UserReinstated(user_id=joined.user_id, reinstated_at=command.now)]


def _joined(user: User) -> Joined:
    if not isinstance(user, Joined):
        raise NotFound("there is no such account")
    return user
