"""What people type is brought into one form or refused."""

from typing import Any

import pytest
from email_validator import ValidatedEmail, validate_email
from hypothesis import given
from hypothesis import strategies as st

from services.identity.contract import Rule, addresses
from services.identity.domain import texts
from services.identity.secrets.passwords import COMMON
from shared.errors import Invalid, Rejected


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ann@example.com", "ann@example.com"),
        ("  Ann.Lee+x@EXAMPLE.com\n", "ann.lee+x@example.com"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@corp.local", "ann@corp.local"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
    ],
)
def test_an_address_has_one_form(typed: str, stored: str) -> None:
    assert addresses.email_address(typed) == stored
    assert addresses.email_address(stored) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "ann",
        "ann@",
        "@example.com",
        "ann@localhost",
        "ann@@example.com",
        "ann lee@example.com",
        "änn@example.com",
        "ann@example..com",
        "ann@[127.0.0.1]",
        "Ann <ann@example.com>",
        "ann@example.com\r\nBcc: eve@example.com",
        f"{'a' * 65}@example.com",
        f"ann@{'a' * 250}.com",
        "ann\x00@example.com",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        addresses.email_address(typed)
    assert refused.value.rule == Rule.INVALID_EMAIL
    assert refused.value.text == "the e-mail address is not valid"


def test_the_library_reads_no_text_that_is_far_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a second for a million characters, while everybody else waits."""
    read: list[int] = []

    def validate(text: str, **options: Any) -> ValidatedEmail:
        read.append(len(text))
        return validate_email(text, **options)

    monkeypatch.setattr(addresses, "validate_email", validate)
    for typed in ("a" * 1_001, f"{'a' * 1_000_000}@example.com", f"ann@{'a.' * 500}com"):
        with pytest.raises(Invalid) as refused:
            addresses.email_address(typed)
        assert refused.value.rule == Rule.INVALID_EMAIL
    assert read == []
    assert addresses.email_address(f"{' ' * 2_000}ann@example.com") == "ann@example.com"
    assert read == [len("ann@example.com")]


@given(st.text(max_size=300))
def test_every_text_is_an_address_in_one_form_or_refused(typed: str) -> None:
    try:
        stored = addresses.email_address(typed)
    except Invalid:
        return
    assert addresses.email_address(stored) == stored == stored.lower().strip()


def test_a_username_is_the_address_by_default_and_never_anothers() -> None:
    own = "ann@example.com"
    assert texts.username("", email=own) == texts.username(" ANN@example.com", email=own) == own
    assert texts.username(" Ann Lee ", email=own) == "Ann Lee"
    for wrong in ("bob@example.com", "@", "x" * 256):
        with pytest.raises(Invalid):
            texts.username(wrong, email=own)


def test_a_username_is_one_however_its_accents_are_typed() -> None:
    composed, apart = "Jos\u00e9", "Jose\u0301"
    assert texts.username(apart, email="ann@example.com") == composed
    assert texts.sign_in_name(apart) == texts.sign_in_name(composed) == "jos\u00e9"


def test_labels_have_1_to_255_characters() -> None:
    assert texts.label(" Main ") == "Main"
    assert texts.label("ß" * 255) == "ß" * 255
    for wrong in ("", "  ", "x" * 256):
        with pytest.raises(Invalid) as refused:
            texts.label(wrong)
        assert refused.value.rule == Rule.INVALID_TEXT


@pytest.mark.parametrize(
    "password", ["x7$kQ2!m", "🛩" * 8, "é" * 128, "correct horse battery staple", " " * 3 + "aB3$e"]
)
def test_a_password_needs_only_length_and_rarity(password: str) -> None:
    texts.check_password(password, common=COMMON)


@pytest.mark.parametrize(
    "password", ["", "1234567", "🛩" * 7, "x" * 129, "password", "PASSWORD", "iloveyou", "1q2w3e4r", "trustno1"]
)
def test_short_long_and_common_passwords_are_refused_without_repeating_them(password: str) -> None:
    with pytest.raises(Rejected) as refused:
        texts.check_password(password, common=COMMON)
    assert refused.value.rule == Rule.WEAK_PASSWORD
    assert len(password) < 8 or password == "password" or password not in refused.value.text


def test_the_list_of_common_passwords_is_long_enough() -> None:
    assert len(COMMON) > 3000
    assert all(len(word) >= texts.SHORTEST_PASSWORD for word in COMMON)


@pytest.mark.parametrize("label", ["\u200b", "\u3164\u3164", "\u2060 \ufeff", "\u0301"])
def test_a_label_is_to_be_seen(label: str) -> None:
    with pytest.raises(Invalid, match="label has invisible characters alone"):
        texts.label(label)
