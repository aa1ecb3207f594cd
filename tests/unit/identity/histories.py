"""What the histories of people and teams come to, told without `evolve`: what the rules are held against."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.identity.contract import (
    MailPurpose,
    Role,
    Roles,
    TeamDeleted,
    TeamId,
    TeamMemberRemoved,
    TeamMembersAdded,
    TeamRoleChanged,
    TeamRoleGranted,
    TeamRoleRevoked,
    UserConfirmationRequested,
    UserEmailConfirmed,
    UserId,
    UserPasswordResetRequested,
    UserReinstated,
    UserRemoved,
    UserRoleChanged,
    UserRoleGranted,
    UserRoleRevoked,
    UserSuspended,
)
from services.identity.domain import credential
from services.identity.domain.events import UserActivated, UserPasswordChanged, UserRegistered
from services.identity.handlers.streams import CREDENTIAL, TEAM, USER
from shared.auth import SYSTEM
from tests.unit.identity.memory import Memory

ENDS_LINKS = (UserActivated, UserEmailConfirmed, UserPasswordChanged, UserSuspended)
ENDS_SESSIONS = (UserPasswordChanged, UserSuspended)
EVERYBODYS = "system.workspace.create"


@dataclass(frozen=True)
class Mail:
    """A link that was mailed."""

    user_id: UserId
    purpose: MailPurpose
    generation: int
    expires_at: datetime


@dataclass(frozen=True)
class Histories:
    """Reads the streams of people and teams in memory."""

    memory: Memory
    roles: Roles
    users: Sequence[UserId]
    teams: Sequence[TeamId]
    places: Sequence[str]

    def is_active(self, user: str) -> bool:
        """Say whether a person may sign in."""
        active = before = False
        for event in self._of(USER.stream(user)):
            match event:
                case UserRegistered():
                    active = before = event.status == "active"
                case UserActivated() | UserEmailConfirmed():
                    active = before = True
                case UserSuspended():
                    active = False
                case UserReinstated():
                    active = before
                case UserRemoved():
                    active = before = False
                case _:
                    pass
        return active

    def bound(self, user: str) -> set[tuple[str, Role]]:
        """Return the entities and roles that a person holds directly; nothing unless they may sign in."""
        return _bound(self._of(USER.stream(user))) if self.is_active(user) else set()

    def through(self, team: TeamId, user: str) -> set[tuple[str, Role]]:
        """Return what a team gives to a person, active or not."""
        history = self._of(TEAM.stream(team))
        member = False
        for event in history:
            match event:
                case TeamMembersAdded():
                    member = member or user in event.user_ids
                case TeamMemberRemoved():
                    member = member and user != event.user_id
                case TeamDeleted():
                    return set()
                case _:
                    pass
        return _bound(history) if member else set()

    def holdings(self, subject: str) -> set[tuple[str, str]]:
        """Return every permission that a person or a service account holds, with each place where they hold it."""
        held = set[tuple[str, Role]]()
        state = self.memory.read(CREDENTIAL, subject)
        if isinstance(state, credential.Live):
            held = {(state.entity, state.role)}
        elif self.is_active(subject):
            held = self.bound(subject).union(*(self.through(team, subject) for team in self.teams))
        pairs = {(place, each) for entity, role in held for place in self._reach(entity) for each in self._gives(role)}
        return pairs | {(SYSTEM, EVERYBODYS)}

    def everybodys_holdings(self) -> dict[UserId, set[tuple[str, str]]]:
        """Return what each person holds."""
        return {user: self.holdings(user) for user in self.users}

    def mails(self, user: UserId) -> Sequence[Mail]:
        """Return every link that was ever mailed to a person."""
        return list(_mails(self._of(USER.stream(user))))

    def open_mail(self, user: UserId, purpose: MailPurpose) -> Mail | None:
        """Return the last link for a purpose, unless something that ends links came after it; it may have expired."""
        history = self._of(USER.stream(user))
        since = max((n for n, event in enumerate(history) if isinstance(event, ENDS_LINKS)), default=-1)
        mails = [mail for mail in _mails(history[since + 1 :]) if mail.purpose is purpose]
        return mails[-1] if mails else None

    def ended_sessions(self, user: UserId) -> int:
        """Return how often all sessions of a person have been ended."""
        return sum(isinstance(event, ENDS_SESSIONS) for event in self._of(USER.stream(user)))

    def _of(self, stream: str) -> Sequence[Any]:
        return self.memory.streams.get(stream, [])

    def _reach(self, entity: str) -> Sequence[str]:
        return self.places if entity == SYSTEM else [entity]

    def _gives(self, role: Role) -> frozenset[str]:
        return self.roles.permissions(role)


def _bound(history: Sequence[Any]) -> set[tuple[str, Role]]:
    held = dict[str, tuple[str, Role]]()
    for event in history:
        match event:
            case UserRoleGranted() | UserRoleChanged() | TeamRoleGranted() | TeamRoleChanged():
                held[event.binding_id] = (event.entity, event.role)
            case UserRoleRevoked() | TeamRoleRevoked():
                held.pop(event.binding_id)
            case _:
                pass
    return set(held.values())


def _mails(history: Sequence[Any]) -> Iterator[Mail]:
    for event in history:
        match event:
            case UserConfirmationRequested():
                yield Mail(event.user_id, MailPurpose.CONFIRM, event.generation, event.expires_at)
            case UserPasswordResetRequested():
                yield Mail(event.user_id, MailPurpose.RESET, event.generation, event.expires_at)
            case _:
                pass
