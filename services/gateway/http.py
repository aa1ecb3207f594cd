"""GraphQL over HTTP: POST and GET on /v1."""

from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from services.gateway.answers import Answer, encode, refusal
from services.gateway.bodies import read_bytes
from services.gateway.callers import Callers
from services.gateway.context import Asking, RequestContext
from services.gateway.credentials import cookie_name, token_of
from services.gateway.errors import UNAVAILABLE, Code, sentence
from services.gateway.execution import Engine
from services.gateway.origins import Origins
from services.gateway.peers import Peers
from services.gateway.requests import MOST_BODY, Batch, GraphRequest, read_body, read_query
from services.gateway.rows import Budget
from services.gateway.work import Work
from shared.bus.client import Bus
from shared.clock import utc_now
from shared.errors import Invalid

TOO_LARGE: Final = f"The request body is larger than {MOST_BODY} bytes"
NOT_JSON: Final = "The Content-Type must be application/json"
TOO_SLOW: Final = "The request body did not arrive in time"
HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class GraphQLDoor:
    """The handlers of /v1; `asking` is what all requests have in common."""

    def __init__(
        self,
        engine: Engine,
        bus: Bus,
        callers: Callers,
        origins: Origins,
        peers: Peers,
        asking: Asking,
    ) -> None:
        self._engine = engine
        self._bus = bus
        self._callers = callers
        self._origins = origins
        self._peers = peers
        self._asks = asking
        self._cookie = cookie_name(asking.public_url)
        self._work = Work()
        self._secure = asking.public_url.startswith("https:")

    async def post(self, request: web.Request) -> web.Response:
        """Answer one request or an array of them.

        Any other type is refused unread: browsers let foreign pages send text and forms without asking us first.
        """
        if request.content_type != "application/json":
            return _response(refusal(415, NOT_JSON, Code.BAD_USER_INPUT))
        try:
            batch = read_body(await read_bytes(request))
        except TimeoutError:
            return _response(refusal(408, TOO_SLOW, Code.BAD_USER_INPUT))
        except web.HTTPRequestEntityTooLarge:
            return _response(refusal(413, TOO_LARGE, Code.BAD_USER_INPUT))
        except Invalid as error:
            return _response(refusal(400, sentence(error.text), Code.BAD_USER_INPUT))
        return await self._answer_all(request, batch)

    async def get(self, request: web.Request) -> web.Response:
        """Answer the query in the parameter `query`."""
        try:
            asked = read_query(request.query)
        except Invalid as error:
            return _response(refusal(400, sentence(error.text), Code.BAD_USER_INPUT))
        answer, _ = await self._answer(request, asked, only_query=True)
        return _response(answer)

    async def _answer_all(self, request: web.Request, batch: Batch) -> web.Response:
        if not batch.many:
            answer, context = await self._answer(request, batch.requests[0])
            response = _response(answer)
            if self._origins.allows(request):  # a foreign page could else sign its reader in as somebody else
                self._set_cookie(response, context)
            return response
        bodies: list[Any] = []
        budget = Budget()
        for asked in batch.requests:
            answer, _ = await self._answer(request, asked, budget=budget)
            bodies.append(answer.body)
        return _response(Answer(200, {}), bodies)

    async def _answer(
        self, request: web.Request, asked: GraphRequest, *, only_query: bool = False, budget: Budget | None = None
    ) -> tuple[Answer, RequestContext]:
        asking = self._asking(request, asked.index)
        context = RequestContext(self._bus, self._callers, asking, budget=budget or Budget())
        with self._work.place(asking.origin.site) as admitted:
            if not admitted:
                return refusal(200, UNAVAILABLE.message, UNAVAILABLE.code), context
            return await self._engine.answer(asked, context, only_query=only_query), context

    def asking_by_header(self, request: web.Request) -> Asking:
        """Return what a request brings whose credential counts in a header alone."""
        return self._asking(request, 0, cookie="")

    def context(self, asking: Asking) -> RequestContext:
        """Return the context of an operation."""
        return RequestContext(self._bus, self._callers, asking)

    def _asking(self, request: web.Request, index: int, *, cookie: str | None = None) -> Asking:
        # A browser sends its cookie by itself, so it counts only where the page is ours.
        if cookie is None:
            cookie = request.cookies.get(self._cookie, "") if self._origins.is_ours(request) else ""
        return replace(
            self._asks,
            token=token_of(request.headers, cookie=cookie),
            idempotency_key=request.headers.get("Idempotency-Key"),
            index=index,
            origin=self._peers.origin(request),
        )

    def _set_cookie(self, response: web.Response, context: RequestContext) -> None:
        """Have a browser keep the session that just began, or drop the one that ended."""
        session = context.session
        if session is not None:
            response.set_cookie(
                self._cookie,
                session.token,
                max_age=max(0, int((session.expires_at - utc_now()).total_seconds())),
                path="/",
                httponly=True,
                samesite="Strict",
                secure=self._secure,
            )
        if context.signed_out:
            response.del_cookie(self._cookie, path="/", httponly=True, samesite="Strict", secure=self._secure)


def _response(answer: Answer, body: Any = None) -> web.Response:
    text = encode(answer.body if body is None else body)
    response = web.json_response(text=text, status=answer.status, headers=HEADERS)
    if answer.status == web.HTTPMethodNotAllowed.status_code:
        response.headers["Allow"] = "POST"
    return response
