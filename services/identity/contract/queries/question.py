"""What the questions have in common."""

from enum import StrEnum
from typing import Final, Generic, TypeVar

from pydantic import ConfigDict, Field

from shared.messages import MOST_ROWS, AnswerT, Message, Query

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


FieldT = TypeVar("FieldT", bound=StrEnum)

MOST_CRITERIA: Final = 5


class Order(Message, Generic[FieldT]):
    """One criterion of an order; of two with the same field the first counts."""

    by: FieldT
    down: bool = False


class Sorted(Question[AnswerT], Generic[AnswerT, FieldT]):
    """A question about a list in an order of the asker's, from the place `offset` on; the reply has the whole count.

    Without `orders` by the time of creation; what is equal in all of them stands by rising id. Texts stand in the order
    of their code points. A reply may hold fewer rows than `limit`; the asker goes on behind them while `more`.
    """

    orders: tuple[Order[FieldT], ...] = Field(default=(), max_length=MOST_CRITERIA)
    offset: int = Field(default=0, ge=0, le=2**31)
    limit: int = Field(default=MOST_ROWS, ge=0, le=MOST_ROWS)
