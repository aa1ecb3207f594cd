"""The cookies at the Airflows' origin: the visit's, which no Airflow sees, and theirs, each kept to its own paths."""

from http.cookies import CookieError, SimpleCookie
from typing import Final

VISIT: Final = "aerodrome_visit"
FIRM_VISIT: Final = f"__Host-{VISIT}"
"""Its name where a host name is one Airflow's: browsers let no page of another, below the same domain, set it."""

_KEPT: Final = frozenset({VISIT, FIRM_VISIT, "_token"})
"""Not passed on in either direction; `_token` is Airflow's own proof of who somebody is, and we bring another."""

_PLACES: Final = ("path", "domain")


def visit_name(*, prefix: str, secure: bool) -> str:
    """Return the name of the cookie of a visit; browsers keep the firm one for whole hosts, by https, alone."""
    return FIRM_VISIT if secure and not prefix else VISIT


def visit_token(header: str, name: str) -> str:
    """Return the visit's token in a Cookie header, "" for none."""
    for part in header.split(";"):
        found, _, value = part.strip().partition("=")
        if found == name:
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
    name = visit_name(prefix=prefix, secure=secure)
    try:
        cookie[name] = token
    except CookieError as error:
        raise ValueError("a token can't stand in a cookie") from error
    kept = cookie[name]
    kept["path"], kept["max-age"], kept["httponly"], kept["samesite"] = prefix or "/", max_age_s, True, "Lax"
    kept["secure"] = secure
    return kept.OutputString()
