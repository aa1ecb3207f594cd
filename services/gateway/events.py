"""Events of subscriptions that many are shown: executed and encoded once for all who select the same of them."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, Protocol

from graphql import (
    SKIP,
    ArgumentNode,
    DocumentNode,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    VisitorAction,
    visit,
)

from services.gateway.answers import Answer, encode
from services.gateway.metrics import ENCODED
from services.gateway.requests import GraphRequest

MOST_FORMS: Final = 4
"""Forms of one answer that are kept, of viewers with the same protocol and id; ids of their own would fill memory."""


class Encoded:
    """An answer with its JSON text, and the frames around it that were asked for lately."""

    __slots__ = ("_frames", "_text", "answer")

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self._text = encode(answer.body).encode()
        self._frames: dict[bytes, bytes] = {}
        ENCODED.inc()

    def frame(self, head: bytes) -> bytes:
        """Return the text between `head` and a closing brace."""
        known = self._frames.get(head)
        if known is None:
            known = b"".join((head, self._text, b"}"))
            if len(self._frames) < MOST_FORMS:
                self._frames[head] = known
        return known


class SharedEvent:
    """An event whose answer depends on what is selected of it, and on nothing else.

    So the resolvers below it heed neither arguments nor who asks: they are given no context.
    """

    __slots__ = ("_answers", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self._answers: dict[Hashable, Encoded] = {}

    def answer(self, selection: Hashable, execute: Callable[[Any], Answer]) -> Encoded:
        """Return the answer for a selection, executed by the first who asks for it."""
        known = self._answers.get(selection)
        if known is None:
            known = self._answers[selection] = Encoded(execute(self.value))
        return known


class Allowed(Protocol):
    """What is asked before each event."""

    @property
    def open(self) -> bool:
        """Say whether it may be shown now."""
        ...


class SharedEvents:
    """Several shared events that are shown one after another, as long as that is allowed; then some are left."""

    __slots__ = ("_allowed", "_events", "_next")

    def __init__(self, events: Sequence[SharedEvent], allowed: Allowed) -> None:
        self._events = events
        self._allowed = allowed
        self._next = 0

    def __iter__(self) -> Iterator[SharedEvent]:
        while self.left and self._allowed.open:
            self._next += 1
            yield self._events[self._next - 1]

    @property
    def last(self) -> Sequence[SharedEvent]:
        """Return the last one that was shown, none where none was."""
        return self._events[max(self._next - 1, 0) : self._next]

    @property
    def left(self) -> bool:
        """Say whether some were not shown."""
        return self._next < len(self._events)


def selection_of(document: DocumentNode, operation: OperationDefinitionNode, request: GraphRequest) -> Hashable:
    """Return what tells whether two subscriptions select the same of a shared event.

    The arguments of the field chose the event, so that variables count where they stand anywhere else.
    """
    chosen = {
        id(argument) for field in operation.selection_set.selections for argument in getattr(field, "arguments", ())
    }
    names = _Names(chosen)
    visit(document, names)
    variables = {name: request.variables[name] for name in sorted(names.found) if name in request.variables}
    return request.query, request.operation_name, encode(variables)


class _Names(Visitor):
    """Collects the variables that a document uses outside of some arguments."""

    def __init__(self, chosen: AbstractSet[int]) -> None:
        super().__init__()
        self._chosen = chosen
        self.found: set[str] = set()

    def enter_variable_definition(self, *_: Any) -> VisitorAction:
        """Pass over what declares variables."""
        return SKIP

    def enter_argument(self, node: ArgumentNode, *_: Any) -> VisitorAction:
        """Pass over the arguments that do not count."""
        return SKIP if id(node) in self._chosen else None

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        """Note a variable."""
        self.found.add(node.name.value)
