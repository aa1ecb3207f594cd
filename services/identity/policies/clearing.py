"""What is cleared away after a person, a workspace or a deployment is gone, or a person's sessions have ended."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from services.identity.contract import SERVICE, CredentialId, Done, EndReason, SessionId, TeamId, UserId
from services.identity.domain import credential, session, team
from services.identity.domain.events import (
    CredentialDeleted,
    DeploymentGone,
    UserPasswordChanged,
    UserRemoved,
    UserSuspended,
    WorkspaceDeleted,
)
from services.identity.domain.user import Clear
from services.identity.handlers.forgetting import Forgetting
from services.identity.handlers.internal import ClearServiceAccount, ClearTeam, ClearUser, EndMembership, EndOldSession
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import write
from services.identity.handlers.service_accounts import delete
from services.identity.handlers.streams import CREDENTIAL, SESSION, TEAM, USER
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
END_MEMBERSHIPS: Final = "end_memberships"
SWEEP_WORKSPACE: Final = "sweep_workspace"
SWEEP_DEPLOYMENT: Final = "sweep_deployment"
_PAGE: Final = 200


class Target(Message):
    """The payload of the jobs: what is gone, since which position; why its sessions end, where they do."""

    id: str
    position: int
    reason: EndReason = "user_removed"


@dataclass(frozen=True, slots=True)
class ClearingPolicy:
    """Answers removals and deletions with the jobs that clear away after them."""

    name: str = "clearing"

    def jobs(self, recorded: Recorded) -> Sequence[Job]:
        """Return what is to be done because of an event."""
        match recorded.event:
            case UserRemoved(user_id=user_id):
                return [
                    _job(FORGET, user_id, recorded),
                    _ending(user_id, recorded, "user_removed"),
                    _job(END_MEMBERSHIPS, user_id, recorded),
                ]
            case UserPasswordChanged(user_id=user_id):
                return [_ending(user_id, recorded, "password_changed")]
            case UserSuspended(user_id=user_id):
                return [_ending(user_id, recorded, "user_suspended")]
            case CredentialDeleted(credential_id=credential_id):
                return [_job(FORGET, credential_id, recorded)]
            case WorkspaceDeleted(workspace_id=workspace_id):
                return [_job(SWEEP_WORKSPACE, workspace_id, recorded)]
            case DeploymentGone(deployment_id=deployment_id):
                return [_job(SWEEP_DEPLOYMENT, deployment_id, recorded)]
            case _:
                return []


@dataclass(frozen=True, slots=True)
class ForgetWorker:
    """Destroys the key of a removed person, should the command that removed them not have come to it.

    Likewise that of a deleted service account, under which it stands from where it was used.
    """

    kit: Kit
    kind: str = FORGET

    async def perform(self, job: Job) -> None:
        """Destroy the key; destroying it again changes nothing."""
        await Forgetting(self.kit).forget(_target(job).id)


@dataclass(frozen=True, slots=True)
class EndSessionsWorker:
    """Ends the sessions that a person's removal, suspension or new password ended: those of older generations.

    Their tokens have been refused since; this writes it into each session's own stream.
    """

    kit: Kit
    kind: str = END_SESSIONS

    async def perform(self, job: Job) -> None:
        """End every such session that the read model knows."""
        target = _target(job)
        await _caught_up(self.kit, target.position)
        await _each(self.kit, "sessions_to_end", target.id, lambda id_: self._end(job, SessionId(id_), target.reason))

    async def _end(self, job: Job, session_id: SessionId, reason: EndReason) -> None:
        command = EndOldSession(session_id=session_id)

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(SESSION, session_id)
            wish = session.End(session_id=session_id, reason=reason, now=command.now)
            unit.append(loaded, SESSION.decide(wish, loaded.state))
            return loaded.stream

        await self.kit.running.commands.run(_request(job, command, session_id), attempt)


@dataclass(frozen=True, slots=True)
class EndMembershipsWorker:
    """Takes a removed person out of their teams; nobody can put them into one any more."""

    kit: Kit
    kind: str = END_MEMBERSHIPS

    async def perform(self, job: Job) -> None:
        """End every membership of the person that the read model knows."""
        target = _target(job)
        await _caught_up(self.kit, target.position)
        await _each(self.kit, "memberships_to_end", target.id, lambda id_: self._end(job, TeamId(id_)))

    async def _end(self, job: Job, team_id: TeamId) -> None:
        command = EndMembership(team_id=team_id, user_id=UserId(_target(job).id))

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(TEAM, team_id)
            if isinstance(loaded.state, team.Live) and command.user_id in loaded.state.members:
                wish = team.RemoveMember(user_id=command.user_id, now=command.now)
                unit.append(loaded, TEAM.decide(wish, loaded.state))
            return loaded.stream

        await self.kit.running.commands.run(_request(job, command, team_id), attempt)


@dataclass(frozen=True, slots=True)
class SweepWorker:
    """Clears away bindings, invitations and service accounts of what was deleted; none can be added any more.

    `entity_of` makes the entity of the id in a job.
    """

    kit: Kit
    kind: str
    entity_of: Callable[[str], str]

    async def perform(self, job: Job) -> None:
        """Clear away all that the read models know."""
        target = _target(job)
        entity = self.entity_of(target.id)
        await _caught_up(self.kit, target.position)
        await _each(self.kit, "people_to_clear", entity, lambda id_: self._clear(job, UserId(id_), entity))
        await _each(self.kit, "teams_to_clear", entity, lambda id_: self._clear_team(job, TeamId(id_), entity))
        await _each(self.kit, "service_accounts_to_clear", entity, lambda id_: self._delete(job, CredentialId(id_)))

    async def _clear(self, job: Job, user_id: UserId, entity: str) -> None:
        command = ClearUser(user_id=user_id, entity=entity)

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(USER, user_id)
            await write(unit, self.kit, loaded, Clear(entity=entity, now=command.now), now=command.now)
            return loaded.stream

        committed = await self.kit.running.commands.run(_request(job, command, user_id), attempt)
        await Forgetting(self.kit).forget_removed(committed)

    async def _clear_team(self, job: Job, team_id: TeamId, entity: str) -> None:
        command = ClearTeam(team_id=team_id, entity=entity)

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(TEAM, team_id)
            unit.append(loaded, TEAM.decide(team.Clear(entity=entity, now=command.now), loaded.state))
            return loaded.stream

        await self.kit.running.commands.run(_request(job, command, team_id), attempt)

    async def _delete(self, job: Job, credential_id: CredentialId) -> None:
        command = ClearServiceAccount(credential_id=credential_id)

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(CREDENTIAL, credential_id)
            if isinstance(loaded.state, credential.Live):
                delete(unit, loaded, credential_id, now=command.now)
            return loaded.stream

        await self.kit.running.commands.run(_request(job, command, credential_id), attempt)


def sweep_workers(kit: Kit) -> tuple[SweepWorker, SweepWorker]:
    """Return the workers that clear away after workspaces and after deployments."""
    return (
        SweepWorker(kit, SWEEP_WORKSPACE, auth.workspace),
        SweepWorker(kit, SWEEP_DEPLOYMENT, auth.deployment),
    )


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


def _ending(user_id: UserId, recorded: Recorded, reason: EndReason) -> Job:
    target = Target(id=user_id, position=recorded.position, reason=reason)
    return Job(kind=END_SESSIONS, key=f"{user_id}/{recorded.version}", payload=target.model_dump_json())


def _target(job: Job) -> Target:
    return Target.model_validate_json(job.payload)
