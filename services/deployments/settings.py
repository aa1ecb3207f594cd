"""The settings of the deployments service."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, SecretStr

from shared.settings import PublicUrl, ServiceSettings, Switch


class DriverName(StrEnum):
    """The drivers there are; `simulated` starts nothing."""

    SIMULATED = "simulated"
    LOCAL = "local"


class DeploymentsSettings(ServiceSettings):
    """What `aerodrome run deployments` reads from its environment.

    `master_key` wraps the keys of the deployments' secrets, so it is required. `logs_days` and `logs_mib` limit the
    stream of log lines. `manual_release_names`: whoever creates a deployment may choose its release name. `driver`: who
    brings deployments up. `deleted_days`: how long the data of a deleted deployment are kept unless it was hard.
    """

    master_key: SecretStr | None = Field(default=...)
    public_url: PublicUrl = "http://127.0.0.1:8871"
    logs_days: Annotated[float, Field(gt=0, le=365)] = 7
    logs_mib: Annotated[int, Field(ge=1, le=1024 * 1024)] = 1024
    manual_release_names: Switch = False
    driver: DriverName = DriverName.SIMULATED
    deleted_days: Annotated[float, Field(ge=0, le=3650)] = 14

    @property
    def logs_age(self) -> timedelta:
        """How long log lines are kept."""
        return timedelta(days=self.logs_days)

    @property
    def logs_bytes(self) -> int:
        """How many bytes of log lines are kept."""
        return self.logs_mib * 1024 * 1024

    @property
    def deleted_kept(self) -> timedelta:
        """How long the data of a deleted deployment are kept."""
        return timedelta(days=self.deleted_days)
