"""The secrets of one Airflow: made with its deployment, stored encrypted in its first event, the same for ever."""

import base64
import secrets

from pydantic import Field

from shared.messages import Message


class AirflowSecrets(Message):
    """`fernet_key` is base64 of 32 bytes, the others are hex."""

    fernet_key: str = Field(repr=False)
    web_secret: str = Field(repr=False)
    jwt_secret: str = Field(repr=False)
    admin_password: str = Field(repr=False)
    database_password: str = Field(repr=False)

    def all(self) -> tuple[str, ...]:
        """Return each of them, to be blotted out of what is told."""
        return tuple(getattr(self, name) for name in type(self).model_fields)


def new_airflow_secrets() -> AirflowSecrets:
    """Return fresh secrets from a secure source."""
    return AirflowSecrets(
        fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        web_secret=secrets.token_hex(32),
        jwt_secret=secrets.token_hex(32),
        admin_password=secrets.token_hex(16),
        database_password=secrets.token_hex(16),
    )
