"""What events and refused commands are about."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar
from uuid import uuid4

import pytest
from pydantic import Field

from shared.audit.concerns import Concern, aim_of, concern_of
from shared.ids import new_id
from shared.messages import Command, Event, Generated, Message
from shared.store.model import Recorded

HERE, PLANE, CREW = ("cm3x0a1b2c3d4e5f6g7h8i9j" + digit for digit in "012")


class Happened(Event):
    type_name: ClassVar[str] = "plane.happened"

    workspace_id: str = ""
    entity: str = ""
    scope: str = ""
    binding_id: str = ""


class Land(Command[Message]):
    subject: ClassVar[str] = "planes.command.land"

    crew_id: str = ""
    workspace_id: str = ""
    entity: str = "system"
    landing_id: Annotated[str, Generated()] = Field(default_factory=new_id)


def on(stream: str, event: Happened) -> Concern:
    recorded = Recorded(1, stream, 1, uuid4(), event.type_name, 1, event, b"", datetime.now(UTC), "{}")
    return concern_of(recorded, at_home=frozenset({"plane"}))


@pytest.mark.parametrize(
    "event", [Happened(workspace_id=HERE), Happened(entity=f"workspace:{HERE}"), Happened(scope=f"workspace:{HERE}")]
)
def test_an_event_is_about_the_thing_of_its_stream_and_the_workspace_in_its_fields(event: Happened) -> None:
    assert on(f"crew-{CREW}", event) == Concern("crew", CREW, HERE)


def test_an_event_of_the_system_concerns_no_workspace() -> None:
    assert on(f"crew-{CREW}", Happened(entity="system")) == Concern("crew", CREW)


def test_what_is_at_home_in_a_workspace_is_a_part_of_it() -> None:
    assert on(f"plane-{PLANE}", Happened()) == Concern("plane", PLANE, part=PLANE)


def test_a_binding_is_a_part_of_the_workspace_that_it_is_on() -> None:
    event = Happened(binding_id="b", entity=f"workspace:{HERE}")
    assert on(f"crew-{CREW}", event) == Concern("crew", CREW, HERE, part="b")


def test_what_is_on_a_deployment_is_inside_it() -> None:
    assert on(f"crew-{CREW}", Happened(entity="deployment:d")) == Concern("crew", CREW, inside="d")


def test_a_command_is_aimed_at_what_it_names_and_not_at_what_it_would_make() -> None:
    assert aim_of(Land(crew_id=CREW, workspace_id=HERE)) == Concern("crew", CREW, HERE)
    assert aim_of(Land(workspace_id=HERE)) == Concern("workspace", HERE, HERE)
    assert aim_of(Land(entity=f"workspace:{HERE}")) == Concern("workspace", HERE, HERE)
    assert aim_of(Land(entity=f"deployment:{PLANE}", crew_id=CREW)) == Concern("deployment", PLANE)
    assert aim_of(Land()) == Concern("", "")


@pytest.mark.parametrize("typed", ["jane@example.com", "jane", "C" + CREW[1:], CREW + "0", "c" * 24])
def test_what_does_not_look_like_an_id_is_left_out(typed: str) -> None:
    assert aim_of(Land(crew_id=typed, entity=f"workspace:{typed}")) == Concern("", "")
