"""One call of an operation: who asks, in which organization, and what came with it."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from services.gateway.bodies import read_bytes
from services.gateway.context import RequestContext
from services.gateway.iam.models import Answer
from services.gateway.iam.refusals import invalid, invalid_fields
from services.identity.contract import OrganizationRow
from shared.errors import Invalid
from shared.messages import Command, Message, Query

A = TypeVar("A", bound=Message)
B = TypeVar("B", bound=BaseModel)

TOO_LARGE: Final = "the body is too large"
TOO_SLOW: Final = "the body did not arrive in time"


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has passed the checks before its operation."""

    request: web.Request
    context: RequestContext
    organization: OrganizationRow
    operation: "Operation"

    def path(self, name: str) -> str:
        """Return an id of the path."""
        return self.request.match_info[name]

    async def ask(self, query: Query[A]) -> A:
        """Return the answer to a query."""
        return await self.context.ask(query)

    async def send(self, command: Command[A]) -> A:
        """Return the answer to a command; the same `Idempotency-Key` at the same address is done once."""
        return await self.context.send_as(f"{self.operation.id} {self.request.path}", command)

    async def body(self, model: type[B]) -> B:
        """Return the body, whatever type it says it is; raise Refused where it is not as `model` wants it."""
        try:
            read: object = json.loads(await read_bytes(self.request))
        except web.HTTPRequestEntityTooLarge:
            raise invalid(TOO_LARGE) from None
        except TimeoutError:
            raise invalid(TOO_SLOW) from None
        except Invalid as error:
            raise invalid(error.text) from None
        except (ValueError, RecursionError):
            raise invalid("the body is not JSON") from None
        if not isinstance(read, dict):
            raise invalid("the body is not a JSON object")
        try:
            return model.model_validate(read)
        except ValidationError as error:
            raise invalid_fields(error) from None


Done: TypeAlias = Answer | None
"""What an operation answers: a body with 200, or nothing with 204."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the interface; who holds none of `permissions` anywhere is refused before the body is read."""

    id: str
    method: str
    path: str
    permissions: Sequence[str]
    run: Callable[[Call], Awaitable[Done]]


def shown(done: Done) -> dict[str, Any] | None:
    """Return the body of an answer, None for none."""
    return None if done is None else done.shown()
