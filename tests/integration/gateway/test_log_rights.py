"""Who may read a deployment's lines: none of another, whatever they call it, and none once the right is lost."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from nats.js import JetStreamContext

from services.deployments.contract import Component
from shared.ids import new_id
from tests.integration.gateway.components import Writer, writing
from tests.integration.gateway.log_viewers import (
    SOCKETS,
    Asked,
    Watcher,
    over_command,
    over_events,
    until_all,
    watching,
)
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")
ENDS_S = 5.0
"""Within a second is the promise; the rest is for a busy machine, and for a command line that ends."""

CREATE = "mutation ($w: Uuid!, $l: String!) { createDeployment(workspaceUuid: $w, label: $l) { id releaseName } }"
BIND = """mutation ($w: Uuid!, $e: String!) {
  workspaceAddUser(workspaceUuid: $w, email: $e, role: WORKSPACE_EDITOR) { id }
}"""
UNBIND = "mutation ($w: Uuid!, $u: Uuid!) { workspaceRemoveUser(workspaceUuid: $w, userUuid: $u) { id } }"
MAKE_KEY = """mutation ($w: Uuid!) {
  createServiceAccount(label: "ci", entityType: WORKSPACE, entityUuid: $w, role: WORKSPACE_EDITOR) { id apiKey }
}"""
DELETE_KEY = "mutation ($i: Uuid!) { deleteServiceAccount(serviceAccountUuid: $i) { id } }"
DELETE = "mutation ($d: Uuid) { deleteDeployment(deploymentUuid: $d) { id } }"


@dataclass(frozen=True)
class Place:
    """A deployment in a workspace of its own, and one who may read its lines and no others."""

    aerodrome: Aerodrome
    writer: Writer
    workspace: str
    deployment: str
    release: str
    reader: str
    token: str

    def asked(self) -> Asked:
        """Return what asks for all its lines in the reader's name."""
        return Asked(aerodrome=self.aerodrome, token=self.token, deployment=self.deployment)

    async def says(self, *texts: str) -> None:
        """Have every component say this."""
        for component in Component:
            await self.writer.write(*texts, component=component, deployment=self.deployment)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def jetstream(aerodrome: Aerodrome) -> AsyncGenerator[JetStreamContext]:
    """Where lines are written."""
    async with writing(aerodrome.installation.nats) as writer:
        yield writer.jetstream


async def made(aerodrome: Aerodrome, jetstream: JetStreamContext) -> Place:
    """Return a new place."""
    workspace = await aerodrome.make_workspace()
    created = await aerodrome.data(CREATE, aerodrome.admin, w=workspace, l=new_id())
    email = f"{new_id()}@example.com"
    reader, token = await aerodrome.make_user(email)
    await aerodrome.data(BIND, aerodrome.admin, w=workspace, e=email)
    return Place(aerodrome, Writer(jetstream), workspace, created["id"], created["releaseName"], reader, token)


@dataclass(frozen=True)
class Both:
    """Two places; nobody has a right in both but the administrator."""

    mine: Place
    theirs: Place


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(aerodrome: Aerodrome, jetstream: JetStreamContext) -> Both:
    """Two deployments that have said something."""
    mine, theirs = await made(aerodrome, jetstream), await made(aerodrome, jetstream)
    await mine.says("mine")
    await theirs.says("secret")
    return Both(mine, theirs)


SOCKETS_AND_EVENTS = {**SOCKETS, "events": over_events}
THEIRS = ("{theirs}", "{theirs_release}")
NAMES = [
    *THEIRS,
    "*",
    ">",
    "{mine}.>",
    "{mine}.*",
    "*.worker",
    "{theirs}.worker",
    "{mine},{theirs}",
    "{mine} {theirs}",
    "{mine}\r\n{theirs}",
    "{mine}/../{theirs}",
    "../{theirs}",
    "{mine}/logs?x={theirs}",
    " {theirs}",
    "%2A",
    "a.b",
    "{mine}.worker",
    "c*",
    "?",
]


def spelled(name: str, both: Both) -> str:
    """Return a name with the ids in it."""
    told = {"mine": both.mine.deployment, "theirs": both.theirs.deployment, "theirs_release": both.theirs.release}
    return name.format(**told)


def shown(text: str) -> Callable[[Watcher], bool]:
    """Return what says whether a viewer was shown a line."""
    return lambda watcher: text in {line["message"] for line in watcher.lines}


def only_mine(watchers: list[Watcher], both: Both) -> None:
    """Nothing of another deployment was shown."""
    for watcher in watchers:
        assert {line["release"] for line in watcher.lines} <= {both.mine.release}, watcher.name
        assert "secret" not in {line["message"] for line in watcher.lines}, watcher.name


@pytest.mark.parametrize("name", NAMES)
async def test_no_name_of_a_deployment_shows_the_lines_of_another(both: Both, name: str) -> None:
    mine = replace(both.mine.asked(), deployment=spelled(name, both))
    admins = replace(mine, token=both.mine.aerodrome.admin)
    for asked in (mine, *([] if name in THEIRS else [admins])):  # what is no id shows nothing to anybody
        async with watching(asked, SOCKETS_AND_EVENTS) as watchers:
            await until_all(watchers, lambda watcher: bool(watcher.end))
        assert [watcher.lines for watcher in watchers] == [[]] * len(watchers)
        assert {watcher.end for watcher in watchers} <= {"RESOURCE_NOT_FOUND", "BAD_USER_INPUT"}


async def test_the_command_shows_no_lines_of_another(both: Both) -> None:
    asked = [replace(both.mine.asked(), deployment=spelled(name, both)) for name in ("*", "{theirs}/")]
    command = {"command": over_command}
    async with watching(asked[0], command) as (any_, *_), watching(asked[1], command) as (theirs, *_):
        await until_all([any_, theirs], lambda watcher: bool(watcher.end))
    assert any_.lines == theirs.lines == []
    assert any_.end == "1 error: there is no deployment * that the token may see"
    assert theirs.end == f"1 error: there is no deployment {both.theirs.deployment}/ that the token may see"


COMPONENTS = ["*", ">", "a.b", "worker.>", "worker.*", "*.worker", "worker,scheduler", "{theirs}.worker", "../{theirs}"]


@pytest.mark.parametrize("component", COMPONENTS)
async def test_no_name_of_a_component_shows_any_lines(both: Both, component: str) -> None:
    asked = replace(both.mine.asked(), component=spelled(component, both))
    async with watching(asked, SOCKETS) as watchers, watching(both.mine.asked(), SOCKETS) as others:
        for text in ("first", "second"):  # whoever is shown the second had their chance to show the first
            await both.mine.says(text)
            await both.theirs.says("secret")
            await until_all(others, shown(text))
        assert [watcher.lines for watcher in watchers] == [[]] * len(watchers)
    only_mine(others, both)
    async with watching(asked, {"events": over_events}) as watchers:
        await until_all(watchers, lambda watcher: watcher.end == "BAD_USER_INPUT")


async def test_no_search_finds_the_lines_of_another(both: Both) -> None:
    asked = replace(both.mine.asked(), search="secret")
    async with watching(asked, SOCKETS_AND_EVENTS) as watchers:
        await both.theirs.says("secret")
        await both.mine.says("no secret")
        await until_all(watchers, lambda watcher: len(watcher.lines) >= len(Component))
    only_mine(watchers, both)


async def test_the_place_in_the_lines_of_another_shows_none_of_them(both: Both) -> None:
    await both.mine.says("mine, before")
    await both.theirs.says("secret", "secret")
    await both.mine.says("mine, after")
    places = await places_of(both.theirs)
    for place in places:
        asked = replace(both.mine.asked(), last_id=place)
        async with watching(asked, {"events": over_events}) as watchers:
            await until_all(watchers, shown("mine, after"))
        only_mine(watchers, both)
    stranger = replace(both.mine.asked(), deployment=both.theirs.deployment, last_id=places[-1])
    async with watching(stranger, {"events": over_events}) as watchers:
        await until_all(watchers, lambda watcher: watcher.end == "RESOURCE_NOT_FOUND")


async def places_of(place: Place) -> list[str]:
    """Return the ids of the events that show the lines of a deployment to its own reader."""
    address = f"{place.aerodrome.door.url}/v1/deployments/{place.deployment}/logs?follow=false"
    headers = {"Authorization": place.token}
    async with place.aerodrome.door.session.get(address, headers=headers) as response:
        lines = (await response.text()).splitlines()
    found = [line.removeprefix("id: ") for line in lines if line.startswith("id: ")]
    return [*found[-8:], found[-1].replace("-2-", "-1-")]


Loss = Callable[[Place, str], Awaitable[object]]


async def revoke(place: Place, key: str) -> None:
    """Delete the key that the viewers came with."""
    await place.aerodrome.data(DELETE_KEY, place.aerodrome.admin, i=key)


async def demote(place: Place, _key: str) -> None:
    """Take the reader out of the workspace."""
    await place.aerodrome.data(UNBIND, place.aerodrome.admin, w=place.workspace, u=place.reader)


async def delete(place: Place, _key: str) -> None:
    """Delete the deployment."""
    await place.aerodrome.data(DELETE, place.aerodrome.admin, d=place.deployment)


@pytest.mark.parametrize(
    ("lose", "socket_ends", "reason"),
    [
        (revoke, {"closed 4403", "connection_error Prohibited connection!"}, "unauthenticated"),
        (demote, {"closed 4403", "connection_error Prohibited connection!"}, "not_found"),
        (delete, {"complete"}, "not_found"),
    ],
)
async def test_whoever_loses_the_right_loses_every_stream_at_once(
    aerodrome: Aerodrome, jetstream: JetStreamContext, lose: Loss, socket_ends: set[str], reason: str
) -> None:
    place = await made(aerodrome, jetstream)
    await place.says("before")
    key = await aerodrome.data(MAKE_KEY, aerodrome.admin, w=place.workspace)
    asked = replace(place.asked(), token=key["apiKey"]) if lose is revoke else place.asked()
    async with watching(asked) as watchers, watching(replace(asked, token=aerodrome.admin), SOCKETS) as others:
        await until_all([*watchers, *others], lambda watcher: len(watcher.lines) >= len(Component))
        began = time.monotonic()
        await lose(place, key["id"])
        answered = time.monotonic()
        await until_all(watchers, lambda watcher: bool(watcher.end))
        if lose is not delete:
            assert not [watcher for watcher in others if watcher.end]
            await place.says("after")
            await until_all(others, shown("after"))
    print(f"{lose.__name__}: answered after {answered - began:.2f} s; then the streams ended after:")
    for watcher in watchers:
        print(f"  {watcher.name}: {watcher.ended_at - answered:.2f} s, {watcher.end}")
        assert watcher.ended_at - answered < ENDS_S, watcher.name
        assert "after" not in {line["message"] for line in watcher.lines}
    for watcher in watchers[: len(SOCKETS)] if lose is not delete else ():
        *_, last, farewell = watcher.lines  # who comes back with the time of their last line must miss none
        assert farewell["message"].startswith("the lines end here: ")
        assert farewell["timestamp"] == last["timestamp"], watcher.name
    ends = {watcher.name: watcher.end for watcher in watchers}
    assert {ends[name] for name in SOCKETS} <= socket_ends
    assert ends["events"] == reason
    assert ends["aerodrome logs -f"].startswith("1 ")
