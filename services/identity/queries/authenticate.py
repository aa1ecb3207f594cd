"""The question behind every request: whose token it is, and what they hold now."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from services.identity.contract import (
    MOST_ROLES,
    Authenticate,
    Authenticated,
    Role,
    ServiceAccountRow,
    UserBindingRow,
    UserRow,
    UserStatus,
)
from services.identity.domain import credential, workspace
from services.identity.domain.grants import principal
from services.identity.domain.session import Open
from services.identity.domain.user import Active, Binding
from services.identity.handlers.kit import Kit
from services.identity.handlers.replies import service_account_row, user_row, with_roles
from services.identity.handlers.service_accounts import KEY
from services.identity.handlers.streams import CREDENTIAL, SESSION, USER, WORKSPACE, state_of
from services.identity.projections.rows import UserRecord
from services.identity.secrets.tokens import Claims
from services.identity.sql import QUERIES
from shared.auth import SYSTEM, PrincipalKind
from shared.bus.request import Request, Result
from shared.errors import Unauthenticated

KEY_LENGTH: Final = 32


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

    async def _person(self, claims: Claims) -> Authenticated:
        found = await self.kit.running.pool_queries.fetchrow(
            QUERIES["person_at_sign_in"], claims.session_id, claims.user_id, MOST_ROLES + 1
        )
        if found is None or not await self._is_open(claims, found["session_version"]):
            raise Unauthenticated("the session has ended")
        row = await self._user(claims, found)
        bindings = [Binding(role=each.role, entity=each.entity) for each in row.roles]
        who, more = principal(PrincipalKind.USER, row.id, credential=claims.session_id, bindings=bindings)
        return Authenticated(principal=who, user=row, expires_at=claims.expires_at, more_grants=more or row.more_roles)

    async def _is_open(self, claims: Claims, version: int | None) -> bool:
        if version == 1:  # the stream holds its beginning alone, and only we could have signed its id
            return True
        history = await self.kit.running.store.read_stream(SESSION.stream(claims.session_id))
        return isinstance(state_of(SESSION, history), Open)

    async def _user(self, claims: Claims, found: Any) -> UserRow:
        """Return the person's row, from the store where the read model is behind."""
        if found["person"] is not None:
            record = UserRecord.model_validate_json(found["person"])
            if record.version == found["person_version"]:
                return _active(with_roles(record, [_binding(each) for each in json.loads(found["roles"] or "[]")]))
        history = await self.kit.running.store.read_stream(USER.stream(claims.user_id))
        if not isinstance(state_of(USER, history), Active):
            raise Unauthenticated("the person may not sign in any more")
        return user_row(history)

    async def _service_account(self, key: str) -> Authenticated:
        digest = hashlib.sha256(key.encode()).hexdigest()
        stream = await self.kit.running.store.claim_holder(KEY, digest)
        history = await self.kit.running.store.read_stream(stream) if stream else []
        state = state_of(CREDENTIAL, history)
        if not isinstance(state, credential.Live) or not await self._exists(state.entity):
            raise Unauthenticated("no service account has this key")
        row: ServiceAccountRow = service_account_row(history)
        who, _ = principal(
            PrincipalKind.SERVICE_ACCOUNT,
            row.id,
            credential=row.id,
            bindings=[Binding(role=Role(row.role), entity=row.entity)],
        )
        return Authenticated(principal=who, service_account=row)

    async def _exists(self, entity: str) -> bool:
        if entity == SYSTEM:
            return True
        history = await self.kit.running.store.read_stream(WORKSPACE.stream(entity.partition(":")[2]))
        return isinstance(state_of(WORKSPACE, history), workspace.Live)


def _active(row: UserRow) -> UserRow:
    if row.status is not UserStatus.ACTIVE:
        raise Unauthenticated("the person may not sign in any more")
    return row


def _binding(row: Any) -> UserBindingRow:
    return UserBindingRow.model_validate(row)
