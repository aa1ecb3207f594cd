"""Which text the wire takes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.text import check_json, check_text, is_visible


@pytest.mark.parametrize("good", ["", "Grüße", "😀", "a\\u0000b, typed as six characters", "\u2028"])
def test_whole_text_passes_unchanged(good: str) -> None:
    assert check_text(good) == good
    assert check_text(good.encode()) == good


@pytest.mark.parametrize("text", ["a", " \u200bx", "\u00df", "\U0001f600", "\u4e2d", "0", "-", "\u0645"])
def test_text_with_a_mark_is_visible(text: str) -> None:
    assert is_visible(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\u200b",
        "\u200d\u2060\ufeff",
        "\u202e",
        "\u3164",
        "\u115f",
        "\u2800",
        "\u0301",
        "\ufe0f",
        "\u3000\u00ad",
    ],
)
def test_text_that_looks_like_nothing_is_not(text: str) -> None:
    assert not is_visible(text)


@pytest.mark.parametrize("bad", ["a\x00b", "\ud800", "x\udfff", b"\xff", b"a\x00", b"\xed\xa0\x80"])
def test_text_that_postgres_cannot_hold_is_refused(bad: str | bytes) -> None:
    with pytest.raises(Invalid) as refused:
        check_text(bad)
    assert "\x00" not in refused.value.text


@pytest.mark.parametrize(
    "bad",
    [r'"\u0000"', r'{"a": ["\u0000"]}', r'{"\u0000": 1}', r'"\ud800"', r'"\udc00x"', r'["\uD83D", "\uDE00"]', r'"\ud8'],
)
def test_escapes_are_looked_into(bad: str) -> None:
    with pytest.raises(Invalid):
        check_json(bad)


@pytest.mark.parametrize("good", [r'"\ud83d\ude00"', r'"\\u0000"', r'{"a": "\\ud800"}', "not json, no escapes"])
def test_whole_characters_in_escapes_pass(good: str) -> None:
    assert check_json(good) == good


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), st.booleans())
def test_any_storable_text_survives_json(text: str, ascii_only: bool) -> None:
    assert json.loads(check_json(json.dumps(text, ensure_ascii=ascii_only))) == text


@given(st.text(), st.text())
def test_a_nul_anywhere_is_refused(before: str, after: str) -> None:
    with pytest.raises(Invalid):
        check_json(json.dumps({"a": [before + "\x00" + after]}))
