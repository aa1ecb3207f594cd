"""The settings of identity."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from services.identity.contract import RemovedPermissions, addresses
from services.identity.domain.user import CONFIRMATION_LASTS, RESET_LASTS
from shared.errors import Invalid
from shared.settings import ServiceSettings, Span, Switch


def _domains(text: object) -> object:
    if not isinstance(text, str):
        return text
    return frozenset(_domain(n, each) for n, each in enumerate(text.split(","), start=1)) if text.strip() else ()


def _domain(number: int, text: str) -> str:
    try:
        return addresses.email_domain(text)
    except Invalid:
        said = f"entry {number} is no domain of e-mail addresses, expected such as example.com, with commas between"
        raise ValueError(said) from None


SignupDomains = Annotated[frozenset[str], NoDecode, BeforeValidator(_domains)]
"""A setting: what may stand behind the @ of who signs up without an invitation, in stored form; empty: anything."""


class IdentitySettings(ServiceSettings):
    """What `aerodrome run identity` reads; it holds personal data, so the master key is required.

    `signing_key_days`: the age at which the key that signs tokens is followed by a new one, which is
    known for `signing_key_overlap_s` before it signs.
    """

    master_key: SecretStr | None = Field(default=...)
    organization_name: str = "Aerodrome"
    public_signups: Switch = False
    signup_domains: SignupDomains = frozenset()
    email_confirmation: Switch = True
    invite_days: Annotated[int, Field(ge=1, le=365)] = 7
    signing_key_days: Annotated[int, Field(ge=1, le=3650)] = 90
    signing_key_overlap_s: Annotated[float, Field(ge=1, le=3600)] = 10.0
    removed_permissions: RemovedPermissions = frozenset()
    confirmation_lasts: Span = CONFIRMATION_LASTS
    reset_lasts: Span = RESET_LASTS
    create_default_workspace: Switch = False
    bootstrap_token: SecretStr | None = None
    tombstones_file: Path | None = None
