"""What the wishes have in common."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import ConfigDict, Field

from shared.clock import utc_now
from shared.messages import AnswerT, Command, Generated

MOST_TEXT: Final = 255
"""Characters of a label, a category, a username or a person's name."""


MOST_DESCRIPTION: Final = 4096


Now = Annotated[datetime, Generated()]


Secret = Annotated[str, Generated()]
"""A secret: kept out of the digest of the wish, for that is stored, and fast to guess from."""


class Wish(Command[AnswerT]):
    """The base of every wish: with its time, and no unknown fields."""

    # A refused value must not stand in an error's text: it may be a password or an address.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    now: Now = Field(default_factory=utc_now)
