"""Settings of the driver `kubernetes` are told where they can't work, before anything is started."""

import sys
from pathlib import Path

import pytest

from services.deployments.kubernetes.helm import Chart
from services.deployments.settings import DeploymentsSettings
from shared.settings import WrongSettings, load_settings
from tests.integration.deployments.service import MASTER_KEY

RIGHT = {
    "AERODROME_DATABASE_URL": "postgresql://ours",
    "AERODROME_MASTER_KEY": MASTER_KEY,
    "AERODROME_DRIVER": "kubernetes",
    "AERODROME_KUBERNETES_DATABASE_URL": "postgresql://a:b@db.example.com/postgres",
    "AERODROME_KUBERNETES_HELM": sys.executable,
}


@pytest.fixture(autouse=True)
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file where credentials are looked for."""
    file = tmp_path / "kubeconfig"
    file.write_text("{}")
    monkeypatch.setenv("KUBECONFIG", str(file))
    return file


def test_right_settings_are_taken() -> None:
    settings = load_settings(DeploymentsSettings, RIGHT)
    assert settings.kubernetes_chart_version == "1.22.0"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"AERODROME_KUBERNETES_HELM": "no-such-helm"}, "AERODROME_KUBERNETES_HELM: is no program that is found"),
        ({"AERODROME_KUBERNETES_DATABASE_URL": None}, "AERODROME_KUBERNETES_DATABASE_URL: is missing"),
    ],
)
def test_wrong_ones_are_named(changed: dict[str, str | None], said: str) -> None:
    given = {key: value for key, value in {**RIGHT, **changed}.items() if value is not None}
    with pytest.raises(WrongSettings, match=said):
        load_settings(DeploymentsSettings, given)
    load_settings(DeploymentsSettings, {**given, "AERODROME_DRIVER": "simulated"})


def test_a_cluster_without_credentials_is_named(credentials: Path) -> None:
    credentials.unlink()
    with pytest.raises(WrongSettings, match="there are no credentials of a cluster"):
        load_settings(DeploymentsSettings, RIGHT)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("airflow", ("airflow", "--repo", "https://r", "--version", "1.2.3")),
        ("oci://r/airflow", ("oci://r/airflow", "--version", "1.2.3")),
        ("/charts/airflow", ("/charts/airflow",)),
    ],
)
def test_a_chart_is_named_by_repository_address_or_path(name: str, words: tuple[str, ...]) -> None:
    assert Chart(name=name, repository="https://r", version="1.2.3").words == words
