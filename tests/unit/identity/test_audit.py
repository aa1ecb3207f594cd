"""Which workspace identity's events concern."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.identity.projections.audit import concern
from shared.messages import Event
from shared.store.model import Recorded
from tests.unit.identity.test_samples import MEANT

NAMES = ("workspace_id", "entity", "scope")


def placed(event: Event) -> bool:
    return any(str(getattr(event, name, "")).removeprefix("system") for name in NAMES)


@pytest.mark.parametrize("name", [name for name, event in MEANT.items() if placed(event)])
def test_an_event_that_names_a_workspace_concerns_it(name: str) -> None:
    event = MEANT[name]
    stream = f"{event.type_name.partition('.')[0]}-c1"
    found = concern(Recorded(1, stream, 1, uuid4(), event.type_name, 1, event, b"", datetime.now(UTC), "{}"))
    assert found.workspace_id or found.inside
    assert found.target_id == "c1"
