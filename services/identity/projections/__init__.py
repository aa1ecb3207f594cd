"""The read models of identity, and the pure folds behind them that the replies of commands use too."""

from collections.abc import Sequence
from typing import Final

from services.identity.projections.people import PeopleProjection
from services.identity.projections.tables import SERVICE_ACCOUNTS, SESSIONS, WORKSPACES
from shared.followers.projection import Projection

PROJECTIONS: Final[Sequence[Projection]] = (PeopleProjection(), WORKSPACES, SERVICE_ACCOUNTS, SESSIONS)
