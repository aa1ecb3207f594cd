"""What a person may type: names, labels and passwords, brought into their stored form or refused."""

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from services.identity.contract import MOST_DESCRIPTION, MOST_TEXT, Rule
from shared.errors import Invalid, Rejected
from shared.text import is_visible

SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 128
MOST_ADDRESS: Final = 2048
"""Characters of a web address."""

_WEB_ADDRESS: Final = re.compile(r"https?://[^\s\"'<>\\^`{|}\x00-\x20\x7f]+", re.IGNORECASE)


def sign_in_name(text: str) -> str:
    """Return what a person signs in with as it is compared: stripped, in lower case and in NFC; never fails.

    Keyboards differ in how they write an accent; what looks the same to Unicode is one name. Source: RFC 8265, 3.3.
    """
    return _composed(text.strip().lower())


def username(text: str, *, email: str) -> str:
    """Return the username of a person with this address; "" means the address.

    Raises Invalid (invalid_text) when it is too long, or looks like an address but is not the person's own: one could
    otherwise sign up as somebody else's address.
    """
    name = _composed(text.strip())
    if not name or sign_in_name(name) == email:
        return email
    if "@" in name:
        raise Invalid("a username with an @ has to be the person's own address", rule=Rule.INVALID_TEXT)
    return _bounded("username", name, most=MOST_TEXT)


def label(text: str, *, called: str = "label") -> str:
    """Return a label or, as it is `called`, a name; raise Invalid (invalid_text) unless it has 1 to 255 characters.

    One of them has to be visible, or nobody could tell it from others.
    """
    stripped = text.strip()
    if not stripped:
        raise Invalid(f"{called} is empty, expected 1 to 255 characters", rule=Rule.INVALID_TEXT)
    if not is_visible(stripped):
        raise Invalid(f"{called} has invisible characters alone, expected one to be seen", rule=Rule.INVALID_TEXT)
    return _bounded(called, stripped, most=MOST_TEXT)


def short_text(name: str, text: str) -> str:
    """Return a text of at most 255 characters; raise Invalid (invalid_text) where it is longer."""
    return _bounded(name, text.strip(), most=MOST_TEXT)


def description(text: str) -> str:
    """Return a description; raise Invalid (invalid_text) where it is longer than 4096 characters."""
    return _bounded("description", text, most=MOST_DESCRIPTION)


def avatar_url(text: str) -> str:
    """Return the address of a picture, "" for none; raise Invalid (invalid_text) unless a browser may load it."""
    address = _bounded("avatarUrl", text.strip(), most=MOST_ADDRESS)
    if address and not _WEB_ADDRESS.fullmatch(address):
        raise Invalid("avatarUrl has to be an http or https address", rule=Rule.INVALID_TEXT)
    return address


def check_password(password: str, *, common: frozenset[str], own: Collection[str] = ()) -> None:
    """Raise Rejected (weak_password) unless it has 8 to 128 code points and is neither common nor the person's name.

    `own`: what else the person signs in with, in lower case.

    Source: OWASP ASVS 5.0, section 6.2: length and a list of common passwords, no rules of composition.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        text = f"a password needs {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, {len(password)} were given"
        raise Rejected(text, rule=Rule.WEAK_PASSWORD)
    if password in common or password.lower() in common:
        raise Rejected("this password is among the most common ones", rule=Rule.WEAK_PASSWORD)
    if sign_in_name(password) in own:
        raise Rejected("a password can't be the person's own address or username", rule=Rule.WEAK_PASSWORD)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _bounded(name: str, text: str, *, most: int) -> str:
    if len(text) > most:
        raise Invalid(f"{name} has {len(text)} characters, expected at most {most}", rule=Rule.INVALID_TEXT)
    return text
