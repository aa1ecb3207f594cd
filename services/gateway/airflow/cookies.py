"""The cookies at the Airflows' origin: the visit's, which no Airflow sees, and theirs, each kept to its own paths."""

from http.cookies import CookieError, SimpleCookie
from typing import Final

VISIT: Final = "aerodrome_visit"

_KEPT: Final = frozenset({VISIT, "_token"})
"""Not passed on in either direction; `_token` is Airflow's own proof of who somebody is, and we bring another."""

_PLACES: Final = ("path", "domain")


def visit_token(header: str) -> str:
    """Return the visit's token in a Cookie header, "" for none."""
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == VISIT:
            return value
    return ""


def passed_on(header: str, *, hidden: str) -> str:
    """Return what of a Cookie header an Airflow may see; `hidden` is the name of the API's own cookie."""
    parts = [part.strip() for part in header.split(";")]
    return "; ".join(part for part in parts if part and part.partition("=")[0] not in _KEPT | {hidden})


def set_by_airflow(header: str, *, prefix: str, hidden: str) -> str:
    """Return a Set-Cookie of an Airflow for its own paths alone, "" where it may not be set."""
    first, *attributes = header.split(";")
    if first.partition("=")[0].strip() in _KEPT | {hidden, ""}:
        return ""  # one without a name is sent back as its value alone, which may look like any other
    kept = [each.strip() for each in attributes if each.partition("=")[0].strip().lower() not in _PLACES]
    return "; ".join([first.strip(), *kept, f"Path={prefix or '/'}"])


def set_visit(token: str, *, prefix: str, max_age_s: int, secure: bool) -> str:
    """Return the Set-Cookie that has a browser keep a visit."""
    cookie: SimpleCookie = SimpleCookie()
    try:
        cookie[VISIT] = token
    except CookieError as error:
        raise ValueError("a token can't stand in a cookie") from error
    kept = cookie[VISIT]
    kept["path"], kept["max-age"], kept["httponly"], kept["samesite"] = prefix or "/", max_age_s, True, "Lax"
    kept["secure"] = secure
    return kept.OutputString()
