"""The token of a signed-in user as the interface shows it."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from services.identity.contract import SessionRow


@dataclass(frozen=True, slots=True)
class Signature:
    """A token with the claims that clients read; times in seconds since 1970."""

    value: str
    payload: dict[str, Any]


def token_of_session(session: SessionRow) -> Signature:
    """Return the token of a session that was just begun."""
    issued, expires = int(session.issued_at.timestamp()), int(session.expires_at.timestamp())
    return _signature(session.token, session.user_id, issued, expires)


def signature_of(token: str, user_id: str, expires_at: datetime | None) -> Signature:
    """Return the token that was presented; identity has verified it, so its claims can be read as they stand."""
    issued = _claims(token).get("iat")
    expires = None if expires_at is None else int(expires_at.timestamp())
    return _signature(token, user_id, issued if isinstance(issued, int) else None, expires)


def _signature(token: str, user_id: str, issued: int | None, expires: int | None) -> Signature:
    return Signature(token, {"uuid": user_id, "id": user_id, "iat": issued, "exp": expires})


def _claims(token: str) -> dict[str, Any]:
    middle = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims: Any = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return cast("dict[str, Any]", claims) if isinstance(claims, dict) else {}
