"""Settings from the environment."""

import base64

import pytest

from services.deployments.settings import DeploymentsSettings
from services.gateway.settings import GatewaySettings
from services.identity.settings import IdentitySettings
from services.invites.settings import InvitesSettings
from shared.settings import BusSettings, ServiceSettings, WrongSettings, load_settings

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


def wrong(monkeypatch: pytest.MonkeyPatch, kind: type[BusSettings], name: str, value: str) -> str:
    """Return what is said of a setting that is wrong."""
    monkeypatch.setenv("AERODROME_DATABASE_URL", "postgresql://u:p@h/d")
    monkeypatch.setenv("AERODROME_MASTER_KEY", KEY)
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongSettings) as error:
        load_settings(kind)
    return str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "foo", "", "aerodrome.example.com", "ftp://example.com", "http://", "https:///x", "http://a b.example",
        "http://u:hush@example.com", "http://example.com?x", "http://example.com/#x", "http://example.com:x",
        "http://b\u00fccher.example", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_mailed_links_begin_with_a_web_address(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for kind in (GatewaySettings, InvitesSettings, DeploymentsSettings):
        assert wrong(monkeypatch, kind, "AERODROME_PUBLIC_URL", url) == (
            "AERODROME_PUBLIC_URL: expected an http:// or https:// address in ASCII, such as "
            "https://aerodrome.example.com"
        )


@pytest.mark.parametrize("url", ["http://127.0.0.1:8871", "https://example.com/aerodrome/", "http://[::1]:80"])
def test_a_web_address_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AERODROME_PUBLIC_URL", url)
    assert load_settings(GatewaySettings).public_url == url


@pytest.mark.parametrize("found", ["0", "-3", "9", "", "1h", "00:00:00", "-PT1H", "P31D", "soon"])
def test_a_time_has_its_unit_and_is_neither_nothing_nor_endless(monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    for name in ("AERODROME_RESET_LASTS", "AERODROME_CONFIRMATION_LASTS"):
        assert f"{name}: found {found!r}, expected a time above 0 and of at most 30 days with its unit, such as" in (
            wrong(monkeypatch, IdentitySettings, name, found)
        )


@pytest.mark.parametrize("found", ["", "maybe", "2", "ja"])
def test_a_switch_is_true_or_false(monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    said = wrong(monkeypatch, IdentitySettings, "AERODROME_PUBLIC_SIGNUPS", found)
    assert said == f"AERODROME_PUBLIC_SIGNUPS: found {found!r}, expected true or false"


@pytest.mark.parametrize("version", ["0.24.9", "1.0", "0.37.x", "2.0.0-rc.1", ""])
def test_clients_are_told_no_version_that_they_take_for_the_newest(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("AERODROME_HOUSTON_VERSION", version)
    with pytest.raises(WrongSettings, match=r"AERODROME_HOUSTON_VERSION: expected three numbers .* 0\.25\.0"):
        load_settings(GatewaySettings)


@pytest.mark.parametrize("version", ["0.25.0", "0.37.6", "2.1.0"])
def test_clients_may_be_told_any_version_that_they_know(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setenv("AERODROME_HOUSTON_VERSION", version)
    assert load_settings(GatewaySettings).houston_version == version
