"""The tokens of sessions: JWTs signed with EdDSA, minted from the session's first event and nothing else."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import jwt

from services.identity.contract import SessionId, SessionRow, SessionStarted, UserId
from services.identity.secrets.signing_keys import SigningKeys
from shared.errors import Unauthenticated

_ALGORITHM: Final = "EdDSA"
_REQUIRED: Final = ("uuid", "sub", "sid", "iat", "nbf", "exp")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says."""

    user_id: UserId
    session_id: SessionId
    generation: int
    expires_at: datetime
    key_id: str


class Tokens:
    """Mints and reads tokens."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    async def mint(self, session: SessionStarted) -> SessionRow:
        """Return the session with its token, the same one every time.

        Source: claims as in houston.md, section 1.3; `sub`, `sid` and `gen` are ours. EdDSA is deterministic.
        """
        key = await self._keys.find(session.key_id)
        if key is None:
            raise Unauthenticated("the key that signed this session was taken away")
        issued, expires = int(session.issued_at.timestamp()), int(session.expires_at.timestamp())
        claims = {
            "uuid": session.user_id,
            "sub": session.user_id,
            "sid": session.session_id,
            "gen": session.generation,
            "iat": issued,
            "nbf": issued,
            "exp": expires,
        }
        return SessionRow(
            id=session.session_id,
            token=jwt.encode(claims, key.private, algorithm=_ALGORITHM, headers={"kid": key.kid}),
            user_id=session.user_id,
            issued_at=session.issued_at,
            expires_at=session.expires_at,
        )

    async def read(self, token: str) -> Claims:
        """Return what a token says; raise Unauthenticated where it is malformed, forged or expired.

        `iat` and `nbf` are not compared with the clock: the gateway that set them may run ahead of ours.
        """
        try:
            kid = str(jwt.get_unverified_header(token).get("kid", ""))
            key = await self._keys.find(kid)
            if key is None:
                raise Unauthenticated("the token is signed with an unknown key")
            options: Any = {"require": list(_REQUIRED), "verify_iat": False, "verify_nbf": False}
            said = jwt.decode(token, key.public, algorithms=[_ALGORITHM], options=options)
        except jwt.InvalidTokenError:
            raise Unauthenticated("the token is malformed, forged or expired") from None
        return Claims(
            user_id=UserId(str(said["sub"])),
            session_id=SessionId(str(said["sid"])),
            generation=int(said.get("gen", 0)),
            expires_at=datetime.fromtimestamp(said["exp"], UTC),
            key_id=kid,
        )
