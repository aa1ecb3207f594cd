"""Real Airflows for tests: environments that a session of tests shares, or all of them in AERODROME_TEST_CACHE."""

import os
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from services.deployments.contract import DeploymentId
from services.deployments.runner.environments import Environments


class NoBundles:
    """A source of bundles that none of these deployments has."""

    def open(self, deployment_id: DeploymentId, sha256: str) -> AbstractAsyncContextManager[Path]:
        raise AssertionError(f"{deployment_id} has no bundle {sha256}")


@pytest.fixture(scope="session")
def environments(session_folder: Path) -> Environments:
    """The environments of this session; AERODROME_TEST_CACHE names a folder that keeps them for the next."""
    return Environments(Path(os.environ.get("AERODROME_TEST_CACHE") or session_folder / "environments"))
