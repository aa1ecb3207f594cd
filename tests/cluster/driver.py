"""The driver `kubernetes` on a cluster of tests."""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.deployments.contract import DeploymentId
from services.deployments.kubernetes.cluster import Cluster
from services.deployments.kubernetes.databases import ClusterDatabases
from services.deployments.kubernetes.driver import KubernetesDriver, Patience
from services.deployments.kubernetes.helm import Chart, Helm
from services.deployments.runner.components import OnOutput
from services.deployments.runner.versions import Part
from tests.cluster.api import FakeCluster

INSTALLATION = "0123456789ab"
CHART = Chart(name="airflow", repository="https://charts.example.com", version="1.22.0")
PATIENCE = Patience(start_s=20, broken_s=0.2, gone_s=1)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the driver passes on of the lines of components."""

    lines: list[tuple[DeploymentId, Part, str]] = field(default_factory=list[tuple[DeploymentId, Part, str]])

    def of(self, deployment_id: DeploymentId) -> OnOutput:
        """Return what takes the lines of a deployment."""

        def take(part: Part, line: bytes) -> None:
            self.lines.append((deployment_id, part, line.decode().removesuffix("\n")))

        return take


def helm_program(cluster: FakeCluster) -> Path:
    """Return the helm of the tests."""
    program = cluster.folder / "helm"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("helm.py")}" "$@"\n')
    program.chmod(0o755)
    return program


def driver_on(
    cluster: FakeCluster,
    dsn: str,
    *,
    installation: str = INSTALLATION,
    patience: Patience = PATIENCE,
    heard: Heard | None = None,
) -> KubernetesDriver:
    """Return a driver with the helm of the tests."""
    program = helm_program(cluster)
    outside = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "AERODROME_MASTER_KEY": "not for helm"}
    api = Cluster(outside)
    return KubernetesDriver(
        cluster=api,
        helm=Helm(program=str(program), chart=CHART, cluster=api, outside=outside),
        databases=ClusterDatabases(url=dsn, installation=installation),
        installation=installation,
        lines=(heard or Heard()).of,
        patience=patience,
    )


def helm_calls(cluster: FakeCluster) -> list[dict[str, Any]]:
    """Return how helm was called: `words`, `values` and `environment` of each call."""
    file = cluster.folder / "helm.calls"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
