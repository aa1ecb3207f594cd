"""Where a request's credential stands: a header, raw or as Bearer, or the cookie of a browser."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

MOST_TOKEN: Final = 4_096
"""Characters; a longer one is no token of ours."""

_BEARER: Final = "bearer "


def bare_token(text: str) -> str:
    """Return a token without the word Bearer in front of it, in any case; "" for what can't be one."""
    token = text.strip()
    if token[: len(_BEARER)].lower() == _BEARER:
        token = token[len(_BEARER) :].strip()
    return token if token.isascii() and len(token) <= MOST_TOKEN else ""


def cookie_name(public_url: str) -> str:
    """Return the cookie's name of 2019: `astronomer_<domain in snake case>_auth`."""
    domain = urlsplit(public_url).hostname or "localhost"
    return f"astronomer_{re.sub(r'[^a-z0-9]+', '_', domain.lower()).strip('_')}_auth"


def token_of(headers: Mapping[str, str], *, cookie: str = "") -> str:
    """Return the token of a request: Authorization, else Authentication, else `cookie`; "" for none."""
    for name in ("Authorization", "Authentication"):
        if headers.get(name, "").strip():
            return bare_token(headers[name])
    return bare_token(cookie)
