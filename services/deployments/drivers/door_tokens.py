"""The tokens by which the door brings people to an Airflow, and what an Airflow must be set to so that it takes them.

Source: SimpleAuthManager.serialize_user and JWTGenerator of Airflow 3; a 2.x is taught by `old_web`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import jwt

from services.deployments.contract import AirflowRole

LASTS: Final = timedelta(minutes=5)
ALGORITHM: Final = "HS512"
AUDIENCE: Final = "apache-airflow"
AUTH_MANAGER: Final = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"

NEW_VARIABLES: Final[Mapping[str, str]] = {
    "AIRFLOW__CORE__AUTH_MANAGER": AUTH_MANAGER,
    "AIRFLOW__API_AUTH__JWT_ALGORITHM": ALGORITHM,
    "AIRFLOW__API_AUTH__JWT_AUDIENCE": AUDIENCE,
}
"""What the environment of an Airflow 3 has to say, whatever its owner wishes."""


def door_token(subject: str, role: AirflowRole, *, secret: str, now: datetime) -> str:
    """Return a token as Airflow itself makes them; `subject` is our id of a person or key, never a name."""
    claims = {
        "sub": subject,
        "role": role.value,
        "aud": AUDIENCE,
        "iat": now,
        "nbf": now,
        "exp": now + LASTS,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)
