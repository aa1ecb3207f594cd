"""The settings of the deployments service."""

import os
import shutil
from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from services.deployments.contract import DoorSettings, DriverName
from services.deployments.kubernetes.credentials import has_credentials
from services.deployments.log_history.limits import HistoryLimits
from services.deployments.logs.quota import DEFAULT_RATE, Rate
from shared.settings import ServiceSettings, Switch


class DeploymentsSettings(ServiceSettings, DoorSettings):
    """What `aerodrome run deployments` reads from its environment.

    `master_key` wraps the keys of the deployments' secrets, so it is required. `logs_days` and `logs_mib` limit the
    stream of log lines, `logs_lines_per_s` and `logs_kib_per_s` what one deployment may write to it.
    `manual_release_names`: whoever creates a deployment may choose its release name. `driver`: who brings deployments
    up. `deleted_days`: how long the data of a deleted deployment are kept unless it was hard.
    Those of `kubernetes` concern that driver alone: `database_url` is where the cluster's Airflows have their
    databases, `helm` is a program, `chart` a name in `chart_repository`, an oci:// address or a path.
    """

    master_key: SecretStr | None = Field(default=...)
    logs_days: Annotated[float, Field(gt=0, le=365)] = 7
    logs_mib: Annotated[int, Field(ge=1, le=1024 * 1024)] = 1024
    logs_history_days: Annotated[float, Field(gt=0, le=3650)] = 30
    logs_history_mib: Annotated[int, Field(ge=256, le=64 * 1024 * 1024)] = 8192
    logs_history_deployment_mib: Annotated[int, Field(ge=1, le=64 * 1024 * 1024)] = 2048
    logs_lines_per_s: Annotated[int, Field(ge=1, le=100_000)] = DEFAULT_RATE.lines_per_s
    logs_kib_per_s: Annotated[int, Field(ge=1, le=1024 * 1024)] = DEFAULT_RATE.bytes_per_s // 1024
    manual_release_names: Switch = False
    driver: DriverName = DriverName.SIMULATED
    deleted_days: Annotated[float, Field(ge=0, le=3650)] = 14
    kubernetes_database_url: SecretStr | None = Field(default=None, repr=False, validate_default=True)
    kubernetes_helm: str = Field(default="helm", validate_default=True)
    kubernetes_chart: str = "airflow"
    kubernetes_chart_repository: str = "https://airflow.apache.org"
    kubernetes_chart_version: str = "1.22.0"

    @field_validator("kubernetes_database_url")
    @classmethod
    def _named_for_kubernetes(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("driver") is DriverName.KUBERNETES:
            if url is None:
                raise ValueError("is missing: the driver kubernetes makes the databases of Airflows there")
            if not has_credentials(os.environ):
                raise ValueError(
                    "there are no credentials of a cluster: neither KUBECONFIG nor ~/.kube/config nor a pod's"
                )
        return url

    @field_validator("kubernetes_helm")
    @classmethod
    def _found_for_kubernetes(cls, helm: str, info: ValidationInfo) -> str:
        if info.data.get("driver") is DriverName.KUBERNETES and shutil.which(helm) is None:
            raise ValueError("is no program that is found, expected helm or a path to it")
        return helm

    @property
    def logs_age(self) -> timedelta:
        """How long log lines are kept."""
        return timedelta(days=self.logs_days)

    @property
    def logs_bytes(self) -> int:
        """How many bytes of log lines are kept."""
        return self.logs_mib * 1024 * 1024

    @property
    def logs_history(self) -> HistoryLimits:
        """How much of the history of log lines is kept."""
        return HistoryLimits(
            age=timedelta(days=self.logs_history_days),
            most_bytes=self.logs_history_mib * 1024 * 1024,
            deployment_bytes=self.logs_history_deployment_mib * 1024 * 1024,
        )

    @property
    def logs_rate(self) -> Rate:
        """What one deployment may write."""
        return Rate(lines_per_s=self.logs_lines_per_s, bytes_per_s=self.logs_kib_per_s * 1024)

    @property
    def deleted_kept(self) -> timedelta:
        """How long the data of a deleted deployment are kept."""
        return timedelta(days=self.deleted_days)
