"""The settings of every kind of process, from environment variables `AERODROME_…`."""

import base64
import binascii
import re
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "AERODROME_"
_KEY_BYTES: Final = 32
_SENDER: Final = re.compile(r"[^<>\x00-\x1f\x7f]*<[^\s<>@]+@[A-Za-z0-9.-]+>|[^\s<>@]+@[A-Za-z0-9.-]+")

SettingsT = TypeVar("SettingsT", bound=BaseSettings)
Port = Annotated[int, Field(ge=0, le=65535)]


class WrongSettings(Exception):
    """A setting is missing or wrong; the text names each by its variable, without its value."""


class BusSettings(BaseSettings):
    """What every process needs: NATS, the health port and the log level."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    nats_url: str = "nats://127.0.0.1:4222"
    nats_user: str = ""
    nats_password: SecretStr = SecretStr("")
    health_host: str = "127.0.0.1"
    health_port: Port = 0
    log_level: str = "INFO"

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("expected DEBUG, INFO, WARNING or ERROR")
        return level.upper()


class ServiceSettings(BusSettings):
    """What a service with a store needs besides. `database_url` holds a password, so it is a secret."""

    database_url: SecretStr
    master_key: SecretStr | None = None
    heads_folder: Path | None = None

    @field_validator("master_key")
    @classmethod
    def _whole_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None:
            _key_bytes(key)
        return key

    def master_key_bytes(self) -> bytes | None:
        """Return the 32 bytes of the master key, None where none is set."""
        return None if self.master_key is None else _key_bytes(self.master_key)


class IdentitySettings(ServiceSettings):
    """identity: the only holder of personal data, so the master key is required."""

    master_key: SecretStr | None = Field(default=...)
    organization_name: str = "Aerodrome"
    public_signups: bool = False
    email_confirmation: bool = True
    invite_days: Annotated[int, Field(ge=1, le=365)] = 7
    bootstrap_token: SecretStr | None = None


class InvitesSettings(ServiceSettings):
    """invites: also sends all mail."""

    smtp_host: str = "127.0.0.1"
    smtp_port: Port = 25
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    mail_from: str = "Aerodrome <aerodrome@localhost>"
    public_url: str = "http://127.0.0.1:8871"

    @field_validator("mail_from")
    @classmethod
    def _one_address(cls, sender: str) -> str:
        if not _SENDER.fullmatch(sender):
            raise ValueError("expected an address, such as Aerodrome <no-reply@example.com>")
        return sender


class DeploymentsSettings(ServiceSettings):
    """deployments: also shows where Airflow is reached."""

    public_url: str = "http://127.0.0.1:8871"


class GatewaySettings(BusSettings):
    """gateway: the only public door. `allowed_origins`: web pages that may call it, separated by commas."""

    host: str = "127.0.0.1"
    port: Port = 8871
    public_url: str = "http://127.0.0.1:8871"
    allowed_origins: str = ""


def load_settings(kind: type[SettingsT]) -> SettingsT:
    """Return the settings of a process from its environment; raise WrongSettings naming every one that is amiss."""
    try:
        return kind()
    except ValidationError as error:
        lines = [_line(str(part["loc"][0]) if part["loc"] else "", part["msg"]) for part in error.errors()]
        raise WrongSettings("; ".join(lines)) from None


def _line(field: str, text: str) -> str:
    said = "is missing" if text == "Field required" else text.removeprefix("Value error, ").lower()
    return f"{PREFIX}{field.upper()}: {said}"


def _key_bytes(key: SecretStr) -> bytes:
    try:
        raw = base64.b64decode(key.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("expected base64") from None
    if len(raw) != _KEY_BYTES:
        raise ValueError(f"expected base64 of {_KEY_BYTES} bytes")
    return raw
