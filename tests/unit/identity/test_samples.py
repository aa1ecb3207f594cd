"""What was stored once is read for ever: a sample of every event type and version."""

from pathlib import Path

import pytest

from services.identity.domain.events import STORED
from shared.messages import Event
from shared.store.personal import FORGOTTEN, personal_fields
from tests.unit.identity import examples as x
from tests.unit.identity import test_other_deciders as others
from tests.unit.identity import test_teams as teams

SAMPLES = Path(__file__).parents[2] / "samples" / "identity"


def forgotten(event: Event) -> Event:
    """Return the event as it is without the person's key, which is how a sample can be kept."""
    return event.model_copy(update=dict.fromkeys(personal_fields(type(event)), FORGOTTEN))


SHAPED: dict[str, Event] = {
    "user.role_granted.v1.announced": x.EDITOR.model_copy(update={"announced": True}),
    "user.invited.v1.along": forgotten(x.INVITED_ALONG),
}
"""What a type and version came to hold later, by a field with a default."""

MEANT: dict[str, Event] = SHAPED | {
    f"{event.type_name}.v1": forgotten(event)
    for event in (
        others.FOUNDED,
        others.added(x.ANN),
        others.removed(x.ANN),
        others.KEY_ADDED,
        others.KEY_REVOKED,
        x.UNCONFIRMED,
        x.INVITED,
        x.ROLES_CHANGED,
        x.withdrawn(reason="workspace_deleted"),
        x.ACTIVATED,
        x.EDITOR,
        x.PROMOTED,
        x.REVOKED,
        x.REMOVED,
        x.AWAITED,
        x.CONFIRMED,
        x.RESET_ASKED,
        x.NEW_PASSWORD,
        x.NEW_NAME,
        x.BANNED,
        x.BACK,
        others.MADE,
        others.RENAMED,
        others.GONE,
        others.PLACED,
        others.LEFT,
        teams.MADE,
        teams.RENAMED,
        teams.GONE,
        teams.JOINED,
        teams.LEFT,
        teams.EDITORS,
        teams.PROMOTED,
        teams.REVOKED,
        others.ACCOUNT,
        others.ACCOUNT_CHANGED,
        others.ACCOUNT_GONE,
        others.BEGUN,
        others.ENDED,
        others.VISIT_BEGAN,
    )
}


def test_every_type_and_version_has_a_sample() -> None:
    wanted = {f"{event.type_name}.v{n}" for event in STORED for n in range(1, event.schema_version + 1)}
    assert {path.stem for path in SAMPLES.glob("*.json")} == wanted | set(SHAPED)
    assert set(MEANT) == wanted | set(SHAPED)


@pytest.mark.parametrize("name", MEANT)
def test_a_sample_still_means_what_it_meant(name: str) -> None:
    meant = MEANT[name]
    assert type(meant).model_validate_json((SAMPLES / f"{name}.json").read_text()) == meant
