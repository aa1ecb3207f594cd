"""The door of the IAM REST interface, /iam/v1beta1: who may come in, and the form of every answer.

The order of the checks is that of iam.md, section 4: who asks, the organization, the operation, the shape, what is
there, the rules, and last what nobody may give because they do not hold it. All but the first three are the services'.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import uuid4

from aiohttp import web

from services.gateway.context import Asking, RequestContext
from services.gateway.errors import UNAVAILABLE
from services.gateway.http import HEADERS
from services.gateway.iam.call import Call, Operation, shown
from services.gateway.iam.refusals import NO_ACCESS, Refused, refused_for
from services.gateway.iam.teams import OPERATIONS as TEAMS
from services.gateway.iam.users import OPERATIONS as USERS
from services.gateway.metrics import ANSWERS
from services.gateway.work import Work
from services.identity.contract import OrganizationRow, TheOrganization
from shared.auth import Principal
from shared.errors import AerodromeError

log: Final = logging.getLogger(__name__)

ROOT: Final = "/iam/v1beta1"
BASE: Final = "/organizations/{organizationId}"
OPERATIONS: Final = (*USERS, *TEAMS)

_BEARER: Final = re.compile(r"bearer +\S+ *", re.IGNORECASE)
_REQUEST_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class IamDoor:
    """Answers the operations; `asking` tells what a request brings, whose credential counts in a header alone."""

    asking: Callable[[web.Request], Asking]
    context: Callable[[Asking], RequestContext]
    _work: Work = field(default_factory=Work)
    _organization: OrganizationRow | None = None

    def application(self) -> web.Application:
        """Return what is to be mounted at ROOT; its own 404 and 405 have the interface's form, too."""
        application = web.Application(middlewares=[self._in_form])
        for operation in OPERATIONS:
            application.router.add_route(
                operation.method, f"{BASE}{operation.path}", partial(self._answer, operation=operation)
            )
        return application

    async def _answer(self, request: web.Request, *, operation: Operation) -> web.Response:
        asking = self.asking(request)
        context = self.context(asking)
        with self._work.place(asking.origin.site) as admitted:
            if not admitted:
                raise Refused(503, UNAVAILABLE.message, headers={"Retry-After": "1"})
            if not _BEARER.fullmatch(request.headers.get("Authorization", "")):
                raise Refused(401, "Unauthorized")
            await context.signed_in_caller()
            organization = await self._entered(request, context, operation)
            body = shown(await operation.run(Call(request, context, organization, operation)))
        stale = {"Aerodrome-Stale": "true"} if context.stale else {}
        if body is None:
            return web.Response(status=204, headers=stale)
        return web.json_response(body, headers=stale)

    async def _entered(self, request: web.Request, context: RequestContext, operation: Operation) -> OrganizationRow:
        """Return the organization of the path; raise Refused for another, and for who may not."""
        organization = self._organization = self._organization or await context.ask(TheOrganization())
        holder = await context.holder()
        here = request.match_info["organizationId"] == organization.id and holder.grants
        if not here or not any(_holds_anywhere(holder, each) for each in operation.permissions):
            raise Refused(403, NO_ACCESS)
        return organization

    @web.middleware
    async def _in_form(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Give every refusal the form of the interface, and every answer the id of its request."""
        id_ = _request_id(request)
        try:
            response = await handler(request)
        except Refused as refused:
            response = _refusal(refused, id_)
        except AerodromeError as error:
            response = _refusal(refused_for(error), id_)
        except web.HTTPException as error:
            text = f"{request.method} {request.path} is not part of this interface"
            headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
            response = _refusal(Refused(error.status, text, headers=headers), id_)
        except Exception:  # the last door before the client: told to the log, hidden from the client
            log.exception("a request failed", extra={"path": request.path, "request_id": id_})
            response = _refusal(Refused(500, "Internal server error"), id_)
        response.headers.update({**HEADERS, "X-Request-Id": id_})
        ANSWERS.labels(response.status).inc()
        return response


def _holds_anywhere(who: Principal, permission: str) -> bool:
    roles = {grant.role for grant in who.grants}
    return any(permission in who.permission_sets.get(role, frozenset()) for role in roles)


def _request_id(request: web.Request) -> str:
    """Return the id that the client gave, where it is one that can be sent back; else a new one."""
    given = request.headers.get("X-Request-Id", "")
    return given if _REQUEST_ID.fullmatch(given) else str(uuid4())


def _refusal(refused: Refused, request_id: str) -> web.Response:
    headers: Mapping[str, str] = refused.headers or {}
    return web.json_response(refused.body(request_id), status=refused.status, headers=headers)
