"""A new invite gets one mail and one timer; nothing else does, and no job holds what a mail will say."""

import json

import pytest

from services.invites.contract import EVENTS, InviteEvent
from services.invites.policies import NewInvitePolicy
from tests.unit.invites.examples import ACCEPTED, CHANGED, CREATED, EXPIRED, ID, VOIDED, WITHDRAWN, recorded

POLICY = NewInvitePolicy()


def test_a_new_invite_gets_a_mail_at_once_and_a_timer_for_its_last_instant() -> None:
    mail, timer = POLICY.jobs(recorded(CREATED))
    assert (mail.kind, mail.key, mail.not_before) == ("mail", f"invite/{ID}/1", None)
    assert json.loads(mail.payload) == {
        "purpose": "invite",
        "user_id": CREATED.user_id,
        "invitation_id": ID,
        "generation": 1,
    }
    assert (timer.kind, timer.key, timer.not_before) == ("invite-expiry", ID, CREATED.expires_at)


@pytest.mark.parametrize("event", [CHANGED, WITHDRAWN, EXPIRED, ACCEPTED, VOIDED])
def test_what_follows_causes_no_job(event: InviteEvent) -> None:
    assert POLICY.jobs(recorded(event)) == ()


def test_every_event_type_is_covered_here() -> None:
    assert {type(event) for event in (CREATED, CHANGED, WITHDRAWN, EXPIRED, ACCEPTED, VOIDED)} == set(EVENTS)
