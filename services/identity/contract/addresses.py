"""The one form of e-mail addresses: all spellings of one are equal in it."""

from typing import Final

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from services.identity.contract.rules import Rule
from shared.errors import Invalid

# Mail inside a company often goes to such domains; taking them off this list is the library's own way to allow them.
SPECIAL_USE_DOMAIN_NAMES[:] = [name for name in SPECIAL_USE_DOMAIN_NAMES if name not in {"local", "test"}]

MOST: Final = 1_000
"""How many characters are read: no address has as many (RFC 5321, 4.5.3), and a million take the library a second."""


def email_address(text: str) -> str:
    """Return the address as it is stored and compared: stripped, in lower case, its domain in ASCII.

    Raises Invalid (invalid_email). No name server is asked; internal domains are fine, a domain without a dot is not.
    """
    typed = text.strip()
    if len(typed) > MOST:
        raise Invalid("the e-mail address is not valid", rule=Rule.INVALID_EMAIL)
    try:
        parts = validate_email(
            typed, check_deliverability=False, allow_smtputf8=False, globally_deliverable=False, strict=True
        )
    except EmailNotValidError:
        raise Invalid("the e-mail address is not valid", rule=Rule.INVALID_EMAIL) from None
    address = parts.ascii_email
    if address is None or "." not in parts.ascii_domain:
        raise Invalid("the e-mail address is not valid", rule=Rule.INVALID_EMAIL)
    return address.lower()


def email_domain(text: str) -> str:
    """Return the part behind the @ of addresses as they are stored, so that all its spellings are equal.

    Raises Invalid (invalid_email) for what no address can have there.
    """
    return email_address(f"postmaster@{text.strip()}").rpartition("@")[2]
