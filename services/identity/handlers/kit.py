"""What the handlers of identity share."""

from dataclasses import dataclass
from datetime import timedelta

from services.identity.contract import Roles
from services.identity.handlers.gate import Gate
from services.identity.handlers.organization import TheOrganization
from services.identity.handlers.uses import Uses
from services.identity.secrets.mail_tokens import MailTokens
from services.identity.secrets.passwords import Passwords
from services.identity.secrets.signing_keys import SigningKeys
from services.identity.secrets.tokens import Tokens
from services.identity.secrets.tombstones import Tombstones
from services.identity.settings import IdentitySettings
from shared.audit.origins import OriginSeals
from shared.service import Running


@dataclass(frozen=True, slots=True)
class Kit:
    """The running service, its settings and its secrets."""

    running: Running
    settings: IdentitySettings
    organization: TheOrganization
    roles: Roles
    passwords: Passwords
    signing_keys: SigningKeys
    tokens: Tokens
    mail_tokens: MailTokens
    tombstones: Tombstones
    origins: OriginSeals
    uses: Uses
    gate: Gate


def kit(running: Running) -> Kit:
    """Return the kit of a running identity; raise TypeError where settings are missing."""
    settings, master_key = running.settings, running.settings.master_key_bytes()
    if not isinstance(settings, IdentitySettings) or master_key is None or running.keys is None:
        raise TypeError(f"identity needs IdentitySettings with a master key, got {type(settings).__name__}")
    signing_keys = SigningKeys(
        running.pool_queries, master_key, overlap=timedelta(seconds=settings.signing_key_overlap_s)
    )
    return Kit(
        running=running,
        settings=settings,
        organization=TheOrganization(running.store, running.commands, name=settings.organization_name),
        roles=Roles(settings.removed_permissions),
        passwords=Passwords(),
        signing_keys=signing_keys,
        tokens=Tokens(signing_keys),
        mail_tokens=MailTokens(master_key),
        tombstones=Tombstones(settings.tombstones_file),
        origins=OriginSeals(running.keys),
        uses=Uses(running.pool_queries),
        gate=Gate(running.pool_queries, master_key),
    )
