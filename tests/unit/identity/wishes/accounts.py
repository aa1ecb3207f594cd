"""Wishes about accounts: suspended and reinstated, and what mailed links do."""

from services.identity.contract import MailPurpose, UserId
from services.identity.domain.team import held_through
from services.identity.domain.user import (
    AskConfirmation,
    AskReset,
    Binding,
    Confirm,
    Reinstate,
    ResetPassword,
    Suspend,
    UserCommand,
    bindings_of,
    places_invited_to,
)
from services.identity.handlers.streams import TEAM, USER
from shared.auth import SYSTEM
from shared.errors import NotFound
from tests.unit.identity.histories import Mail
from tests.unit.identity.memory import Attempt
from tests.unit.identity.wishes.world import TEAMS, USERS, Wish, World


class Accounts(World):
    """Wishes about accounts."""

    def suspend(self, asker: str, user: UserId, *, banned: bool) -> Wish:
        """Keep a person out."""

        def wish(attempt: Attempt) -> None:
            self.authorise(attempt, asker, "system.iam.update", SYSTEM)
            attempt.person(user, Suspend("banned" if banned else "inactive", self.now))

        return wish

    def reinstate(self, asker: str, user: UserId) -> Wish:
        """Let a person in again, if the asker holds all that the person holds from then on."""

        def wish(attempt: Attempt) -> None:
            own = bindings_of(attempt.load(USER, user)).values()
            given = [(each.entity, each.role) for each in (*own, *self._through_teams(attempt, user))]
            self.authorise(attempt, asker, "system.iam.update", SYSTEM, *given)
            attempt.giver = asker
            attempt.person(user, Reinstate(self.now))

        return wish

    def vouch(self, asker: str, user: UserId) -> Wish:
        """Confirm a person's address; what follows from it was given before."""

        def wish(attempt: Attempt) -> None:
            self.authorise(attempt, asker, "system.user.verifyEmail", SYSTEM)
            attempt.person(user, self._confirmation(attempt, user, None))

        return wish

    def ask(self, purpose: MailPurpose, user: UserId) -> Wish:
        """Have a link mailed, as anybody may."""
        asked = AskConfirmation if purpose is MailPurpose.CONFIRM else AskReset
        return lambda attempt: attempt.person(user, asked(self.now))

    def follow(self, pick: int, *, crossed: bool) -> Wish:
        """Follow one of all links ever mailed, the `pick`th from the last; `crossed`: for the other purpose."""

        def wish(attempt: Attempt) -> None:
            mail = self._mail(pick)
            purpose = _OTHER[mail.purpose] if crossed else mail.purpose
            followed: UserCommand = self._confirmation(attempt, mail.user_id, mail.generation)
            if purpose is MailPurpose.RESET:
                live = self.live(attempt, places_invited_to(attempt.load(USER, mail.user_id)))
                followed = ResetPassword(mail.generation, "new hash", live, self.now)
            attempt.person(mail.user_id, followed)
            newest = self.histories.open_mail(mail.user_id, purpose)
            assert newest is not None
            assert newest.generation == mail.generation
            assert self.now < newest.expires_at

        return wish

    def _mail(self, pick: int) -> Mail:
        mails = [mail for user in USERS for mail in self.histories.mails(user)]
        if not mails:
            raise NotFound("nothing was mailed")
        return mails[-1 - pick % len(mails)]

    def _confirmation(self, attempt: Attempt, user: UserId, generation: int | None) -> Confirm:
        live = self.live(attempt, places_invited_to(attempt.load(USER, user)))
        return Confirm(generation, live, self.now)

    def _through_teams(self, attempt: Attempt, user: UserId) -> list[Binding]:
        return [each for id_ in TEAMS for each in held_through(attempt.load(TEAM, id_), user)]


_OTHER = {MailPurpose.CONFIRM: MailPurpose.RESET, MailPurpose.RESET: MailPurpose.CONFIRM}
