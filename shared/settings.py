"""What the settings of all processes have in common; they come from environment variables `AERODROME_…`."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "AERODROME_"
_KEY_BYTES: Final = 32

_MOST_SHOWN: Final = 40

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def _switch(value: object, handler: ValidatorFunctionWrapHandler) -> bool:
    try:
        return bool(handler(value))
    except ValidationError:
        raise ValueError(f"found {_shown(value)}, expected true or false") from None


def _span(value: object, handler: ValidatorFunctionWrapHandler) -> timedelta:
    try:
        span: timedelta = handler(value)
    except ValidationError:
        said = "expected a time above 0 and of at most 30 days with its unit, such as 01:30:00 (HH:MM:SS) or PT90M"
        raise ValueError(f"found {_shown(value)}, {said}") from None
    return span


def public_url(url: str) -> str:
    """Return the address if it is one of http or https, in ASCII, with nothing behind its path; raise ValueError."""
    try:
        parts = urlsplit(url)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, whole = urlsplit(""), False
    if not whole or "@" in parts.netloc or not re.fullmatch(r"[!-~]+", url) or any(sign in url for sign in "?#"):
        raise ValueError("expected an http:// or https:// address in ASCII, such as https://aerodrome.example.com")
    return url


def _shown(value: object) -> str:
    return repr(value)[:_MOST_SHOWN]


Port = Annotated[int, Field(ge=0, le=65535)]
Switch = Annotated[bool, WrapValidator(_switch)]
Span = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=30)), WrapValidator(_span)]
"""How long something lasts: always with its unit, so that a bare number is refused and never guessed at."""

PublicUrl = Annotated[str, AfterValidator(public_url)]
"""What people reach the gateway by: mailed links begin with it."""


class WrongSettings(Exception):
    """A setting is missing or wrong; the text names each by its variable, and shows no value that may be a secret."""


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


def load_settings(kind: type[SettingsT], environment: Mapping[str, str] | None = None) -> SettingsT:
    """Return the settings of a process from its environment; raise WrongSettings naming every one that is amiss.

    `environment`: of a process that is about to be started by this one; it goes before our own.
    """
    given: dict[str, Any] = {
        name: environment[variable]
        for name in kind.model_fields
        if environment is not None and (variable := f"{PREFIX}{name.upper()}") in environment
    }
    try:
        return kind(**given)
    except ValidationError as error:
        raise WrongSettings("; ".join(map(_line, error.errors(include_url=False, include_input=False)))) from None


def _line(part: ErrorDetails) -> str:
    field = str(part["loc"][0]) if part["loc"] else ""
    match part["type"]:
        case "missing":
            said = "is missing"
        case "value_error":
            said = part["msg"].removeprefix("Value error, ")
        case _:
            said = part["msg"].lower()
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
