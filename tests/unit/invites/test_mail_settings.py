"""What mail is sent with is checked when the service starts, not at the first mail."""

import pytest

from services.invites.settings import InvitesSettings
from shared.settings import WrongSettings, load_settings


@pytest.fixture(autouse=True)
def _database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AERODROME_DATABASE_URL", "postgresql://u:p@h/d")


@pytest.mark.parametrize(
    "sender", ["no-reply@example.com", "Aerodrome <no-reply@example.com>", '"Flight, School" <mail@example.com>']
)
def test_a_sender_is_an_address_with_or_without_a_name(monkeypatch: pytest.MonkeyPatch, sender: str) -> None:
    monkeypatch.setenv("AERODROME_MAIL_FROM", sender)
    assert load_settings(InvitesSettings).mail_from == sender


@pytest.mark.parametrize(
    "sender", ["", "nobody", "a@b@c", "Aerodrome <nobody>", "A <a@example.com>\r\nBcc: <eve@example.com>", "a@b c"]
)
def test_a_sender_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, sender: str) -> None:
    monkeypatch.setenv("AERODROME_MAIL_FROM", sender)
    with pytest.raises(WrongSettings, match="AERODROME_MAIL_FROM: expected an address"):
        load_settings(InvitesSettings)


def test_the_password_of_the_mail_server_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AERODROME_SMTP_PASSWORD", "hush")
    assert "hush" not in repr(load_settings(InvitesSettings))


def test_the_encryption_of_mail_is_one_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AERODROME_SMTP_TLS", "perhaps")
    with pytest.raises(WrongSettings, match="AERODROME_SMTP_TLS"):
        load_settings(InvitesSettings)
