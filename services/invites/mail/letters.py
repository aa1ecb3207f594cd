"""Letters: subject, text and HTML, rendered from the templates at the time of sending and kept nowhere."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=select_autoescape(enabled_extensions=("html",), default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_MOST_SUBJECT: Final = 200  # characters
_BREAKS: Final = frozenset({"Cc", "Zl", "Zp"})  # control characters, line and paragraph separators
_DIRECTIONS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


@dataclass(frozen=True, slots=True)
class Letter:
    """What one mail says; to whom is told beside it."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the letter of an invitation tells its reader."""

    address: str
    name: str
    workspace: str
    organization: str
    token: str
    expires_at: datetime
    role: str = ""
    added_by: str = ""
    teams: tuple[str, ...] = ()
    deployment_roles: int = 0


def invitation(facts: Invitation, *, public_url: str) -> Letter:
    """Return the letter that carries the link `<public_url>/signup?token=…#email=…`.

    Browsers keep what follows the # to themselves, so the address fills in the form and stands in no server's log.
    """
    values = {
        "name": one_line(facts.name),
        "workspace": one_line(facts.workspace),
        "organization": one_line(facts.organization),
        "place": one_line(facts.workspace or facts.organization),
        "link": f"{link(public_url, '/signup', token=facts.token)}#{_query(email=facts.address)}",
        "expires": _moment(facts.expires_at),
        "role": facts.role,
        "added_by": one_line(facts.added_by),
        "along": _along(facts),
    }
    return _render("invite", values)


def _along(facts: Invitation) -> str:
    """Return what comes with the invitation besides its role."""
    parts = [f"places in the teams {', '.join(map(one_line, facts.teams))}"] if len(facts.teams) > 1 else []
    if len(facts.teams) == 1:
        parts.append(f"a place in the team {one_line(facts.teams[0])}")
    if facts.deployment_roles:
        parts.append(f"roles on {facts.deployment_roles} of its deployments")
    return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class Linked:
    """What the letter of a link about somebody's own account tells its reader; it may not have a password yet."""

    name: str
    organization: str
    token: str
    expires_at: datetime
    has_password: bool = True


def confirmation(facts: Linked, *, public_url: str) -> Letter:
    """Return the letter that carries the link `<public_url>/verify?token=…`."""
    return _render("confirm", _linked(facts, link(public_url, "/verify", token=facts.token)))


def reset(facts: Linked, *, public_url: str) -> Letter:
    """Return the letter that carries the link `<public_url>/reset-password?token=…`."""
    return _render("reset", _linked(facts, link(public_url, "/reset-password", token=facts.token)))


def password_changed(*, name: str, organization: str) -> Letter:
    """Return the notice that a password was changed, for who did not do it."""
    return _render("password_changed", {"name": one_line(name), "organization": one_line(organization)})


@dataclass(frozen=True, slots=True)
class Addition:
    """What the letter to somebody who was added to a workspace tells its reader; `added_by` is "" for who is gone.

    Who has no password is led to where one asks for a link to choose it.
    """

    name: str
    workspace: str
    organization: str
    role: str
    added_by: str
    has_password: bool = True


def workspace_added(facts: Addition, *, public_url: str) -> Letter:
    """Return the notice that somebody was added to a workspace, with a link `<public_url>/` or `…/reset-password`."""
    values: dict[str, str | bool] = {
        "name": one_line(facts.name),
        "workspace": one_line(facts.workspace),
        "organization": one_line(facts.organization),
        "role": facts.role,
        "added_by": one_line(facts.added_by),
        "link": f"{public_url.rstrip('/')}/{'' if facts.has_password else 'reset-password'}",
        "has_password": facts.has_password,
    }
    return _render("workspace_added", values)


def link(public_url: str, path: str, **parameters: str) -> str:
    """Return an address below the configured public URL."""
    return f"{public_url.rstrip('/')}{path}?{_query(**parameters)}"


def one_line(text: str) -> str:
    """Return `text` without line breaks and other control characters, and without those that turn its direction.

    Names and labels are chosen by users: what stands in a header or in one line of a letter must not begin another.
    """
    kept = "".join(" " if unicodedata.category(sign) in _BREAKS else sign for sign in text if sign not in _DIRECTIONS)
    return " ".join(kept.split())


def _query(**parameters: str) -> str:
    return urlencode(parameters, quote_via=quote)


def _linked(facts: Linked, address: str) -> Mapping[str, str | bool]:
    return {
        "name": one_line(facts.name),
        "organization": one_line(facts.organization),
        "link": address,
        "expires": _moment(facts.expires_at),
        "has_password": facts.has_password,
    }


def _render(name: str, values: Mapping[str, str | bool]) -> Letter:
    return Letter(
        subject=one_line(_TEMPLATES.get_template(f"{name}.subject").render(values))[:_MOST_SUBJECT],
        text=_TEMPLATES.get_template(f"{name}.txt").render(values),
        html=_TEMPLATES.get_template(f"{name}.html").render(values),
    )


def _moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%-d %B %Y, %H:%M} UTC"
