"""What was ever stored can be read for ever: one sample of each event type and version, written once."""

import json
from pathlib import Path

import pytest

from services.identity.contract import Role
from services.invites.contract import EVENTS, InviteCreated, InviteEvent, MailRequested
from tests.unit.invites.examples import ACCEPTED, CHANGED, CREATED, EXPIRED, MAIL, VOIDED, WITHDRAWN

SAMPLES = Path(__file__).parents[2] / "samples" / "invites"
READ_AS: dict[str, InviteEvent | MailRequested] = {
    event.type_name: event for event in (CREATED, CHANGED, WITHDRAWN, EXPIRED, ACCEPTED, VOIDED, MAIL)
}


def test_every_type_and_version_has_a_sample() -> None:
    wanted = {f"{event.type_name}.v{number}" for event in EVENTS for number in range(1, event.schema_version + 1)}
    assert {path.stem for path in SAMPLES.glob("*.json")} == wanted | {"invite.created.v1.along"}


def test_an_invite_of_before_reads_as_one_that_brings_nothing_along() -> None:
    text = (SAMPLES / "invite.created.v1.json").read_text(encoding="utf-8")
    assert InviteCreated.model_validate_json(text) == CREATED
    along = InviteCreated.model_validate_json((SAMPLES / "invite.created.v1.along.json").read_text(encoding="utf-8"))
    assert (along.team_ids, [each.role for each in along.deployment_roles]) == (
        ("cteam00000000000000000001",),
        [Role.DEPLOYMENT_ADMIN],
    )


@pytest.mark.parametrize("event", READ_AS.values(), ids=lambda event: event.type_name)
def test_a_stored_event_reads_as_it_was_meant(event: InviteEvent | MailRequested) -> None:
    text = (SAMPLES / f"{event.type_name}.v{event.schema_version}.json").read_text(encoding="utf-8")
    assert type(event).model_validate_json(text) == event
    assert json.loads(event.model_dump_json(exclude_defaults=True)) == json.loads(text)


@pytest.mark.parametrize("event", READ_AS.values(), ids=lambda event: event.type_name)
def test_a_field_from_the_future_is_ignored(event: InviteEvent | MailRequested) -> None:
    text = event.model_dump_json().removesuffix("}") + ',"added_later":1}'
    assert type(event).model_validate_json(text) == event
