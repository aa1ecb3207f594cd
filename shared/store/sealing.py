"""Encryption of single JSON values and wrapping of keys: AES-256-GCM, a fresh nonce each."""

import base64
import secrets
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import from_json, to_json

from shared.store.secrets import KEY_BYTES

_NONCE_BYTES: Final = 12


def seal_value(key: AESGCM, value: Any, *, event_id: UUID, field: str) -> str:
    """Return the JSON value encrypted, in base64, bound to one field of one event."""
    return base64.b64encode(_encrypt(key, to_json(value), event_id.bytes + field.encode())).decode()


def open_value(key: AESGCM, sealed: str, *, event_id: UUID, field: str) -> Any:
    """Return the JSON value that was sealed; raise InvalidTag if it belongs elsewhere or was changed."""
    return from_json(_decrypt(key, base64.b64decode(sealed, validate=True), event_id.bytes + field.encode()))


def seal_text(key: AESGCM, text: str, *, bound_to: bytes) -> str:
    """Return a text encrypted, in base64, bound to what it belongs to."""
    return base64.b64encode(_encrypt(key, text.encode(), bound_to)).decode()


def open_text(key: AESGCM, sealed: str, *, bound_to: bytes) -> str:
    """Return the text that was sealed; raise InvalidTag if it belongs elsewhere or was changed."""
    return _decrypt(key, base64.b64decode(sealed, validate=True), bound_to).decode()


def new_wrapped_key(wrapping: AESGCM, person: str) -> bytes:
    """Return a new random key for a person, wrapped and bound to that person."""
    return _encrypt(wrapping, secrets.token_bytes(KEY_BYTES), person.encode())


def unwrap_key(wrapping: AESGCM, wrapped: bytes, person: str) -> AESGCM:
    """Return the key of a person; raise InvalidTag if it was wrapped by another master key or for somebody else."""
    return AESGCM(_decrypt(wrapping, wrapped, person.encode()))


def _encrypt(key: AESGCM, clear: bytes, bound_to: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + key.encrypt(nonce, clear, bound_to)


def _decrypt(key: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    return key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
