"""The policies of invites: each new invite gets its mail and its timer, each mail that is asked for is sent."""

from collections.abc import Sequence

from services.identity.contract import MailPurpose
from services.invites.contract import InviteCreated, MailRequested
from services.invites.jobs import EXPIRY, MAIL, ExpiryJob, MailJob
from shared.followers.policy import Job
from shared.store.model import Recorded


class NewInvitePolicy:
    """Answers `invite.created` with the job of its mail and with that of its end."""

    name = "new-invite"

    def jobs(self, recorded: Recorded) -> Sequence[Job]:
        event = recorded.event
        return (_mail(event), _expiry(event)) if isinstance(event, InviteCreated) else ()


class RequestedMailPolicy:
    """Answers `mail.requested` with the job that sends it."""

    name = "requested-mail"

    def jobs(self, recorded: Recorded) -> Sequence[Job]:
        event = recorded.event
        if not isinstance(event, MailRequested):
            return ()
        mail = MailJob(
            purpose=event.purpose, user_id=event.user_id, generation=event.generation, event_id=event.mail_id
        )
        return (Job(kind=MAIL, key=f"{mail.purpose}/{event.mail_id}", payload=mail.model_dump_json()),)


def _mail(event: InviteCreated) -> Job:
    mail = MailJob(purpose=MailPurpose.INVITE, user_id=event.user_id, invitation_id=event.invite_id)
    return Job(
        kind=MAIL,
        key=f"{mail.purpose}/{mail.invitation_id}/{mail.generation}",
        payload=mail.model_dump_json(),
    )


def _expiry(event: InviteCreated) -> Job:
    end = ExpiryJob(invite_id=event.invite_id, expires_at=event.expires_at)
    return Job(kind=EXPIRY, key=end.invite_id, payload=end.model_dump_json(), not_before=event.expires_at)
