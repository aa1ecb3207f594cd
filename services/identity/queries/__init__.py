"""What answers the questions to identity."""

from services.identity.contract import (
    Authenticate,
    Bindings,
    FindPerson,
    Grants,
    LoadUsers,
    LoadWorkspaces,
    MailDetails,
    ServiceAccounts,
    SignUps,
    Users,
    WorkspaceMembers,
    Workspaces,
)
from services.identity.handlers.kit import Kit
from services.identity.queries.authenticate import Authentication
from services.identity.queries.people import People
from services.identity.queries.service_accounts import ServiceAccountQueries
from services.identity.queries.services import ServiceQueries
from services.identity.queries.workspaces import WorkspaceQueries
from shared.bus.request import Handlers


def query_handlers(kit: Kit) -> Handlers:
    """Return the handler of every question that identity answers."""
    pool = kit.running.pool_queries
    people, workspaces, services = People(kit.running), WorkspaceQueries(pool), ServiceQueries(kit)
    return {
        Authenticate: Authentication(kit).authenticate,
        Users: people.users,
        LoadUsers: people.load_users,
        Bindings: people.bindings,
        WorkspaceMembers: people.members,
        Workspaces: workspaces.workspaces,
        LoadWorkspaces: workspaces.load_workspaces,
        ServiceAccounts: ServiceAccountQueries(pool).service_accounts,
        SignUps: services.sign_ups,
        Grants: services.grants,
        MailDetails: services.mail_details,
        FindPerson: services.find_person,
    }
