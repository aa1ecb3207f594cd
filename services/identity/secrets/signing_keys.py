"""The keys that sign tokens: kept in a table, the private halves sealed under the master key."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.identity.sql import QUERIES
from shared.ids import new_id
from shared.store.model import PgPool
from shared.store.secrets import derive_key

_PURPOSE: Final = "signing keys"
_NONCE_BYTES: Final = 12
_LOOK_AGAIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 pair and the name by which a token refers to it."""

    kid: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey


class SigningKeys:
    """The keys of this installation; the newest signs, all verify."""

    def __init__(self, pool: PgPool, master_key: bytes) -> None:
        """`master_key`: 32 bytes."""
        self._pool = pool
        self._sealing = AESGCM(derive_key(master_key, _PURPOSE))
        self._keys: Mapping[str, SigningKey] = {}
        self._newest = ""
        self._looked_at = 0.0
        self._loading = asyncio.Lock()

    async def newest(self) -> SigningKey:
        """Return the key that signs now; it is made when there is none, by one of several starting replicas."""
        if not self._keys:
            async with self._loading:
                if not self._keys:
                    await self._make_first()
                    await self._load()
        return self._keys[self._newest]

    async def find(self, kid: str) -> SigningKey | None:
        """Return the key of this name, None where there is none; the table is read at most once a second for it."""
        if kid not in self._keys:
            async with self._loading:
                now = asyncio.get_running_loop().time()
                if kid not in self._keys and now - self._looked_at > _LOOK_AGAIN_S:
                    await self._load()
        return self._keys.get(kid)

    async def _make_first(self) -> None:
        kid, private = new_id(), Ed25519PrivateKey.generate()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._sealing.encrypt(nonce, private.private_bytes_raw(), kid.encode())
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(QUERIES["lock_signing_keys"])
            await connection.execute(QUERIES["first_signing_key"], kid, private.public_key().public_bytes_raw(), sealed)

    async def _load(self) -> None:
        rows = await self._pool.fetch(QUERIES["signing_keys"])
        self._looked_at = asyncio.get_running_loop().time()
        self._keys = {row["kid"]: self._open(row["kid"], row["private_key"]) for row in rows}
        self._newest = rows[-1]["kid"] if rows else ""

    def _open(self, kid: str, sealed: bytes) -> SigningKey:
        try:
            raw = self._sealing.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], kid.encode())
        except InvalidTag as error:
            raise ValueError("a signing key was sealed under another master key: check the setting") from error
        private = Ed25519PrivateKey.from_private_bytes(raw)
        return SigningKey(kid=kid, private=private, public=private.public_key())
