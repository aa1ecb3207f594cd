"""The public halves of the keys that sign tokens, as a JSON Web Key Set, for others who verify them.

Source: RFC 7517, section 5; RFC 8037, section 2.
"""

import asyncio
from typing import Any, Final

from aiohttp import web

from services.gateway.answers import encode
from services.identity.contract import SigningKeyRow, SigningKeys, SigningKeyState
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.errors import Unavailable

PATH: Final = "/.well-known/jwks.json"
KEPT_S: Final = 5.0
"""How long an answer of identity is shown; a reader keeps ours as long again, and a new key waits for both."""

_LATER: Final = {"Retry-After": "1"}
_HEADERS: Final = {"Cache-Control": f"public, max-age={KEPT_S:.0f}"}


class KeySet:
    """Answers with the keys that verify; identity is asked at most once each KEPT_S, whoever comes."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._text = ""
        self._asked_at = 0.0
        self._asking = asyncio.Lock()

    async def get(self, _: web.Request) -> web.Response:
        """Return the key set; 503 while identity is away."""
        try:
            return web.json_response(text=await self._current(), headers=_HEADERS)
        except Unavailable:
            raise web.HTTPServiceUnavailable(text="The keys are not available right now", headers=_LATER) from None

    async def _current(self) -> str:
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if not self._text or now - self._asked_at >= KEPT_S:
                keys = (await self._bus.ask(SigningKeys(), Context.first())).value.rows
                self._text, self._asked_at = encode({"keys": [_jwk(key) for key in keys if _verifies(key)]}), now
            return self._text


def _verifies(key: SigningKeyRow) -> bool:
    return key.state is not SigningKeyState.REVOKED


def _jwk(key: SigningKeyRow) -> dict[str, Any]:
    return {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key.id, "x": key.public_key}
