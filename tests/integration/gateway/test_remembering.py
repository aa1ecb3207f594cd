"""What a gateway remembers of callers, against an identity that answers when it is told to."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from services.gateway import callers as room
from services.gateway.callers import Callers
from services.identity.contract import Authenticate, Authenticated, Revoked
from shared.auth import Principal, PrincipalKind
from shared.bus.request import Request, Result
from shared.errors import Unauthenticated, Unavailable
from tests.integration.bus import Answering, answering, bus_of, until
from tests.servers import NatsForTests

USER = "user-ann"


@dataclass
class Identity:
    """Answers with the position that the store has when a question comes; an answer can be held up."""

    position: int = 10
    asked: int = 0
    free: asyncio.Event = field(default_factory=asyncio.Event)

    async def authenticate(self, request: Request[Authenticate]) -> Result[Authenticated]:
        self.asked += 1
        position = self.position
        await self.free.wait()
        if request.message.token.startswith("made up"):
            raise Unauthenticated("nobody's")
        who = Principal(kind=PrincipalKind.USER, subject=request.message.token)
        return Result(Authenticated(principal=who, streams=(USER, "session-1"), position=position))


@dataclass(frozen=True)
class Scene:
    """A gateway's callers, and who answers them."""

    identity: Identity
    answering: Answering
    callers: Callers

    async def revoke(self, stream: str = USER) -> None:
        """Go on with a stream, tell it, and return when the gateway has heard it."""
        self.identity.position += 1
        told = Revoked(streams=(stream,), position=self.identity.position)
        await self.tell(told.model_dump_json())
        await until(lambda: stream in self.callers._revoked.streams)

    async def tell(self, text: str) -> None:
        await self.answering.bus.publish(Revoked.subject, text.encode())

    def look(self) -> "asyncio.Task[Authenticated]":
        """Look for a caller, in the background."""
        return asyncio.create_task(self.callers.find("a token"))


@asynccontextmanager
async def scene_on(nats: NatsForTests) -> AsyncGenerator[Scene]:
    identity = Identity()
    identity.free.set()
    async with answering(nats, {Authenticate: identity.authenticate}) as made, bus_of(nats, "gateway") as bus:
        callers = Callers(bus)
        await callers.start()
        await bus.flush()
        yield Scene(identity, made, callers)


@pytest.fixture
async def scene(nats_server: NatsForTests) -> AsyncGenerator[Scene]:
    async with scene_on(nats_server) as made:
        yield made


async def test_an_answer_that_was_revoked_on_its_way_is_not_kept(scene: Scene) -> None:
    scene.identity.free.clear()
    early = scene.look()
    await until(lambda: scene.identity.asked == 1)
    await scene.revoke()
    scene.identity.free.set()
    assert (await early).position == 10  # it asked before the change
    assert (await scene.callers.find("a token")).position == 11
    assert scene.identity.asked == 2


async def test_who_comes_after_the_news_is_not_served_what_was_asked_before(scene: Scene) -> None:
    scene.identity.free.clear()
    early = scene.look()
    await until(lambda: scene.identity.asked == 1)
    await scene.revoke()
    late = scene.look()
    await asyncio.sleep(0)
    scene.identity.free.set()
    assert [(await early).position, (await late).position] == [10, 11]


async def test_who_comes_as_an_old_answer_arrives_asks_anew(scene: Scene) -> None:
    scene.identity.free.clear()
    early = scene.look()
    await until(lambda: scene.identity.asked == 1)
    await scene.revoke()
    scene.identity.free.set()
    looks: list[asyncio.Task[Authenticated]] = []
    while not early.done():  # one at each turn of the loop, so also in the turn in which the answer ends its question
        looks.append(scene.look())
        await asyncio.sleep(0)
    assert {(await look).position for look in looks} == {11}


async def test_the_news_of_others_leave_a_caller_known(scene: Scene) -> None:
    await scene.callers.find("a token")
    await scene.revoke("user-bob")
    await scene.callers.find("a token")
    assert scene.identity.asked == 1


async def test_what_was_read_before_the_askers_own_change_is_asked_for_anew(scene: Scene) -> None:
    await scene.callers.find("a token")
    scene.identity.position = 20
    assert (await scene.callers.find("a token", least=15)).position == 20
    scene.identity.position = 12  # read models that are behind are believed, or nobody would be known
    assert (await scene.callers.find("a token", least=30)).position == 12


async def test_made_up_tokens_push_nobody_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_CALLERS", 2)
    await scene.callers.find("a token")
    for number in range(5):
        with pytest.raises(Unauthenticated):
            await scene.callers.find(f"made up {number}")
    asked = scene.identity.asked
    await scene.callers.find("a token")
    assert scene.identity.asked == asked


async def test_callers_are_bounded_and_let_go_when_their_time_is_over(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_CALLERS", 3)
    monkeypatch.setattr(room, "KEPT_S", 0.2)
    for number in range(5):
        await scene.callers.find(f"token {number}")
        assert len(scene.callers._kept) <= 3
    await until(lambda: not scene.callers._kept)


async def test_nobody_is_known_for_long_once_identity_is_away(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await scene.callers.find("a token")
    await scene.answering.server.drain(patience_s=0.1)
    assert (await scene.callers.find("a token")).position == 10
    monkeypatch.setattr(room, "KEPT_S", 0.0)
    with pytest.raises(Unavailable):
        await scene.callers.find("a token")


async def test_news_that_can_not_be_read_make_everybody_unknown(scene: Scene) -> None:
    await scene.callers.find("a token")
    before = scene.callers._revoked.all_at
    await scene.tell("no JSON")
    await until(lambda: scene.callers._revoked.all_at > before)
    await scene.callers.find("a token")
    assert scene.identity.asked == 2


async def test_a_connection_that_was_lost_makes_everybody_unknown(nats_server: NatsForTests) -> None:
    async with scene_on(nats_server) as scene:
        await scene.callers.find("a token")
        told: list[int] = []
        scene.callers.watch((USER,), lambda: told.append(1))
        nats_server.restart()
        await until(lambda: bool(told))
        await scene.callers.find("a token")
        assert scene.identity.asked == 2
