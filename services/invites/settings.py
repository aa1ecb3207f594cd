"""The settings of invites."""

import re
from typing import Final, Literal

from pydantic import SecretStr, field_validator

from services.identity.contract import RemovedPermissions
from shared.settings import Port, PublicUrl, ServiceSettings

_SENDER: Final = re.compile(r"[^<>\x00-\x1f\x7f]*<[^\s<>@]+@[A-Za-z0-9.-]+>|[^\s<>@]+@[A-Za-z0-9.-]+")


class InvitesSettings(ServiceSettings):
    """invites: also sends all mail."""

    smtp_host: str = "127.0.0.1"
    smtp_port: Port = 25
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    mail_from: str = "Aerodrome <aerodrome@localhost>"
    removed_permissions: RemovedPermissions = frozenset()
    public_url: PublicUrl = "http://127.0.0.1:8871"

    @field_validator("mail_from")
    @classmethod
    def _one_address(cls, sender: str) -> str:
        if not _SENDER.fullmatch(sender):
            raise ValueError("expected an address, such as Aerodrome <no-reply@example.com>")
        return sender
