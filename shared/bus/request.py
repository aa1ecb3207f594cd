"""What a handler gets and gives."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.bus.context import Context
from shared.messages import Ask, Message

AskT = TypeVar("AskT", bound=Ask[Any])
AnswerT = TypeVar("AnswerT", bound=Message)


@dataclass(frozen=True, slots=True)
class Request(Generic[AskT]):
    """A message with its context, as a handler gets it."""

    message: AskT
    context: Context


@dataclass(frozen=True, slots=True)
class Result(Generic[AnswerT]):
    """The answer of a handler; `stream` and `position` say where a command was committed."""

    value: AnswerT
    stream: str = ""
    position: int = 0


@dataclass(frozen=True, slots=True)
class Answered(Generic[AnswerT]):
    """An answer as the asker gets it."""

    value: AnswerT
    stream: str
    position: int


Handler = Callable[[Request[Any]], Awaitable[Result[Any]]]
Handlers = Mapping[type[Ask[Any]], Handler]
