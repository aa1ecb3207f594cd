"""What the settings of all processes have in common; they come from environment variables `AERODROME_…`."""

import base64
import binascii
from pathlib import Path
from typing import Annotated, Final, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "AERODROME_"
_KEY_BYTES: Final = 32

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
            key_bytes(key.get_secret_value())
        return key

    def master_key_bytes(self) -> bytes | None:
        """Return the 32 bytes of the master key, None where none is set."""
        return None if self.master_key is None else key_bytes(self.master_key.get_secret_value())


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


def key_bytes(text: str) -> bytes:
    """Return the 32 bytes of a key from its base64; raise ValueError, without the value, for anything else."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("expected base64") from None
    if len(raw) != _KEY_BYTES:
        raise ValueError(f"expected base64 of {_KEY_BYTES} bytes")
    return raw
