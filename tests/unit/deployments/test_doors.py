"""Where people reach Airflows, and which requests are for one."""

import pytest
from pydantic import ValidationError

from services.deployments.contract import Doors, DoorSettings, Landing

BELOW = Doors("http://127.0.0.1:8871", "http://localhost:8871")
DEEPER = Doors("https://aerodrome.example.com", "https://airflow.example.org/all")
APART = Doors("https://houston.example.com:8443", "", "example.com")


@pytest.mark.parametrize(
    ("doors", "url"),
    [
        (BELOW, "http://localhost:8871/solar-comet-0042/airflow"),
        (DEEPER, "https://airflow.example.org/all/solar-comet-0042/airflow"),
        (APART, "https://solar-comet-0042-airflow.example.com:8443"),
        (Doors("https://aerodrome.example.com"), ""),
    ],
)
def test_an_airflow_has_an_address(doors: Doors, url: str) -> None:
    assert doors.url_of("solar-comet-0042") == url


@pytest.mark.parametrize(
    ("doors", "host", "path", "landing"),
    [
        (
            BELOW,
            "localhost:8871",
            "/solar-comet-0042/airflow",
            Landing("solar-comet-0042", "/solar-comet-0042/airflow"),
        ),
        (BELOW, "LOCALHOST", "/a/airflow/dags", Landing("a", "/a/airflow")),
        (BELOW, "localhost.:8871", "/a/airflow/", Landing("a", "/a/airflow")),
        (BELOW, "localhost", "/a/airflows", None),
        (BELOW, "localhost", "/A/airflow/", None),
        (BELOW, "localhost", "/a%2fb/airflow/", None),
        (BELOW, "localhost", "//a/airflow/", None),
        (BELOW, "127.0.0.1:8871", "/a/airflow/", None),
        (BELOW, "evil.example.com", "/a/airflow/", None),
        (DEEPER, "airflow.example.org", "/all/a/airflow/x", Landing("a", "/all/a/airflow")),
        (DEEPER, "airflow.example.org", "/a/airflow/x", None),
        (DEEPER, "airflow.example.org", "/allx/a/airflow/x", None),
        (APART, "a-airflow.example.com:8443", "/any/thing", Landing("a", "")),
        (APART, "houston.example.com", "/a/airflow/", None),
        (APART, "a-airflow.example.com.evil.org", "/", None),
        (APART, "[::1", "/", None),
    ],
)
def test_a_request_is_for_an_airflow_by_its_host_and_path(
    doors: Doors, host: str, path: str, landing: Landing | None
) -> None:
    assert doors.landing(host, path) == landing


@pytest.mark.parametrize(
    ("public_url", "airflow_url"),
    [
        ("http://127.0.0.1:8871", "http://localhost:8871"),
        ("http://localhost:9", "http://127.0.0.1:9"),
        ("http://[::1]:9", "http://localhost:9"),
        ("https://aerodrome.example.com", ""),
    ],
)
def test_this_machine_has_another_name_for_them(public_url: str, airflow_url: str) -> None:
    assert DoorSettings(public_url=public_url).doors.airflow_url == airflow_url


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("airflow_url", "http://127.0.0.1:9999"),
        ("airflow_url", "localhost:8871"),
        ("airflow_url", "http://x@localhost"),
        ("base_domain", "Example.com"),
        ("base_domain", "https://example.com"),
        ("base_domain", "-x.com"),
    ],
)
def test_settings_that_would_mix_origins_or_name_none_are_refused(setting: str, value: str) -> None:
    with pytest.raises(ValidationError):
        DoorSettings.model_validate({"public_url": "http://127.0.0.1:8871", setting: value})
