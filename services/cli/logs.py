"""`aerodrome logs`: the lines of a deployment from the gateway, gone on with where they broke off."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, TextIO, cast
from urllib.parse import quote

import aiohttp
import typer

from services.cli.folder import CannotStart
from services.cli.output import tell
from services.cli.sse import Event, Place, read_events

TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=45)
"""In seconds; the gateway lets a stream be silent for 15 s."""

MOST_TRIES: Final = 5
"""How often one who does not follow comes back without having got any further."""

EVERYTHING: Final = "2000-01-01T00:00:00Z"
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_COLOURS: Final[Mapping[str, Mapping[str, Any]]] = {
    "DEBUG": {"dim": True},
    "WARNING": {"fg": "yellow"},
    "ERROR": {"fg": "red"},
    "CRITICAL": {"fg": "red", "bold": True},
}

Record = Mapping[str, Any]


class _Away(Exception):
    """The gateway can't be reached or can't serve now; trying again may help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which lines are asked for, of whom, in whose name."""

    url: str
    token: str = field(repr=False)
    deployment: str
    follow: bool = False
    component: str = ""
    since: str = ""
    search: str = ""

    @property
    def api(self) -> str:
        """Return the address of the interface, which may have been given itself."""
        return f"{self.url.rstrip('/').removesuffix('/v1')}/v1"

    @property
    def address(self) -> str:
        """Return where the lines are."""
        return f"{self.api}/deployments/{quote(self.deployment, safe='')}/logs"

    @property
    def parameters(self) -> Mapping[str, str]:
        """Return the arguments of the address."""
        told = {"component": self.component, "since": self.since or EVERYTHING, "search": self.search}
        return {"follow": str(self.follow).lower()} | {name: value for name, value in told.items() if value}

    @property
    def headers(self) -> Mapping[str, str]:
        """Return what says who asks; raise CannotStart where nothing does."""
        token = self.token.strip()
        if not token:
            raise CannotStart("a token is needed: put it into the variable AERODROME_TOKEN")
        if not (token.isascii() and token.isprintable()):
            raise CannotStart("the token has characters that no token has; look at AERODROME_TOKEN")
        return {"Authorization": token}


async def read_lines(asked: Asked, warn: Callable[[str], None]) -> AsyncGenerator[Record]:
    """Yield lines, each once; a follower waits for a gateway that went away, and hears of it by `warn`.

    Raises CannotStart, with what to do, for what does not mend itself.
    """
    place, tries = Place(), 0
    async with aiohttp.ClientSession(timeout=TIMEOUT, headers=asked.headers) as session:
        while True:
            before = place.last_id
            try:
                async with aclosing(_events(session, asked, place)) as events:
                    async for event in events:
                        if event.kind == "end":
                            _see_end(json.loads(event.data), follow=asked.follow)
                            return
                        yield json.loads(event.data)
            except _Away as error:
                if not place.last_id:
                    raise CannotStart(str(error)) from error
            tries = 1 if place.last_id != before else tries + 1
            if tries == MOST_TRIES and not asked.follow:
                raise CannotStart(f"the lines broke off, and {asked.url} does not go on with them")
            if tries == 2:
                warn(f"{asked.url} is away; the lines go on when it is back")
            await asyncio.sleep(place.retry_s)


async def _events(session: aiohttp.ClientSession, asked: Asked, place: Place) -> AsyncGenerator[Event]:
    headers = {"Last-Event-ID": place.last_id} if place.last_id else {}
    try:
        async with session.get(
            asked.address, params=asked.parameters, headers=headers, allow_redirects=False
        ) as response:
            if response.status != 200 or response.content_type != "text/event-stream":
                await _refused(session, asked, response)
            async with aclosing(read_events(response.content.iter_any(), place)) as events:
                async for event in events:
                    yield event
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _Away(f"no gateway answers at {asked.url}: {str(error) or 'it took too long'}") from error


async def _refused(session: aiohttp.ClientSession, asked: Asked, response: aiohttp.ClientResponse) -> None:
    """Raise what the answer means to the person who asked."""
    message, code = _error_in(await response.text(errors="replace"))
    if response.status in {502, 503, 504}:
        raise _Away(f"{asked.url} can't show lines right now, please try again")
    match code:
        case "FORBIDDEN" if not await _is_known(session, asked):
            raise CannotStart(f"{asked.url} does not know the token: is it one of there, and still valid?")
        case "FORBIDDEN":
            raise CannotStart(f"the token may not read the logs of {asked.deployment}")
        case "RESOURCE_NOT_FOUND":
            raise CannotStart(f"there is no deployment {asked.deployment} that the token may see")
        case "":
            raise CannotStart(f"{asked.url} answered with {response.status}: is it the address of an Aerodrome?")
        case _:
            raise CannotStart(message)


async def _is_known(session: aiohttp.ClientSession, asked: Asked) -> bool:
    document = {"query": "{ signingKeys { kid } }"}  # what anybody may ask who is signed in
    async with session.post(asked.api, json=document) as response:
        return not _error_in(await response.text(errors="replace"))[1]


def _error_in(text: str) -> tuple[str, str]:
    """Return message and code of the first error in an answer, "" where there is none of our form."""
    try:
        error = json.loads(text)["errors"][0]
        return str(error["message"]), str(error["extensions"]["code"])
    except (ValueError, LookupError, TypeError):
        return "", ""


def _see_end(end: Any, *, follow: bool) -> None:
    """Raise what the last event says, unless it is the end that was asked for."""
    told = cast("Mapping[str, str]", end)
    if follow or told.get("reason") != "complete":
        raise CannotStart(f"the lines end: {told.get('message', '')}")


def line_of(record: Record, *, coloured: bool) -> str:
    """Return a record as a line of text; what could steer a terminal is shown, not sent."""
    level = str(record.get("level") or "")
    time = f"{str(record['timestamp'])[:23]}Z"
    parts = [time, str(record["component"]), level, str(record["message"])]
    text = _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", " ".join(filter(None, parts)))
    return typer.style(text, **_COLOURS[level]) if coloured and level in _COLOURS else text


def is_coloured(stream: TextIO) -> bool:
    """Say whether colours are welcome: on a terminal, unless NO_COLOR says no."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


async def show_lines(asked: Asked, *, as_json: bool) -> None:
    """Print lines until they end or nobody reads them."""
    coloured = is_coloured(sys.stdout)

    def warn(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    async with aclosing(read_lines(asked, warn)) as records:
        async for record in records:
            if not tell(json.dumps(record, ensure_ascii=False) if as_json else line_of(record, coloured=coloured)):
                return
