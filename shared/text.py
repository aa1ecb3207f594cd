"""Which text may be stored: Unicode without U+0000 and without lone surrogates."""

import json
import unicodedata
from typing import Any, Final, TypeAlias

from shared.errors import Invalid

_NUL: Final = "\x00"
_BLANKS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that look like nothing: fillers of Hangul, and the blank of Braille."""

_Json: TypeAlias = dict[str, Any] | list[Any] | str | float | None


def check_text(raw: str | bytes) -> str:
    """Return `raw` as text; raise Invalid if it holds U+0000, a lone surrogate or bytes that are not UTF-8."""
    text = _decode(raw)
    if _NUL in text:
        raise Invalid("text holds U+0000, which can't be stored")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid("text holds a lone surrogate, expected whole characters") from None
    return text


def check_json(raw: str | bytes) -> str:
    """Return the JSON text `raw`; raise Invalid if it, or a string in it once unescaped, is refused by check_text."""
    text = check_text(raw)
    if "\\u0000" in text or "\\ud" in text or "\\uD" in text:
        _check_strings(_parse(text))
    return text


def is_visible(text: str) -> bool:
    """Say whether one character of `text` leaves a mark by itself: no blank, control, format or combining one."""
    return any(unicodedata.category(each)[0] not in "CZM" and each not in _BLANKS for each in text)


def _decode(raw: str | bytes) -> str:
    if isinstance(raw, str):
        return raw
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Invalid("bytes are not UTF-8") from None


def _parse(text: str) -> _Json:
    try:
        parsed: _Json = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid("text is not JSON") from None
    return parsed


def _check_strings(value: _Json) -> None:
    pending = [value]
    while pending:
        found = pending.pop()
        if isinstance(found, str):
            check_text(found)
        elif isinstance(found, dict):
            pending += [*found, *found.values()]
        elif isinstance(found, list):
            pending += found
