"""How wishes are decided and written: at once or, when what they were decided on may be old, later."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, consumes, multiple, rule

from services.identity.contract import Role, TeamId, UserId
from services.identity.domain import credential, team
from services.identity.domain.user import Absent, Active, Removed, Suspended, User, invitations_of, owns
from services.identity.handlers.streams import CREDENTIAL, TEAM, USER
from shared.auth import SYSTEM
from shared.errors import Forbidden, NotFound, Rejected, Unauthenticated, WrongExpectedVersion
from tests.unit.identity.machine.drawing import DEPUTY, OWNER, STRANGER, times
from tests.unit.identity.memory import Attempt
from tests.unit.identity.wishes import ACCOUNTS, TEAMS, USERS, Wish, Wishes

REFUSALS = (Rejected, NotFound, Forbidden, Unauthenticated)

Late = tuple[Wish, Attempt] | MultipleResults[tuple[Wish, Attempt]]
"""What a rule gives to the bundle of those that wait: one of them or none."""

waiting: Bundle[tuple[Wish, Attempt]] = Bundle("waiting")
"""What was decided and is not written yet."""


class Doing(RuleBasedStateMachine):
    """Writes wishes, and holds each against what who asks for it may give."""

    def __init__(self) -> None:
        super().__init__()
        self.wishes = Wishes()

    @rule(passed=times)
    def time_passes(self, passed: timedelta) -> None:
        self.wishes.now += passed

    @rule(late=consumes(waiting))
    def what_waited_is_written(self, late: tuple[Wish, Attempt]) -> None:
        self._commit(*late)

    def asker(self, pick: int) -> str:
        """Return one of those who may ask something, or a stranger."""
        people = [user for user in USERS if isinstance(self._person(user), Active)]
        owners = [user for user in people if owns(self._person(user))]
        if pick == OWNER and owners:
            return owners[0]
        deputies = [user for user in people if (SYSTEM, Role.SYSTEM_EDITOR) in self.wishes.histories.bound(user)]
        if pick == DEPUTY and deputies:
            return deputies[0]
        machines = [id_ for id_ in ACCOUNTS if isinstance(self.wishes.memory.read(CREDENTIAL, id_), credential.Live)]
        return _picked([*people, *machines], pick)

    def somebody(self, pick: int) -> UserId:
        """Return one of those who are known, or a stranger."""
        return UserId(_picked([user for user in USERS if not isinstance(self._person(user), Absent | Removed)], pick))

    def somebody_kept_out(self, pick: int) -> UserId:
        """Return one of those who are suspended, or a stranger."""
        return UserId(_picked([user for user in USERS if isinstance(self._person(user), Suspended)], pick))

    def team(self, pick: int) -> TeamId:
        """Return one of the teams that are there, or another."""
        there = [id_ for id_ in TEAMS if isinstance(self.wishes.memory.read(TEAM, id_), team.Live)]
        return TEAMS[-1] if pick == STRANGER or not there else there[pick % len(there)]

    def do(self, wish: Wish) -> bool:
        """Decide and write a wish, and say whether anything came of it."""
        prepared = self._prepared(wish)
        return prepared is not None and self._commit(wish, prepared)

    def later(self, wish: Wish) -> Late:
        """Decide a wish and return it to be written later."""
        prepared = self._prepared(wish)
        return multiple() if prepared is None else (wish, prepared)

    def _person(self, user: UserId) -> User:
        return self.wishes.memory.read(USER, user)

    def _prepared(self, wish: Wish) -> Attempt | None:
        attempt = Attempt(self.wishes.memory, self.wishes.now)
        try:
            wish(attempt)
        except REFUSALS:
            return None
        return attempt

    def _commit(self, wish: Wish, attempt: Attempt) -> bool:
        histories = self.wishes.histories
        before = histories.everybodys_holdings() if attempt.giver else {}
        most = histories.holdings(attempt.giver)
        try:
            attempt.commit()
        except Rejected:
            return False
        except WrongExpectedVersion:
            return self.do(wish)
        if attempt.giver:
            for user, held in histories.everybodys_holdings().items():
                assert held - before[user] <= most, "nobody gives more than they hold"
        return bool(attempt.events)


def _picked(able: Sequence[str], pick: int) -> str:
    return USERS[-1] if pick == STRANGER or not able else able[pick % len(able)]


def an_invitation_is_open(machine: Doing) -> bool:
    """Say whether there is an invitation."""
    return any(invitations_of(machine.wishes.memory.read(USER, user)) for user in USERS)


def there_is_a_team(machine: Doing) -> bool:
    """Say whether a team is there."""
    return any(isinstance(machine.wishes.memory.read(TEAM, id_), team.Live) for id_ in TEAMS)


def somebody_is_kept_out(machine: Doing) -> bool:
    """Say whether anybody is suspended."""
    return any(isinstance(machine.wishes.memory.read(USER, user), Suspended) for user in USERS)


def a_link_was_mailed(machine: Doing) -> bool:
    """Say whether anybody ever got a link."""
    return any(machine.wishes.histories.mails(user) for user in USERS)
