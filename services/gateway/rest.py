"""The form in which the REST doors on /v1 refuse: that of GraphQL's errors, never with 401 or 403."""

from aiohttp import web

from services.gateway.answers import encode, refusal
from services.gateway.errors import UNAVAILABLE, Code, public
from services.gateway.http import HEADERS
from shared.errors import AerodromeError, NotFound


def refused(status: int, message: str, code: Code) -> web.Response:
    """Return the answer to a request that was not done."""
    answer = refusal(status, message, code)
    headers = {**HEADERS, "Retry-After": "1"} if status == web.HTTPServiceUnavailable.status_code else HEADERS
    return web.json_response(text=encode(answer.body), status=answer.status, headers=headers)


def refused_for(error: AerodromeError) -> web.Response:
    """Return the answer that an error gets: 404, 503 for what may be sent again, else 400."""
    told = public(error)
    status = 404 if isinstance(error, NotFound) else 503 if told.code is UNAVAILABLE.code else 400
    return refused(status, told.message, told.code)


def try_again() -> web.Response:
    """Return the answer to a request for which there is no room now."""
    return refused(503, UNAVAILABLE.message, UNAVAILABLE.code)
