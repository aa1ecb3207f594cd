"""Where a credential may stand, and what is none."""

import pytest

from services.gateway.credentials import bare_token, cookie_name, token_of

KEY = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("text", [KEY, f"Bearer {KEY}", f"bearer {KEY}", f"BEARER  {KEY}", f" {KEY} "])
def test_a_token_is_taken_raw_or_as_bearer_in_any_case(text: str) -> None:
    assert bare_token(text) == KEY


@pytest.mark.parametrize("text", ["", "   ", "é" * 32, "x" * 5_000])
def test_what_can_be_no_token_is_none(text: str) -> None:
    assert bare_token(text) == ""


def test_the_header_authentication_counts_where_authorization_is_absent() -> None:
    assert token_of({"Authentication": KEY}) == KEY
    assert token_of({"Authorization": "", "Authentication": KEY}) == KEY
    assert token_of({"Authorization": "other", "Authentication": KEY}) == "other"


def test_the_cookie_counts_last() -> None:
    assert token_of({}, cookie=KEY) == KEY
    assert token_of({"Authorization": "other"}, cookie=KEY) == "other"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://Houston.example.com", "astronomer_houston_example_com_auth"),
        ("http://127.0.0.1:8871", "astronomer_127_0_0_1_auth"),
        ("http://localhost:8871", "astronomer_localhost_auth"),
    ],
)
def test_the_cookie_is_named_after_the_domain(url: str, name: str) -> None:
    assert cookie_name(url) == name
