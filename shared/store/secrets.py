"""Keys derived from the one master key, a purpose each."""

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32


def derive_key(master: bytes, purpose: str) -> bytes:
    """Return the 32-byte key for `purpose` (HKDF-SHA256); other purposes give unrelated keys.

    Raises ValueError unless `master` has at least 32 bytes.
    """
    if len(master) < KEY_BYTES:
        raise ValueError(f"the master key has {len(master)} bytes, at least {KEY_BYTES} are needed")
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"aerodrome:{purpose}".encode()).derive(master)
