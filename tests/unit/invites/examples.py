"""One invite and everything that can happen to it, for the tests of its rooms."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.identity.contract import InvitationId, MailPurpose, Role, UserId
from services.invites.contract import (
    InviteAccepted,
    InviteCreated,
    InviteEvent,
    InviteExpired,
    InviteRolesChanged,
    InviteVoided,
    InviteWithdrawn,
    MailRequested,
    VoidReason,
)
from services.invites.domain import RecordInvitation
from shared.store.model import Recorded

ID = InvitationId("cinvite000000000000000001")
AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
RECORD = RecordInvitation(
    invite_id=ID,
    user_id=UserId("cuser00000000000000000001"),
    scope="workspace:cworkspace00000000000001",
    roles=(Role.WORKSPACE_EDITOR,),
    expires_at=AT + timedelta(days=7),
    inviter="cuser00000000000000000000",
    inviter_kind="user",
    at=AT,
)
CREATED = InviteCreated(
    invite_id=ID,
    user_id=RECORD.user_id,
    scope=RECORD.scope,
    roles=RECORD.roles,
    expires_at=RECORD.expires_at,
    inviter=RECORD.inviter,
    inviter_kind="user",
    created_at=AT,
)
WITHDRAWN = InviteWithdrawn(invite_id=ID, withdrawn_at=LATER)
EXPIRED = InviteExpired(invite_id=ID, expired_at=LATER)
ACCEPTED = InviteAccepted(invite_id=ID, accepted_at=LATER)
VOIDED = InviteVoided(invite_id=ID, reason=VoidReason.WORKSPACE_DELETED, voided_at=LATER)
MAIL = MailRequested(
    mail_id=UUID(int=7), user_id=RECORD.user_id, purpose=MailPurpose.RESET, generation=3, requested_at=AT
)
CHANGED = InviteRolesChanged(invite_id=ID, roles=(Role.WORKSPACE_ADMIN,), changed_at=LATER)


def recorded(event: InviteEvent | MailRequested, *, position: int = 1) -> Recorded:
    """Return `event` as the store gives it back."""
    return Recorded(
        position=position,
        stream=f"invite-{ID}",
        version=position,
        event_id=UUID(int=position),
        type_name=event.type_name,
        schema_version=event.schema_version,
        event=event,
        hash=b"",
        recorded_at=LATER,
        metadata_text="{}",
    )
