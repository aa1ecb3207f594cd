"""What was stored once is read for ever: a sample of every event type and version."""

from pathlib import Path

import pytest

from services.identity.domain.events import STORED
from shared.messages import Event
from shared.store.personal import FORGOTTEN, personal_fields
from tests.unit.identity import examples as x
from tests.unit.identity import test_other_deciders as others

SAMPLES = Path(__file__).parents[2] / "samples" / "identity"


def forgotten(event: Event) -> Event:
    """Return the event as it is without the person's key, which is how a sample can be kept."""
    return event.model_copy(update=dict.fromkeys(personal_fields(type(event)), FORGOTTEN))


MEANT: dict[str, Event] = {
    f"{event.type_name}.v1": forgotten(event)
    for event in (
        others.FOUNDED,
        others.added(x.ANN),
        others.removed(x.ANN),
        x.UNCONFIRMED,
        x.INVITED,
        x.ROLES_CHANGED,
        x.withdrawn(reason="workspace_deleted"),
        x.ACTIVATED,
        x.EDITOR,
        x.PROMOTED,
        x.REVOKED,
        x.REMOVED,
        others.MADE,
        others.RENAMED,
        others.GONE,
        others.ACCOUNT,
        others.ACCOUNT_GONE,
        others.BEGUN,
        others.ENDED,
    )
}


def test_every_type_and_version_has_a_sample() -> None:
    wanted = {f"{event.type_name}.v{n}" for event in STORED for n in range(1, event.schema_version + 1)}
    assert {path.stem for path in SAMPLES.glob("*.json")} == wanted
    assert set(MEANT) == wanted


@pytest.mark.parametrize("name", MEANT)
def test_a_sample_still_means_what_it_meant(name: str) -> None:
    meant = MEANT[name]
    assert type(meant).model_validate_json((SAMPLES / f"{name}.json").read_text()) == meant
