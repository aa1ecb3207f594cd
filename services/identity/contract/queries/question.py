"""What the questions have in common."""

from typing import Final

from pydantic import ConfigDict, Field

from shared.messages import MOST_ROWS, AnswerT, Query

MOST_ROLES: Final = 200
"""Bindings that a UserRow carries."""


class Question(Query[AnswerT]):
    """The base of every question."""

    # A token or an address must not stand in the text of an error.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Paged(Question[AnswerT]):
    """A question about a list that comes in pages, by rising id."""

    after_id: str = ""
    limit: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)
