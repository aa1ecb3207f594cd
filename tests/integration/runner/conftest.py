"""Real Airflows for tests: environments that a session of tests shares, or all of them in AERODROME_TEST_CACHE."""

import os
from pathlib import Path

import pytest

from services.deployments.runner.environments import Environments


@pytest.fixture(scope="session")
def environments(session_folder: Path) -> Environments:
    """The environments of this session; AERODROME_TEST_CACHE names a folder that keeps them for the next."""
    return Environments(Path(os.environ.get("AERODROME_TEST_CACHE") or session_folder / "environments"))
