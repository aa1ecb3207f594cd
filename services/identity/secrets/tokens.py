"""The tokens of sessions and visits: JWTs signed with EdDSA, each minted from one event and nothing else.

A session's has no audience; that of a pass or a visit has one, so none is ever taken for another.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import jwt

from services.identity.contract import (
    DeploymentId,
    PassRow,
    SessionId,
    SessionRow,
    SessionStarted,
    UserId,
    VisitBegan,
    VisitId,
    VisitRow,
)
from services.identity.secrets.signing_keys import SigningKeys
from shared.errors import Unauthenticated

_ALGORITHM: Final = "EdDSA"
_REQUIRED: Final = ("uuid", "sub", "sid", "iat", "nbf", "exp")
_REQUIRED_OF_VISITS: Final = ("sub", "sid", "vid", "dep", "iat", "nbf", "exp", "aud")
PASS_LASTS: Final = timedelta(seconds=60)


class Audience(StrEnum):
    """What a token that is no session's is good for."""

    PASS = "airflow-pass"  # noqa: S105  an audience
    VISIT = "airflow-visit"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says."""

    user_id: UserId
    session_id: SessionId
    generation: int
    expires_at: datetime
    key_id: str


@dataclass(frozen=True, slots=True)
class VisitClaims:
    """What the valid token of a pass or a visit says; `session_expires_at` is no earlier than its own end."""

    session: Claims
    visit_id: VisitId
    deployment_id: DeploymentId
    session_expires_at: datetime


class Tokens:
    """Mints and reads tokens."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    async def mint(self, session: SessionStarted) -> SessionRow:
        """Return the session with its token, the same one every time.

        Source: claims as in houston.md, section 1.3; `sub`, `sid` and `gen` are ours. EdDSA is deterministic.
        """
        claims = {
            "uuid": session.user_id,
            **_claims(session.user_id, session.session_id, session.generation, session.issued_at, session.expires_at),
        }
        return SessionRow(
            id=session.session_id,
            token=await self._signed(claims, session.key_id),
            user_id=session.user_id,
            issued_at=session.issued_at,
            expires_at=session.expires_at,
        )

    async def issue_pass(
        self, session: SessionStarted, *, visit_id: VisitId, deployment_id: DeploymentId, now: datetime
    ) -> PassRow:
        """Return a pass for a visit; signed with the session's key, so that it falls with it."""
        expires_at = min(session.expires_at, now.replace(microsecond=0) + PASS_LASTS)
        claims = {
            **_claims(session.user_id, session.session_id, session.generation, now, expires_at),
            **_place(Audience.PASS, visit_id, deployment_id),
            "sxp": int(session.expires_at.timestamp()),
        }
        return PassRow(token=await self._signed(claims, session.key_id), expires_at=expires_at)

    async def mint_visit(self, visit: VisitBegan) -> VisitRow:
        """Return the visit with its token, the same one every time."""
        claims = {
            **_claims(visit.user_id, visit.session_id, visit.generation, visit.began_at, visit.expires_at),
            **_place(Audience.VISIT, visit.visit_id, visit.deployment_id),
        }
        return VisitRow(
            id=visit.visit_id,
            token=await self._signed(claims, visit.key_id),
            session_id=visit.session_id,
            user_id=visit.user_id,
            deployment_id=visit.deployment_id,
            expires_at=visit.expires_at,
        )

    async def _signed(self, claims: dict[str, Any], key_id: str) -> str:
        key = await self._keys.find(key_id)
        if key is None:
            raise Unauthenticated("the key that signed this session was taken away")
        return jwt.encode(claims, key.private, algorithm=_ALGORITHM, headers={"kid": key.kid})

    async def read(self, token: str) -> Claims:
        """Return what a session's token says; raise Unauthenticated where it is malformed, forged or expired."""
        return _session(*await self._said(token, None))

    async def read_visit(self, token: str, audience: Audience) -> VisitClaims:
        """Return what the token of a pass or a visit says; raise Unauthenticated as `read`, or for the other's."""
        kid, said = await self._said(token, audience)
        return VisitClaims(
            session=_session(kid, said),
            visit_id=VisitId(str(said["vid"])),
            deployment_id=DeploymentId(str(said["dep"])),
            session_expires_at=_time(said.get("sxp", said["exp"])),
        )

    async def _said(self, token: str, audience: Audience | None) -> tuple[str, dict[str, Any]]:
        """Return the key and the claims of a token.

        `iat` and `nbf` are not compared with the clock: the gateway that set them may run ahead of ours.
        """
        required = _REQUIRED if audience is None else _REQUIRED_OF_VISITS
        options: Any = {"require": list(required), "verify_iat": False, "verify_nbf": False}
        try:
            kid = str(jwt.get_unverified_header(token).get("kid", ""))
            key = await self._keys.find(kid)
            if key is None:
                raise Unauthenticated("the token is signed with an unknown key")
            said = jwt.decode(token, key.public, algorithms=[_ALGORITHM], options=options, audience=audience)
        except jwt.InvalidTokenError:
            raise Unauthenticated("the token is malformed, forged, expired or for another use") from None
        return kid, said


def _session(kid: str, said: dict[str, Any]) -> Claims:
    return Claims(
        user_id=UserId(str(said["sub"])),
        session_id=SessionId(str(said["sid"])),
        generation=int(said.get("gen", 0)),
        expires_at=_time(said["exp"]),
        key_id=kid,
    )


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _claims(
    user_id: UserId, session_id: SessionId, generation: int, issued_at: datetime, expires_at: datetime
) -> dict[str, Any]:
    issued = int(issued_at.timestamp())
    return {
        "sub": user_id,
        "sid": session_id,
        "gen": generation,
        "iat": issued,
        "nbf": issued,
        "exp": int(expires_at.timestamp()),
    }


def _place(audience: Audience, visit_id: VisitId, deployment_id: DeploymentId) -> dict[str, Any]:
    return {"aud": audience.value, "vid": visit_id, "dep": deployment_id}
