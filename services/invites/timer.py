"""The worker that ends invites at their last instant; its timers are rows of the outbox and survive every restart."""

from dataclasses import dataclass

from services.identity.contract import Rule, WithdrawInvitation
from services.invites.contract import SERVICE
from services.invites.domain import Pending
from services.invites.jobs import EXPIRY, ExpiryJob
from services.invites.streams import read_invite
from shared.bus.client import Bus
from shared.clock import utc_now
from shared.errors import NotFound, Rejected
from shared.followers.policy import Job
from shared.store.events import EventStore


@dataclass(frozen=True, slots=True)
class ExpiryWorker:
    """Tells identity that the time of an invitation is up; what identity decides comes back as its event."""

    bus: Bus
    store: EventStore
    kind: str = EXPIRY

    async def perform(self, job: Job) -> None:
        end = ExpiryJob.model_validate_json(job.payload)
        if not isinstance((await read_invite(self.store, end.invite_id)).state, Pending):
            return
        # The outbox has waited by the database's clock; ours may be a little behind.
        command = WithdrawInvitation(invitation_id=end.invite_id, reason="expired", now=max(utc_now(), end.expires_at))
        try:
            await self.bus.ask(command, job.context(SERVICE, step="expire"))
        except NotFound:
            return
        except Rejected as error:
            if error.rule != Rule.INVITE_NOT_FOUND:
                raise
