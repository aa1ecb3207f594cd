"""What a person may type: addresses, names, labels and passwords, brought into their stored form or refused."""

from typing import Final

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from services.identity.contract import MOST_DESCRIPTION, MOST_TEXT, Rule
from shared.errors import Invalid, Rejected

SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 128

# Mail inside a company often goes to such domains; taking them off this list is the library's own way to allow them.
SPECIAL_USE_DOMAIN_NAMES[:] = [name for name in SPECIAL_USE_DOMAIN_NAMES if name not in {"local", "test"}]


def email_address(text: str) -> str:
    """Return the address as it is stored and compared: stripped, in lower case, its domain in ASCII.

    Raises Invalid (invalid_email). No name server is asked; internal domains are fine, a domain without a dot is not.
    """
    try:
        parts = validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, globally_deliverable=False, strict=True
        )
    except EmailNotValidError:
        raise Invalid("the e-mail address is not valid", rule=Rule.INVALID_EMAIL) from None
    address = parts.ascii_email
    if address is None or "." not in parts.ascii_domain:
        raise Invalid("the e-mail address is not valid", rule=Rule.INVALID_EMAIL)
    return address.lower()


def sign_in_name(text: str) -> str:
    """Return what a person signs in with as it is compared: stripped and in lower case; never fails."""
    return text.strip().lower()


def username(text: str, *, email: str) -> str:
    """Return the username of a person with this address; "" means the address.

    Raises Invalid (invalid_text) when it is too long, or looks like an address but is not the person's own: one could
    otherwise sign up as somebody else's address.
    """
    name = text.strip()
    if not name or sign_in_name(name) == email:
        return email
    if "@" in name:
        raise Invalid("a username with an @ has to be the person's own address", rule=Rule.INVALID_TEXT)
    return _bounded("username", name, most=MOST_TEXT)


def label(text: str) -> str:
    """Return a label; raise Invalid (invalid_text) unless it has 1 to 255 characters."""
    stripped = text.strip()
    if not stripped:
        raise Invalid("label is empty, expected 1 to 255 characters", rule=Rule.INVALID_TEXT)
    return _bounded("label", stripped, most=MOST_TEXT)


def short_text(name: str, text: str) -> str:
    """Return a text of at most 255 characters; raise Invalid (invalid_text) where it is longer."""
    return _bounded(name, text.strip(), most=MOST_TEXT)


def description(text: str) -> str:
    """Return a description; raise Invalid (invalid_text) where it is longer than 4096 characters."""
    return _bounded("description", text, most=MOST_DESCRIPTION)


def check_password(password: str, *, common: frozenset[str]) -> None:
    """Raise Rejected (weak_password) unless it has 8 to 128 code points and is not among the common ones.

    Source: OWASP ASVS 5.0, section 6.2: length and a list of common passwords, no rules of composition.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        text = f"a password needs {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, {len(password)} were given"
        raise Rejected(text, rule=Rule.WEAK_PASSWORD)
    if password in common or password.lower() in common:
        raise Rejected("this password is among the most common ones", rule=Rule.WEAK_PASSWORD)


def _bounded(name: str, text: str, *, most: int) -> str:
    if len(text) > most:
        raise Invalid(f"{name} has {len(text)} characters, expected at most {most}", rule=Rule.INVALID_TEXT)
    return text
