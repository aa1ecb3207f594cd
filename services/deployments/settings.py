"""The settings of the deployments service."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr

from shared.settings import PublicUrl, ServiceSettings, Switch


class DeploymentsSettings(ServiceSettings):
    """What `aerodrome run deployments` reads from its environment.

    `master_key` wraps the keys of the deployments' secrets, so it is required. `logs_days` and `logs_mib` limit the
    stream of log lines. `manual_release_names`: whoever creates a deployment may choose its release name.
    """

    master_key: SecretStr | None = Field(default=...)
    public_url: PublicUrl = "http://127.0.0.1:8871"
    logs_days: Annotated[float, Field(gt=0, le=365)] = 7
    logs_mib: Annotated[int, Field(ge=1, le=1024 * 1024)] = 1024
    manual_release_names: Switch = False

    @property
    def logs_age(self) -> timedelta:
        """How long log lines are kept."""
        return timedelta(days=self.logs_days)

    @property
    def logs_bytes(self) -> int:
        """How many bytes of log lines are kept."""
        return self.logs_mib * 1024 * 1024
