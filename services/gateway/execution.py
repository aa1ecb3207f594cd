"""Runs one document against the schema and answers in Houston's form."""

from collections.abc import AsyncGenerator, Awaitable, Iterable
from contextlib import aclosing
from functools import lru_cache
from typing import Any, Final, TypeGuard, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,  # pyright: ignore[reportUnknownVariableType]
    execute,  # pyright: ignore[reportUnknownVariableType]  # the library leaves its executor open
    execute_subscription_event,  # pyright: ignore[reportUnknownVariableType]
    get_operation_ast,
)

from services.gateway.answers import Answer, executed, format_error, refusal, refusals
from services.gateway.context import RequestContext
from services.gateway.documents import Documents, Refused
from services.gateway.errors import Code
from services.gateway.events import Encoded, SharedEvents, selection_of
from services.gateway.limits import check_shape
from services.gateway.requests import GraphRequest
from services.gateway.rows import TOO_MANY, CountingExecutor
from shared.errors import AerodromeError
from shared.telemetry import caused_by

ONLY_SOCKETS: Final = "Subscriptions are offered over the WebSocket at /ws"
ONLY_POST: Final = "GET is for queries, send mutations with POST"


class Engine:
    """The executable schema and its known documents."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.documents = Documents(schema)

    async def answer(self, request: GraphRequest, context: RequestContext, *, only_query: bool = False) -> Answer:
        """Return the answer to a query or mutation; a document that can't be executed is answered with 400."""
        try:
            document, operation = self._prepare(request)
        except Refused as refused:
            return refusals(400, refused.errors, refused.code)
        if operation.operation is OperationType.SUBSCRIPTION:
            return refusal(400, ONLY_SOCKETS, Code.BAD_USER_INPUT)
        if only_query and operation.operation is not OperationType.QUERY:
            return refusal(405, ONLY_POST, Code.BAD_USER_INPUT)
        try:
            context.budget.charge(check_shape(self.schema, document))
        except GraphQLError as error:
            return refusals(400, [error], Code.BAD_USER_INPUT)
        return await self._execute(document, request, context, operation.operation)

    async def answers(
        self, request: GraphRequest, context: RequestContext
    ) -> AsyncGenerator[Answer | Iterable[Encoded]]:
        """Yield the answers to any operation: one to a query or mutation, one for each event of a subscription."""
        try:
            document, operation = self._prepare(request)
        except Refused as refused:
            yield refusals(400, refused.errors, refused.code)
            return
        if operation.operation is not OperationType.SUBSCRIPTION:
            yield await self._execute(document, request, context, operation.operation)
            return
        async with aclosing(self._events(document, operation, request, context)) as answers:
            try:
                async for answer in answers:
                    yield answer
            except AerodromeError as error:
                ended = GraphQLError(error.text, operation, original_error=error)
                yield Answer(200, {"data": None, "errors": [format_error(ended)]})

    async def _events(
        self, document: DocumentNode, operation: OperationDefinitionNode, request: GraphRequest, context: RequestContext
    ) -> AsyncGenerator[Answer | Iterable[Encoded]]:
        """Yield an answer for each event; those of shared ones are made by the first who selects the same of them."""
        built = cast("Any", Executor).build(  # it is generic in a type that it is told nowhere
            self.schema,
            document,
            context_value=context,
            raw_variable_values=dict(request.variables),
            operation_name=request.operation_name,
        )
        if isinstance(built, list):
            yield executed(ExecutionResult(None, cast("list[GraphQLError]", built)))
            return
        executor: Any = built
        made = create_source_event_stream(executor)
        source = await cast("Awaitable[Any]", made) if isinstance(made, Awaitable) else made
        if isinstance(source, ExecutionResult):
            yield executed(source)
            return
        selected = selection_of(document, operation, request)
        if (last_event := context.last_event) is not None:
            context.farewell = lambda why: Encoded(_shared(executor, last_event(why).value))
        async with aclosing(cast("AsyncGenerator[Any]", source)) as events:
            async for event in events:
                if isinstance(event, SharedEvents):
                    yield (each.answer(selected, lambda value: _shared(executor, value)) for each in event)
                else:
                    result = execute_subscription_event(executor.build_per_event_executor(event))
                    yield executed(await result if isinstance(result, Awaitable) else result)

    def _prepare(self, request: GraphRequest) -> tuple[DocumentNode, OperationDefinitionNode]:
        document = self.documents.prepare(request.query)
        operation = get_operation_ast(document, request.operation_name)
        if operation is None:
            told = "Must provide the operationName of one of the document's operations"
            raise Refused([GraphQLError(told)], Code.BAD_USER_INPUT)
        return document, operation

    async def _execute(
        self, document: DocumentNode, request: GraphRequest, context: RequestContext, kind: OperationType
    ) -> Answer:
        with caused_by(correlation_id=context.correlation_id, message_id=context.correlation_id):
            result = execute(
                self.schema,
                document,
                context_value=context,
                variable_values=dict(request.variables),
                operation_name=request.operation_name,
                executor_class=CountingExecutor,
                is_awaitable=_is_awaitable,
            )
            finished = result if isinstance(result, ExecutionResult) else await result
            if context.budget.spent and kind is OperationType.QUERY:
                return refusal(400, TOO_MANY, Code.BAD_USER_INPUT)
            return executed(finished, stale=context.stale)


def _shared(executor: Any, value: Any) -> Answer:
    """Return the answer to an event for all who select the same of it: in nobody's name, and at once."""
    alone = executor.build_per_event_executor(value)
    alone.context_value = None
    result = execute_subscription_event(alone)
    if isinstance(result, Awaitable):
        raise TypeError("what is shown of a shared event must be there at once")
    return executed(result)


def _is_awaitable(value: object) -> TypeGuard[Awaitable[Any]]:
    return _awaits(type(value))  # type: ignore[arg-type]  # mypy takes the __hash__ of instances for that of types


@lru_cache(maxsize=256)
def _awaits(kind: type) -> bool:
    """Say whether things of a type can be awaited: told by the type as Python does, and once for all rows of a list.

    The library asks each value for the attribute, which is slow for rows: pydantic searches for what is not there.
    """
    return hasattr(kind, "__await__")
