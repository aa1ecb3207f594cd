"""What is cleared away after a person or a workspace is gone."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from services.identity.contract import SERVICE, CredentialId, SessionId, UserId
from services.identity.domain import credential, session
from services.identity.domain.events import UserRemoved, WorkspaceDeleted
from services.identity.domain.user import Clear
from services.identity.handlers.internal import ClearServiceAccount, ClearUser, Done, EndSession
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import forget_removed, write
from services.identity.handlers.service_accounts import delete
from services.identity.handlers.streams import CREDENTIAL, SESSION, USER
from services.identity.sql import QUERIES
from shared import auth
from shared.bus.request import Request
from shared.commands import Unit
from shared.errors import Unavailable
from shared.followers.policy import Job
from shared.messages import Command, Message
from shared.store.model import Recorded

FORGET: Final = "forget_person"
END_SESSIONS: Final = "end_sessions"
SWEEP: Final = "sweep_workspace"
_PAGE: Final = 200


class Target(Message):
    """The payload of the jobs: what is gone, since which position."""

    id: str
    position: int


@dataclass(frozen=True, slots=True)
class ClearingPolicy:
    """Answers removals and deletions with the jobs that clear away after them."""

    name: str = "clearing"

    def jobs(self, recorded: Recorded) -> Sequence[Job]:
        """Return what is to be done because of an event."""
        match recorded.event:
            case UserRemoved(user_id=user_id):
                return [_job(FORGET, user_id, recorded), _job(END_SESSIONS, user_id, recorded)]
            case WorkspaceDeleted(workspace_id=workspace_id):
                return [_job(SWEEP, workspace_id, recorded)]
            case _:
                return []


@dataclass(frozen=True, slots=True)
class ForgetWorker:
    """Destroys the key of a removed person, should the command that removed them not have come to it."""

    kit: Kit
    kind: str = FORGET

    async def perform(self, job: Job) -> None:
        """Destroy the key; destroying it again changes nothing."""
        if self.kit.running.keys is None:
            raise TypeError("identity runs without keys of people")
        await self.kit.running.keys.destroy(_target(job).id)


@dataclass(frozen=True, slots=True)
class EndSessionsWorker:
    """Ends the sessions of a removed person; no new one can begin, for that takes an active person."""

    kit: Kit
    kind: str = END_SESSIONS

    async def perform(self, job: Job) -> None:
        """End every session of the person that the read model knows."""
        target = _target(job)
        await _caught_up(self.kit, target.position)
        await _each(self.kit, "sessions_to_end", target.id, lambda id_: self._end(job, SessionId(id_)))

    async def _end(self, job: Job, session_id: SessionId) -> None:
        command = EndSession(session_id=session_id)

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(SESSION, session_id)
            wish = session.End(session_id=session_id, reason="user_removed", now=command.now)
            unit.append(loaded, SESSION.decide(wish, loaded.state))
            return loaded.stream

        await self.kit.running.commands.run(_request(job, command, session_id), attempt)


@dataclass(frozen=True, slots=True)
class SweepWorker:
    """Clears away bindings, invitations and service accounts of a deleted workspace; none can be added any more."""

    kit: Kit
    kind: str = SWEEP

    async def perform(self, job: Job) -> None:
        """Clear away all that the read models know."""
        target = _target(job)
        entity = auth.workspace(target.id)
        await _caught_up(self.kit, target.position)
        await _each(self.kit, "people_to_clear", entity, lambda id_: self._clear(job, UserId(id_), entity))
        await _each(self.kit, "service_accounts_to_clear", entity, lambda id_: self._delete(job, CredentialId(id_)))

    async def _clear(self, job: Job, user_id: UserId, entity: str) -> None:
        command = ClearUser(user_id=user_id, entity=entity)

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(USER, user_id)
            await write(unit, self.kit, loaded, Clear(entity=entity, now=command.now), now=command.now)
            return loaded.stream

        committed = await self.kit.running.commands.run(_request(job, command, user_id), attempt)
        await forget_removed(self.kit, committed)

    async def _delete(self, job: Job, credential_id: CredentialId) -> None:
        command = ClearServiceAccount(credential_id=credential_id)

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(CREDENTIAL, credential_id)
            if isinstance(loaded.state, credential.Live):
                delete(unit, loaded, credential_id, now=command.now)
            return loaded.stream

        await self.kit.running.commands.run(_request(job, command, credential_id), attempt)


async def _each(kit: Kit, query: str, of: str, clear: Callable[[str], Awaitable[None]]) -> None:
    """Clear what the query finds, once through by rising id."""
    last = ""
    while rows := await kit.running.pool_queries.fetch(QUERIES[query], of, last, _PAGE):
        for row in rows:
            last = row["id"]
            await clear(last)


def _request(job: Job, command: Command[Done], step: str) -> Request[Command[Done]]:
    return Request(command, job.context(SERVICE, step=step))


async def _caught_up(kit: Kit, position: int) -> None:
    """Return once the read models show `position`; raise Unavailable, to be tried again, if they take too long."""
    if not await kit.running.followers.wait_for(position=position, timeout_s=10.0):
        raise Unavailable("the read models are behind")


def _job(kind: str, id_: str, recorded: Recorded) -> Job:
    return Job(kind=kind, key=id_, payload=Target(id=id_, position=recorded.position).model_dump_json())


def _target(job: Job) -> Target:
    return Target.model_validate_json(job.payload)
