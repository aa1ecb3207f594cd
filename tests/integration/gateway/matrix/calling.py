"""Calls as clients make them, and what came of each: the answer, and whether anything was written because of it."""

import json
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import uuid4

from tests.integration.crowds import together
from tests.integration.gateway.matrix.rows import Cell, Kind, Operation, Outcome
from tests.integration.gateway.matrix.things import Things, new_email, things_of
from tests.integration.gateway.matrix.world import Known, World
from tests.integration.gateway.whole import SERVICES
from tests.integration.invites.installation import PASSWORD

NOT_ALLOWED: Final = "You do not have the appropriate permissions for that"
NOT_FOUND: Final = "The requested resource was not found"
_PROTOCOL: Final = "graphql-transport-ws"
_MARK: Final = re.compile(r"00-([0-9a-f]{32})-")


@dataclass(frozen=True)
class Found:
    """What a call came to: an outcome of the table, or the text of an error; `wrote`: an event is due to it."""

    outcome: str
    wrote: bool


@dataclass(frozen=True)
class Call:
    """A cell with the one who calls and the things that it is about. `mark` is the trace that its events carry."""

    cell: Cell
    known: Known
    things: Things
    mark: str

    def filled(self, text: str) -> str:
        """Return a text of the table with the things of this call."""
        free = {
            "text": uuid4().hex,
            "new_email": new_email(),
            "password": PASSWORD,
            "me": self.known.id,
            "my_session": self.known.session or "nobody's",
        }
        return re.sub(r"<(\w+)>", lambda match: (free | self.things)[match[1]], text)


async def call_all(world: World, cells: Sequence[Cell]) -> dict[Cell, Found]:
    """Make every call and return what came of it; calls that use their things up get things of their own."""
    calls = await together([partial(_prepared, world, cell) for cell in cells])
    await world.shown()
    before = {service: await _head(world, service) for service in SERVICES}
    # What takes a role away closes the sockets of its holder, so streams are read before anything is changed.
    streams = [call for call in calls if call.cell.row.kind is Operation.SUBSCRIPTION]
    outcomes: dict[Cell, str] = {}
    for those in streams, [call for call in calls if call.cell.row.kind is not Operation.SUBSCRIPTION]:
        found = await together([partial(_outcome, world, call) for call in those])
        outcomes |= zip([call.cell for call in those], found, strict=True)
    await world.shown()
    marks = {mark for service in SERVICES for mark in await _marks(world, service, before[service])}
    return {call.cell: Found(outcomes[call.cell], wrote=call.mark in marks) for call in calls}


async def _prepared(world: World, cell: Cell) -> Call:
    known, things = world.known[cell.caller], world.own if cell.own else world.foreign
    if cell.row.alone and cell.expected is Outcome.ALLOWED:
        things = await things_of(world, cell.row.things)
        if cell.own:
            known = await world.join(cell.caller, things)
        if cell.row.people and known.email:
            known = await world.signed_in_anew(known)
    return Call(cell, known, things, secrets.token_hex(16))


async def _outcome(world: World, call: Call) -> str:
    ask: Callable[[World, Call], Awaitable[dict[str, Any]]] = _post
    if call.cell.row.kind is Operation.SUBSCRIPTION:
        ask = _subscribe
    answer = await ask(world, call)
    row = call.cell.row
    if not answer.get("errors"):
        shown = call.filled(row.shows) in json.dumps(answer["data"])
        return Outcome.ALLOWED if shown and not row.says else Outcome.NOTHING
    (said,) = {error["message"] for error in answer["errors"]}
    known = {NOT_ALLOWED: Outcome.REFUSED, NOT_FOUND: Outcome.HIDDEN, row.says: Outcome.ALLOWED}
    return known.get(said, f"{said} {answer['data']}")


async def _post(world: World, call: Call) -> dict[str, Any]:
    headers = {"traceparent": f"00-{call.mark}-{secrets.token_hex(8)}-01"}
    if call.known.token:
        headers["Authorization"] = call.known.token
    document = f"{call.cell.row.kind} {{ {call.filled(call.cell.row.sent)} }}"
    _, answer = await world.aerodrome.door.post({"query": document}, headers=headers)
    found: dict[str, Any] = answer
    return found


async def _subscribe(world: World, call: Call) -> dict[str, Any]:
    """Return the first frame of a stream, as if it were an answer."""
    async with world.aerodrome.door.socket(_PROTOCOL) as socket:
        await socket.send_json({"type": "connection_init", "payload": {"authorization": call.known.token}})
        begun = await socket.receive()
        if call.cell.caller.kind is Kind.NOBODY:
            return {"data": None, "errors": [{"message": NOT_ALLOWED if socket.close_code == 4403 else str(begun)}]}
        document = f"subscription {{ {call.filled(call.cell.row.sent)} }}"
        await socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": document}})
        frame = await socket.receive_json(timeout=20)
        return frame["payload"] if frame["type"] == "next" else {"data": None, "errors": frame["payload"]}


async def _head(world: World, service: str) -> int:
    (head,) = await world.aerodrome.installation.fetch(service, "select position from store_head")
    position: int = head["position"]
    return position


async def _marks(world: World, service: str, after: int) -> set[str]:
    """Return the traces that events carry."""
    query = "select distinct metadata::json ->> 'traceparent' as trace from events where position > $1"
    rows = await world.aerodrome.installation.fetch(service, query, after)
    found = (_MARK.match(row["trace"] or "") for row in rows)
    return {match[1] for match in found if match}
