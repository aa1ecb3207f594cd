"""What is drawn for wishes."""

from datetime import timedelta
from random import Random
from typing import Final, TypeVar

from hypothesis import strategies as st

from services.identity.contract import DEFAULT_ROLE, MailPurpose, Role, entity_kind, fits
from tests.unit.identity.wishes import ACCOUNTS, PLACES, SESSIONS, TEAMS, USERS, WORKSPACES

T = TypeVar("T")


def evenly(*options: T) -> st.SearchStrategy[T]:
    """Draw each option as often as the others; left alone, hypothesis likes the first, and little would happen."""
    return st.integers(0, 2**32 - 1).map(lambda seed: Random(seed).choice(options))


accounts = evenly(*ACCOUNTS)
sessions = evenly(*SESSIONS)
workspaces = evenly(*WORKSPACES)
teams = evenly(*TEAMS)
places = evenly(*PLACES)
picks = evenly(*range(6))
emails = evenly(*(f"{user}@example.com" for user in USERS))
names = evenly("", "", "ann", "ANN", "bob")
purposes = evenly(MailPurpose.CONFIRM, MailPurpose.RESET)
seldom = evenly(True, False, False, False, False)
days = evenly(timedelta(days=3), timedelta(days=1), timedelta())
times = evenly(
    timedelta(minutes=1), timedelta(minutes=40), timedelta(hours=1), timedelta(hours=13), timedelta(days=1)
) | evenly(timedelta(days=4))
OWNER: Final = -1
DEPUTY: Final = -2
STRANGER: Final = -3
anybody = evenly(*range(6), STRANGER)
"""Which of those who are known, or who may ask, is meant; seldom one who is not."""
askers = evenly(*range(6), *[OWNER] * 4, *[DEPUTY] * 3, STRANGER)
"""As `anybody`, but often an owner, else most wishes were refused, or who gives roles without holding all of them."""

FITTING: Final = [(place, role) for place in PLACES for role in Role if fits(role, place)]
STRONGEST: Final = [(place, DEFAULT_ROLE[entity_kind(place)]) for place in PLACES]
roles = evenly(*FITTING) | evenly(*STRONGEST) | st.tuples(evenly(*PLACES), evenly(*Role))
"""A role and an entity, most often one that it fits."""
