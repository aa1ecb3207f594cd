"""A new invite gets one mail and one timer; nothing else does, and no job holds what a mail will say."""

import json

import pytest

from services.invites.contract import EVENTS, InviteEvent, MailRequested
from services.invites.policies import NewInvitePolicy, RequestedMailPolicy
from tests.unit.invites.examples import ACCEPTED, CHANGED, CREATED, EXPIRED, ID, MAIL, VOIDED, WITHDRAWN, recorded

POLICY = NewInvitePolicy()


def test_a_new_invite_gets_a_mail_at_once_and_a_timer_for_its_last_instant() -> None:
    mail, timer = POLICY.jobs(recorded(CREATED))
    assert (mail.kind, mail.key, mail.not_before) == ("mail", f"invite/{ID}/1", None)
    assert json.loads(mail.payload) == {
        "purpose": "invite",
        "user_id": CREATED.user_id,
        "invitation_id": ID,
        "generation": 1,
        "event_id": None,
    }
    assert (timer.kind, timer.key, timer.not_before) == ("invite-expiry", ID, CREATED.expires_at)


@pytest.mark.parametrize("event", [CHANGED, WITHDRAWN, EXPIRED, ACCEPTED, VOIDED, MAIL])
def test_what_follows_causes_no_job(event: InviteEvent | MailRequested) -> None:
    assert POLICY.jobs(recorded(event)) == ()


def test_every_event_type_is_covered_here() -> None:
    assert {type(event) for event in (CREATED, CHANGED, WITHDRAWN, EXPIRED, ACCEPTED, VOIDED, MAIL)} == set(EVENTS)


def test_a_mail_that_is_asked_for_is_one_job_without_address_or_token() -> None:
    (job,) = RequestedMailPolicy().jobs(recorded(MAIL))
    assert (job.kind, job.key, job.not_before) == ("mail", f"reset/{MAIL.mail_id}", None)
    assert json.loads(job.payload) == {
        "purpose": "reset",
        "user_id": MAIL.user_id,
        "invitation_id": "",
        "generation": 3,
        "event_id": str(MAIL.mail_id),
    }
    assert RequestedMailPolicy().jobs(recorded(CREATED)) == ()
