"""Keys for different purposes have nothing in common."""

import pytest

from shared.store.secrets import derive_key

MASTER = bytes(range(32))


def test_a_key_depends_on_master_and_purpose() -> None:
    keys = {derive_key(MASTER, "mail"), derive_key(MASTER, "claims"), derive_key(bytes(32), "mail")}

    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}


def test_a_key_never_changes() -> None:
    assert derive_key(MASTER, "mail").hex() == "a8720440cfe12c167accc3ef3fd7dd343189480ca6acb0a6ffd5ada0dc249be0"


def test_a_short_master_key_is_refused() -> None:
    with pytest.raises(ValueError, match="31 bytes"):
        derive_key(MASTER[:31], "mail")
