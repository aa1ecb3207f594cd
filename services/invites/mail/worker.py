"""The worker that sends mail: at least once each, every attempt under the same Message-ID."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from services.identity.contract import MailContent, MailDetails, MailPurpose, MailStatus
from services.invites.contract import SERVICE
from services.invites.jobs import MAIL, MailJob
from services.invites.mail.letters import (
    Addition,
    Invitation,
    Letter,
    Linked,
    confirmation,
    invitation,
    password_changed,
    reset,
    workspace_added,
)
from services.invites.mail.smtp import MailServer, Stamp, send
from shared.bus.client import Bus
from shared.clock import utc_now
from shared.errors import Invalid, Rejected, Unavailable
from shared.followers.policy import Hopeless, Job

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MailWorker:
    """Sends the mails of the outbox.

    The address and the token come from identity at the moment of sending and are kept nowhere. A process that dies
    between the server's 250 and its own note sends the mail again, with the same Message-ID.
    """

    bus: Bus
    server: MailServer
    public_url: str
    kind: str = MAIL

    async def perform(self, job: Job) -> None:
        mail = MailJob.model_validate_json(job.payload)
        question = MailDetails(
            user_id=mail.user_id,
            invitation_id=mail.invitation_id,
            purpose=mail.purpose,
            generation=mail.generation,
            event_id=mail.event_id,
        )
        content = (await self.bus.ask(question, job.context(SERVICE, step="details"))).value
        if content.status is MailStatus.GONE:
            log.info("mail is not needed any more", extra={"purpose": mail.purpose, "user": mail.user_id})
            return
        await self._send(mail, content, job)
        log.info("mail sent", extra={"purpose": mail.purpose, "user": mail.user_id, "attempt": job.attempts})

    async def _send(self, mail: MailJob, content: MailContent, job: Job) -> None:
        stamp = Stamp(mail_id=job.message_id("mail"), time=utc_now())
        letter = self._letter(mail, content)
        try:
            await send(letter, address=content.address, name=content.full_name, stamp=stamp, server=self.server)
        except (Invalid, Rejected) as error:
            raise Hopeless(error.text) from error

    def _letter(self, mail: MailJob, content: MailContent) -> Letter:
        match mail.purpose:
            case MailPurpose.INVITE:
                return invitation(_invitation(content), public_url=self.public_url)
            case MailPurpose.CONFIRM:
                return confirmation(_linked(content), public_url=self.public_url)
            case MailPurpose.RESET:
                return reset(_linked(content), public_url=self.public_url)
            case MailPurpose.PASSWORD_CHANGED:
                return password_changed(name=content.full_name, organization=content.organization)
            case MailPurpose.WORKSPACE_ADDED:
                return workspace_added(_addition(content), public_url=self.public_url)
            case _:
                assert_never(mail.purpose)


def _linked(content: MailContent) -> Linked:
    return Linked(
        name=content.full_name,
        organization=content.organization,
        token=content.token,
        expires_at=_end(content),
        has_password=content.has_password,
    )


def _end(content: MailContent) -> datetime:
    if content.expires_at is None:
        raise Unavailable("identity answered an open link without its end")
    return content.expires_at


def _invitation(content: MailContent) -> Invitation:
    return Invitation(
        address=content.address,
        name=content.full_name,
        workspace=content.workspace_label,
        organization=content.organization,
        token=content.token,
        expires_at=_end(content),
        role=content.role,
        added_by=content.added_by,
        teams=content.teams,
        deployment_roles=content.deployment_roles,
    )


def _addition(content: MailContent) -> Addition:
    return Addition(
        name=content.full_name,
        workspace=content.workspace_label,
        organization=content.organization,
        role=content.role,
        added_by=content.added_by,
        has_password=content.has_password,
    )
