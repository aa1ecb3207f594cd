"""The keys that sign tokens: kept in a table, the private halves sealed under the master key."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.identity.sql import QUERIES
from shared.clock import utc_now
from shared.errors import Unavailable
from shared.ids import new_id
from shared.store.model import PgPool
from shared.store.secrets import derive_key

_LOOK_AGAIN_S: Final = 1.0
_PURPOSE: Final = "signing keys"
_NONCE_BYTES: Final = 12
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 pair and the name by which a token refers to it; `revoked_at` None: it verifies."""

    kid: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    created_at: datetime
    signs_from: datetime
    revoked_at: datetime | None


class SigningKeys:
    """The keys of this installation: the one that began to sign last signs, all that are not revoked verify."""

    def __init__(self, pool: PgPool, master_key: bytes, *, overlap: timedelta) -> None:
        """`master_key`: 32 bytes. `overlap`: how long a new key is known before it signs.

        The table is read twice in that time, so that every replica knows the key when the first one signs with it.
        """
        self.overlap = overlap
        self._look_every_s = overlap.total_seconds() / 2
        self._pool = pool
        self._sealing = AESGCM(derive_key(master_key, _PURPOSE))
        self._keys: Mapping[str, SigningKey] = {}
        self._looked_at = -self._look_every_s
        self._loading = asyncio.Lock()

    async def all(self) -> Sequence[SigningKey]:
        """Return every key there ever was, in the order in which they began to sign; seen within half the overlap."""
        await self._look(self._look_every_s)
        return list(self._keys.values())

    async def signing(self) -> SigningKey:
        """Return the key that signs now; raise Unavailable where there is none yet."""
        now = utc_now()
        found = [key for key in await self.all() if key.revoked_at is None and key.signs_from <= now]
        if not found:
            raise Unavailable("no key signs yet")
        return found[-1]

    async def find(self, kid: str) -> SigningKey | None:
        """Return the key of this name, None where there is none; the table is read at most once a second for it."""
        if kid not in self._keys:
            await self._look(_LOOK_AGAIN_S)
        return self._keys.get(kid)

    async def add(
        self, kid: str, *, now: datetime, signs_from: datetime, unless_made_after: datetime | None = None
    ) -> None:
        """Make a key, unless one of this name exists, or one that was made after a moment."""
        private = Ed25519PrivateKey.generate()
        public, nonce = private.public_key().public_bytes_raw(), os.urandom(_NONCE_BYTES)
        sealed = nonce + self._sealing.encrypt(nonce, private.private_bytes_raw(), kid.encode())
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(QUERIES["lock_signing_keys"])
            await connection.execute(
                QUERIES["add_signing_key"], kid, public, sealed, now, signs_from, unless_made_after
            )
        self._forget_look()

    async def add_first(self) -> None:
        """Make the key of an installation that has none; one of several starting replicas does."""
        now = utc_now()
        await self.add(new_id(), now=now, signs_from=now - self.overlap, unless_made_after=_LONG_AGO)

    async def revoke(self, kid: str, *, now: datetime) -> None:
        """Take a key away: what it signed is good no more, from the next look at a token on, in every replica."""
        await self._pool.execute(QUERIES["revoke_signing_key"], kid, now)
        self._forget_look()

    async def _look(self, oldest_s: float) -> None:
        """Read the table unless that was done in the last `oldest_s`; who comes meanwhile waits for the same look."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._looked_at < oldest_s:
            return
        async with self._loading:
            if loop.time() - self._looked_at >= oldest_s:
                began = loop.time()
                rows = await self._pool.fetch(QUERIES["signing_keys"])
                self._keys = {row["kid"]: self._read(row) for row in rows}
                self._looked_at = began

    def _forget_look(self) -> None:
        self._looked_at = -self._look_every_s

    def _read(self, row: Any) -> SigningKey:
        known = self._keys.get(row["kid"])
        private = known.private if known else self._open(row["kid"], row["private_key"])
        return SigningKey(
            kid=row["kid"],
            private=private,
            public=private.public_key(),
            created_at=row["created_at"],
            signs_from=row["signs_from"],
            revoked_at=row["revoked_at"],
        )

    def _open(self, kid: str, sealed: bytes) -> Ed25519PrivateKey:
        try:
            raw = self._sealing.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], kid.encode())
        except InvalidTag as error:
            raise ValueError("a signing key was sealed under another master key: check the setting") from error
        return Ed25519PrivateKey.from_private_bytes(raw)
