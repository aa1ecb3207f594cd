"""The settings of identity."""

from typing import Annotated

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class IdentitySettings(ServiceSettings):
    """What `aerodrome run identity` reads; it holds personal data, so the master key is required."""

    master_key: SecretStr | None = Field(default=...)
    organization_name: str = "Aerodrome"
    public_signups: bool = False
    email_confirmation: bool = True
    invite_days: Annotated[int, Field(ge=1, le=365)] = 7
    bootstrap_token: SecretStr | None = None
