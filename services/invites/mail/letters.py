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

    name: str
    workspace: str
    organization: str
    token: str
    expires_at: datetime


def invitation(facts: Invitation, *, public_url: str) -> Letter:
    """Return the letter that carries the link `<public_url>/signup?token=…`."""
    values = {
        "name": one_line(facts.name),
        "workspace": one_line(facts.workspace),
        "organization": one_line(facts.organization),
        "place": one_line(facts.workspace or facts.organization),
        "link": link(public_url, "/signup", token=facts.token),
        "expires": _moment(facts.expires_at),
    }
    return _render("invite", values)


def link(public_url: str, path: str, **parameters: str) -> str:
    """Return an address below the configured public URL."""
    return f"{public_url.rstrip('/')}{path}?{urlencode(parameters, quote_via=quote)}"


def one_line(text: str) -> str:
    """Return `text` without line breaks and other control characters, and without those that turn its direction.

    Names and labels are chosen by users: what stands in a header or in one line of a letter must not begin another.
    """
    kept = "".join(" " if unicodedata.category(sign) in _BREAKS else sign for sign in text if sign not in _DIRECTIONS)
    return " ".join(kept.split())


def _render(name: str, values: Mapping[str, str]) -> Letter:
    return Letter(
        subject=one_line(_TEMPLATES.get_template(f"{name}.subject").render(values))[:_MOST_SUBJECT],
        text=_TEMPLATES.get_template(f"{name}.txt").render(values),
        html=_TEMPLATES.get_template(f"{name}.html").render(values),
    )


def _moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%-d %B %Y, %H:%M} UTC"
