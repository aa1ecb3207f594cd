"""Wishes as the handlers of identity write them, on streams in memory."""

from tests.unit.identity.wishes.accounts import Accounts
from tests.unit.identity.wishes.people import People
from tests.unit.identity.wishes.teams import Teams
from tests.unit.identity.wishes.things import Things
from tests.unit.identity.wishes.world import ACCOUNTS, PLACES, ROLES, SESSIONS, TEAMS, USERS, WORKSPACES, Bound, Wish

__all__ = ["ACCOUNTS", "PLACES", "ROLES", "SESSIONS", "TEAMS", "USERS", "WORKSPACES", "Bound", "Wish", "Wishes"]


class Wishes(People, Accounts, Teams, Things):
    """Makes wishes; what they are about is looked up when they are decided, as by a handler."""
