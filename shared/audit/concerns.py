"""What an event or a command is about: one thing, and the workspace that it concerns."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pydantic import BaseModel

from shared.messages import Command
from shared.store.model import Recorded

_WORKSPACE: Final = "workspace_id"
_ENTITIES: Final = ("entity", "scope")
_PARTS: Final = ("invitation_id", "binding_id")
_ID: Final = re.compile(r"c[a-z0-9]{24}")


@dataclass(frozen=True, slots=True)
class Concern:
    """The thing that an event is about, and the workspace that it concerns, "" for none.

    `part` is the id of something that belongs to one workspace: once an event has told which, later events of the same
    part concern it too. `inside` is another part that this one is in, a deployment.
    """

    target_kind: str
    target_id: str
    workspace_id: str = ""
    part: str = ""
    inside: str = ""


ConcernOf: TypeAlias = Callable[[Recorded], Concern]
"""Tells what an event concerns; pure."""


def concern_of(recorded: Recorded, *, at_home: frozenset[str]) -> Concern:
    """Return what an event concerns: the thing of its stream, and the workspace that its fields name.

    `at_home` are the kinds of streams whose things belong to one workspace each.
    """
    kind, _, id_ = recorded.stream.partition("-")
    workspace_id, deployment_id = _places(recorded.event)
    own = id_ if kind in at_home else next(filter(None, (_text(recorded.event, name) for name in _PARTS)), "")
    return Concern(kind, id_, workspace_id, part=own, inside=deployment_id)


def aim_of(command: Command[Any]) -> Concern:
    """Return what a refused command was aimed at, by the ids in its fields; what looks like no id is left out."""
    workspace_id, deployment_id = (_as_id(each) for each in _places(command))
    named = [("deployment", deployment_id), *_named(command), ("workspace", workspace_id)]
    kind, id_ = next(((kind, id_) for kind, id_ in named if id_), ("", ""))
    return Concern(kind, id_, workspace_id)


def _named(command: Command[Any]) -> list[tuple[str, str]]:
    """Return the ids that the asker has named; those that were made for new things are not there yet."""
    others = {_WORKSPACE, *command.generated()}
    names = [name for name in type(command).model_fields if name.endswith("_id") and name not in others]
    return [(name.removesuffix("_id"), _as_id(_text(command, name))) for name in names]


def _places(of: BaseModel) -> tuple[str, str]:
    """Return the workspace and the deployment that the fields name, each "" where none is."""
    places: dict[str, str] = {}
    for name in _ENTITIES:
        kind, _, id_ = _text(of, name).partition(":")
        places[kind] = id_
    return _text(of, _WORKSPACE) or places.get("workspace", ""), places.get("deployment", "")


def _text(of: BaseModel, name: str) -> str:
    value = getattr(of, name, "")
    return value if isinstance(value, str) else ""


def _as_id(text: str) -> str:
    return text if _ID.fullmatch(text) else ""
