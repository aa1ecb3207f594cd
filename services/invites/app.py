"""Puts the invites service together."""

from typing import Final

from services.identity.contract import SERVICE as IDENTITY
from services.identity.contract import Roles
from services.invites.authority import Authority
from services.invites.consumer import IdentityIntake
from services.invites.contract import EVENTS, SERVICE, CreateInvite, Invites, InviteTokens, WithdrawInvite
from services.invites.handlers import InviteHandlers
from services.invites.mail.smtp import MailServer, Tls
from services.invites.mail.worker import MailWorker
from services.invites.policies import NewInvitePolicy, RequestedMailPolicy
from services.invites.projections import INVITES, concern
from services.invites.queries import InviteQueries
from services.invites.settings import InvitesSettings
from services.invites.sql import FOLDER
from services.invites.timer import ExpiryWorker
from shared.audit.audited import Audited
from shared.followers.consumer import Consumer
from shared.followers.published import stream_name
from shared.service import App, Running, Service
from shared.store.events import EventTypes


def build(running: Running) -> Service:
    """Return what the service brings to the kernel."""
    settings = running.settings
    if not isinstance(settings, InvitesSettings):
        raise TypeError(f"invites needs InvitesSettings, got {type(settings).__name__}")
    authority = Authority(running.bus, Roles(settings.removed_permissions))
    commands = InviteHandlers(running, authority)
    queries = InviteQueries(running.bus, running.pool_queries, authority)
    return Service(
        handlers={
            CreateInvite: commands.create,
            WithdrawInvite: commands.withdraw,
            Invites: queries.invites,
            InviteTokens: queries.tokens,
        },
        projections=(INVITES,),
        policies=(NewInvitePolicy(), RequestedMailPolicy()),
        workers=(
            MailWorker(running.bus, _mail_server(settings), settings.public_url),
            ExpiryWorker(running.bus, running.store),
        ),
        consumers=(Consumer(source=IDENTITY, entries=IdentityIntake(running).effect),),
        audited=Audited(concern_of=concern, asker_of=authority.asker),
    )


def _mail_server(settings: InvitesSettings) -> MailServer:
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.mail_from,
        tls=Tls(settings.smtp_tls),
        user=settings.smtp_user,
        password=settings.smtp_password.get_secret_value(),
    )


APP: Final = App(
    name=SERVICE,
    types=EventTypes(EVENTS),
    settings=InvitesSettings,
    sql=FOLDER,
    build=build,
    streams=[stream_name(IDENTITY)],
)
