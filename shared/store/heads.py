"""Signed heads: what the store's end was at certain times, kept in a folder outside the database."""

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.store.model import Head

_HEADS: Final = "heads.jsonl"
_KEY: Final = "signing.key"
_ONLY_OURS: Final = 0o600


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head and when it was signed; `genuine` is False when the signature does not fit."""

    head: Head
    signed_at: datetime
    genuine: bool


def sign_head(folder: Path, head: Head, *, now: datetime) -> bool:
    """Add `head`, signed with the folder's own Ed25519 key, to its list; False: the last one says the same.

    The key is made at the first call. Whoever can write the database but not this folder can't rewrite history unseen.
    """
    key = _signing_key(folder)
    known = read_heads(folder)
    if known and known[-1].genuine and known[-1].head == head:
        return False
    line = {
        "epoch": str(head.epoch),
        "position": head.position,
        "count": head.count,
        "hash": head.hash.hex(),
        "signed_at": now.isoformat(),
        "signature": base64.b64encode(key.sign(_signed_text(head, now))).decode(),
    }
    _cut_half_line(folder / _HEADS)
    _append(folder / _HEADS, json.dumps(line) + "\n")
    return True


def read_heads(folder: Path) -> Sequence[SignedHead]:
    """Return the signed heads of a folder, in the order in which they were signed; a half-written last one is left out.

    Raises ValueError where the file or its key can't be read.
    """
    file = folder / _HEADS
    if not file.exists():
        return []
    key = _signing_key(folder)
    whole = file.read_text(encoding="utf-8").rpartition("\n")[0]
    return [_read(line, key) for line in whole.splitlines()]


def _read(line: str, key: Ed25519PrivateKey) -> SignedHead:
    try:
        found = json.loads(line)
        head = Head(UUID(found["epoch"]), found["position"], found["count"], bytes.fromhex(found["hash"]))
        signed_at = datetime.fromisoformat(found["signed_at"])
        signature = base64.b64decode(found["signature"], validate=True)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"a line of {_HEADS} is not a signed head") from error
    try:
        key.public_key().verify(signature, _signed_text(head, signed_at))
    except InvalidSignature:
        return SignedHead(head, signed_at, genuine=False)
    return SignedHead(head, signed_at, genuine=True)


def _signed_text(head: Head, at: datetime) -> bytes:
    fields = (head.epoch, head.position, head.count, head.hash.hex(), at.isoformat())
    return "\n".join(("aerodrome signed head 1", *map(str, fields))).encode()


def _signing_key(folder: Path) -> Ed25519PrivateKey:
    file = folder / _KEY
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = Ed25519PrivateKey.generate().private_bytes_raw()
        _append(file, base64.b64encode(made).decode() + "\n")
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(file.read_text(encoding="ascii")))


def _cut_half_line(file: Path) -> None:
    """Remove what a crash left of a last line."""
    if file.exists():
        os.truncate(file, file.read_bytes().rfind(b"\n") + 1)


def _append(file: Path, text: str) -> None:
    """Add a text in one write that has reached the disk when this returns."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _ONLY_OURS)
    try:
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
