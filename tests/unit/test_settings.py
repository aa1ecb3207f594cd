"""Settings from the environment."""

import base64

import pytest

from services.gateway.settings import GatewaySettings
from services.identity.settings import IdentitySettings
from shared.settings import ServiceSettings, WrongSettings, load_settings

KEY = base64.b64encode(bytes(range(32))).decode()


def test_a_service_reads_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AERODROME_DATABASE_URL", "postgresql://u:p@h/d")
    monkeypatch.setenv("AERODROME_MASTER_KEY", KEY)
    monkeypatch.setenv("AERODROME_LOG_LEVEL", "debug")
    settings = load_settings(IdentitySettings)
    assert settings.database_url.get_secret_value() == "postgresql://u:p@h/d"
    assert settings.master_key_bytes() == bytes(range(32))
    assert settings.log_level == "DEBUG"
    assert settings.public_signups is False
    assert settings.email_confirmation is True


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AERODROME_DATABASE_URL", "postgresql://u:hush@h/d")
    monkeypatch.setenv("AERODROME_MASTER_KEY", KEY)
    monkeypatch.setenv("AERODROME_NATS_PASSWORD", "hush")
    text = repr(load_settings(IdentitySettings))
    assert "hush" not in text
    assert KEY not in text


def test_everything_amiss_is_named_at_once_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AERODROME_MASTER_KEY", "c2hvcnQ=")
    monkeypatch.setenv("AERODROME_HEALTH_PORT", "seventy")
    with pytest.raises(WrongSettings) as wrong:
        load_settings(IdentitySettings)
    text = str(wrong.value)
    assert "AERODROME_DATABASE_URL: is missing" in text
    assert "AERODROME_MASTER_KEY: expected base64 of 32 bytes" in text
    assert "AERODROME_HEALTH_PORT" in text
    assert "c2hvcnQ" not in text
    assert "seventy" not in text


def test_identity_needs_its_master_key_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AERODROME_DATABASE_URL", "postgresql://u:p@h/d")
    assert load_settings(ServiceSettings).master_key_bytes() is None
    with pytest.raises(WrongSettings, match="AERODROME_MASTER_KEY: is missing"):
        load_settings(IdentitySettings)


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_is_a_port(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("AERODROME_PORT", port)
    with pytest.raises(WrongSettings, match="AERODROME_PORT"):
        load_settings(GatewaySettings)


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("", set[str]()),
        ("  ", set[str]()),
        ("Example.COM", {"example.com"}),
        (" example.com ,b\u00fccher.example", {"example.com", "xn--bcher-kva.example"}),
        ("XN--BCHER-KVA.example,bu\u0308cher.example,B\u00dcCHER.example", {"xn--bcher-kva.example"}),
        ("corp.local", {"corp.local"}),
    ],
)
def test_domains_that_may_sign_up_have_one_form(monkeypatch: pytest.MonkeyPatch, text: str, domains: set[str]) -> None:
    monkeypatch.setenv("AERODROME_DATABASE_URL", "postgresql://u:p@h/d")
    monkeypatch.setenv("AERODROME_MASTER_KEY", KEY)
    monkeypatch.setenv("AERODROME_SIGNUP_DOMAINS", text)
    assert load_settings(IdentitySettings).signup_domains == domains


@pytest.mark.parametrize(
    "wrong",
    [
        "example", "*.example.com", "@example.com", "ann@example.com", "example.com.", "https://example.com", "",
        "exam ple.com", "-example.com", "xn--zzzzzz.example", "example.com bob.example", "[192.0.2.1]", "a\nb.example",
    ],
)  # fmt: skip
def test_a_domain_that_is_none_keeps_identity_from_starting(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("AERODROME_DATABASE_URL", "postgresql://u:p@h/d")
    monkeypatch.setenv("AERODROME_MASTER_KEY", KEY)
    monkeypatch.setenv("AERODROME_SIGNUP_DOMAINS", f"example.com,{wrong}")
    with pytest.raises(WrongSettings, match="AERODROME_SIGNUP_DOMAINS: entry 2 is no domain of e-mail addresses"):
        load_settings(IdentitySettings)
