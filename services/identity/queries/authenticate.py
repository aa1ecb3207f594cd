"""The question behind every request: whose token it is, and what they hold now."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from services.identity.contract import (
    MOST_ROLES,
    Authenticate,
    Authenticated,
    AuthenticateVisit,
    ServiceAccountRow,
    UserBindingRow,
    UserRow,
    UserStatus,
    entity_id,
    entity_kind,
)
from services.identity.domain import credential, deployment, workspace
from services.identity.domain.events import UserRemoved, UserRoleChanged, UserRoleRevoked
from services.identity.domain.grants import principal
from services.identity.domain.session import Open
from services.identity.domain.user import Active, Binding
from services.identity.handlers.kit import Kit
from services.identity.handlers.replies import brought_up, service_account_row, user_row, with_roles
from services.identity.handlers.service_accounts import KEY
from services.identity.handlers.streams import (
    CREDENTIAL,
    DEPLOYMENT,
    ORGANIZATION,
    SESSION,
    TEAM,
    USER,
    WORKSPACE,
    state_of,
)
from services.identity.projections.rows import UserRecord
from services.identity.queries.holdings import believed
from services.identity.secrets.tokens import Audience, Claims
from services.identity.sql import QUERIES
from shared.auth import SYSTEM, PrincipalKind
from shared.bus.request import Request, Result
from shared.clock import utc_now
from shared.errors import Unauthenticated

KEY_LENGTH: Final = 32

_TAKING: Final = (UserRoleChanged, UserRoleRevoked, UserRemoved)
"""What can't be put on top of rows: of somebody with very many roles these are not all."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """What answers Authenticate. The event store has the last word: rows that lag behind it are not believed."""

    kit: Kit

    async def authenticate(self, request: Request[Authenticate]) -> Result[Authenticated]:
        """Return whose token it is; raise Unauthenticated where it is not good, or not any more."""
        token = request.message.token
        if len(token) == KEY_LENGTH and "." not in token:
            return Result(await self._service_account(token))
        return Result(await self._person(await self.kit.tokens.read(token)))

    async def authenticate_visit(self, request: Request[AuthenticateVisit]) -> Result[Authenticated]:
        """Return whose visit it is and where; it is as good as the session that it came from."""
        claims = await self.kit.tokens.read_visit(request.message.token, Audience.VISIT)
        person = await self._person(claims.session)
        return Result(person.model_copy(update={"visits": claims.deployment_id}))

    async def _person(self, claims: Claims) -> Authenticated:
        found = await self.kit.running.pool_queries.fetchrow(
            QUERIES["person_at_sign_in"], claims.session_id, claims.user_id, MOST_ROLES + 1, claims.key_id
        )
        if found is None or not found["key_is_good"]:
            raise Unauthenticated("the key that signed the token was taken away")
        if not await self._is_open(claims, found["session_version"]):
            raise Unauthenticated("the session has ended")
        row, generation = await self._user(claims, found)
        if claims.generation != generation:
            raise Unauthenticated("all sessions of its time have ended")
        own = [Binding(role=each.role, entity=each.entity) for each in row.roles]
        teams: list[Any] = json.loads(found["teams"] or "[]")
        held = [*own, *await believed(self.kit, row.id, teams)]
        who, more = principal(
            PrincipalKind.USER, row.id, credential=claims.session_id, bindings=held, roles=self.kit.roles
        )
        read = (
            USER.stream(row.id),
            SESSION.stream(claims.session_id),
            await self._organization(),
            *(TEAM.stream(each["id"]) for each in teams),
        )
        return Authenticated(
            principal=who,
            user=row,
            expires_at=claims.expires_at,
            more_grants=more or row.more_roles,
            streams=read,
            position=found["position"],
        )

    async def _organization(self) -> str:
        """Return the stream on which signing keys are taken away."""
        return ORGANIZATION.stream(await self.kit.organization.id())

    async def _is_open(self, claims: Claims, version: int | None) -> bool:
        if version == 1:  # the stream holds its beginning alone, and only we could have signed its id
            return True
        history = await self.kit.running.store.read_stream(SESSION.stream(claims.session_id))
        return isinstance(state_of(SESSION, history), Open)

    async def _user(self, claims: Claims, found: Any) -> tuple[UserRow, int]:
        """Return the person's row and the generation of their sessions, with the store's word where the row is behind.

        What was given since then is put on top: who makes many things is nearly always behind, and has a long history.
        """
        store, stream = self.kit.running.store, USER.stream(claims.user_id)
        if found["person"] is not None:
            record = UserRecord.model_validate_json(found["person"])
            is_behind = record.version != found["person_version"]
            newer = await store.read_stream(stream, after=record.version) if is_behind else []
            if not any(isinstance(each.event, _TAKING) for each in newer):
                record, roles = brought_up(record, map(_binding, json.loads(found["roles"] or "[]")), newer)
                return _active(with_roles(record, roles)), record.session_generation
        history = await store.read_stream(stream)
        user = state_of(USER, history)
        if not isinstance(user, Active):
            raise Unauthenticated("the person may not sign in any more")
        return user_row(history), user.session_generation

    async def _service_account(self, key: str) -> Authenticated:
        position = (await self.kit.running.store.head()).position
        digest = hashlib.sha256(key.encode()).hexdigest()
        stream = await self.kit.running.store.claim_holder(KEY, digest)
        history = await self.kit.running.store.read_stream(stream) if stream else []
        state = state_of(CREDENTIAL, history)
        if not isinstance(state, credential.Live) or not await self._exists(state.entity):
            raise Unauthenticated("no service account has this key")
        row: ServiceAccountRow = service_account_row(history)
        self.kit.uses.note(row.id, at=utc_now())
        who, _ = principal(
            PrincipalKind.SERVICE_ACCOUNT,
            row.id,
            credential=row.id,
            bindings=[Binding(role=row.role, entity=row.entity)],
            roles=self.kit.roles,
        )
        home = () if row.entity == SYSTEM else (f"{entity_kind(row.entity)}-{entity_id(row.entity)}",)
        streams = (CREDENTIAL.stream(row.id), *home)
        return Authenticated(principal=who, service_account=row, streams=streams, position=position)

    async def _exists(self, entity: str) -> bool:
        store, id_ = self.kit.running.store, entity_id(entity)
        match entity_kind(entity):
            case WORKSPACE.kind:
                home = state_of(WORKSPACE, await store.read_stream(WORKSPACE.stream(id_)))
                return isinstance(home, workspace.Live)
            case DEPLOYMENT.kind:
                place = state_of(DEPLOYMENT, await store.read_stream(DEPLOYMENT.stream(id_)))
                return isinstance(place, deployment.Placed)
            case _:
                return True


def _active(row: UserRow) -> UserRow:
    if row.status is not UserStatus.ACTIVE:
        raise Unauthenticated("the person may not sign in any more")
    return row


def _binding(row: Any) -> UserBindingRow:
    return UserBindingRow.model_validate(row)
