"""What answers the questions to identity."""

from services.identity.contract import (
    Authenticate,
    AuthenticateVisit,
    Bindings,
    FindPerson,
    Grants,
    Groups,
    Holders,
    IssuePass,
    LoadTeams,
    LoadUsers,
    LoadWorkspaces,
    MailDetails,
    Memberships,
    OpenOrigins,
    RoleDefinitions,
    SealOrigin,
    ServiceAccounts,
    Sessions,
    SigningKeys,
    SignUps,
    SortedTeamMembers,
    SortedTeams,
    SortedUsers,
    TeamBindings,
    TeamMembers,
    Teams,
    TheOrganization,
    Users,
    WorkspaceMembers,
    Workspaces,
)
from services.identity.handlers.kit import Kit
from services.identity.queries.authenticate import Authentication
from services.identity.queries.holders import HolderQueries
from services.identity.queries.mails import MailQueries
from services.identity.queries.origins import OriginQueries
from services.identity.queries.people import People
from services.identity.queries.service_accounts import ServiceAccountQueries
from services.identity.queries.services import ServiceQueries
from services.identity.queries.sessions import SessionQueries
from services.identity.queries.sorted_teams import SortedTeamQueries
from services.identity.queries.sorted_users import SortedUserQueries
from services.identity.queries.teams import TeamQueries
from services.identity.queries.visits import Passes
from services.identity.queries.workspaces import WorkspaceQueries
from shared.bus.request import Handlers


def query_handlers(kit: Kit) -> Handlers:
    """Return the handler of every question that identity answers."""
    holders = HolderQueries(kit)
    people, workspaces, services = People(kit), WorkspaceQueries(kit), ServiceQueries(kit)
    origins, authentication = OriginQueries(kit), Authentication(kit)
    teams, sorted_teams = TeamQueries(kit), SortedTeamQueries(kit)
    return {
        Teams: teams.teams,
        LoadTeams: teams.load_teams,
        TeamBindings: teams.bindings,
        TeamMembers: teams.members,
        Memberships: teams.memberships,
        SortedTeams: sorted_teams.teams,
        SortedUsers: SortedUserQueries(kit).users,
        SortedTeamMembers: sorted_teams.members,
        TheOrganization: services.organization,
        Authenticate: authentication.authenticate,
        AuthenticateVisit: authentication.authenticate_visit,
        IssuePass: Passes(kit).issue,
        Users: people.users,
        LoadUsers: people.load_users,
        Bindings: people.bindings,
        WorkspaceMembers: people.members,
        Holders: holders.holders,
        Groups: holders.groups,
        Workspaces: workspaces.workspaces,
        LoadWorkspaces: workspaces.load_workspaces,
        ServiceAccounts: ServiceAccountQueries(kit).service_accounts,
        SignUps: services.sign_ups,
        Grants: services.grants,
        SigningKeys: services.signing_keys,
        RoleDefinitions: services.role_definitions,
        MailDetails: MailQueries(kit).mail_details,
        Sessions: SessionQueries(kit).sessions,
        FindPerson: services.find_person,
        SealOrigin: origins.seal,
        OpenOrigins: origins.open,
    }
