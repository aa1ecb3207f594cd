"""What a handler gets and gives."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.bus.context import Context
from shared.messages import Ask, Message

AskT_co = TypeVar("AskT_co", bound=Ask[Any], covariant=True)
AnswerT_co = TypeVar("AnswerT_co", bound=Message, covariant=True)


@dataclass(frozen=True, slots=True)
class Request(Generic[AskT_co]):
    """A message with its context, as a handler gets it."""

    message: AskT_co
    context: Context


@dataclass(frozen=True, slots=True)
class Result(Generic[AnswerT_co]):
    """The answer of a handler; `stream` and `position` say where a command was committed."""

    value: AnswerT_co
    stream: str = ""
    position: int = 0


@dataclass(frozen=True, slots=True)
class Answered(Generic[AnswerT_co]):
    """An answer as the asker gets it."""

    value: AnswerT_co
    stream: str
    position: int


Handler = Callable[[Request[Any]], Awaitable[Result[Any]]]
Handlers = Mapping[type[Ask[Any]], Handler]
