"""Puts the driver `kubernetes` together."""

import shutil
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from services.deployments.contract import DeploymentId
from services.deployments.kubernetes.cluster import Cluster
from services.deployments.kubernetes.databases import ClusterDatabases
from services.deployments.kubernetes.driver import KubernetesDriver
from services.deployments.kubernetes.helm import Chart, Helm
from services.deployments.kubernetes.names import installation_of
from services.deployments.runner.components import OnOutput
from services.deployments.settings import DeploymentsSettings

LEASE: Final = timedelta(seconds=10)
"""Its last third suffices to end a helm that is at work."""


def kubernetes_driver(
    settings: DeploymentsSettings, lines: Callable[[DeploymentId], OnOutput], outside: Mapping[str, str]
) -> KubernetesDriver:
    """Return the driver; the settings have been checked to name a database, a helm and a cluster."""
    url, master_key = settings.kubernetes_database_url, settings.master_key_bytes()
    program = shutil.which(settings.kubernetes_helm)
    assert url is not None
    assert master_key is not None
    assert program is not None
    installation = installation_of(master_key)
    chart = Chart(
        name=settings.kubernetes_chart,
        repository=settings.kubernetes_chart_repository,
        version=settings.kubernetes_chart_version,
    )
    cluster = Cluster(outside)
    return KubernetesDriver(
        cluster=cluster,
        helm=Helm(program=program, chart=chart, cluster=cluster, outside=outside),
        databases=ClusterDatabases(url=url.get_secret_value(), installation=installation),
        installation=installation,
        lines=lines,
    )
