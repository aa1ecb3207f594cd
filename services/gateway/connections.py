"""The HTTP connections of the gateway: what is no HTTP gets a short answer in our form, and not its own text back."""

import asyncio
import logging
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from services.gateway.answers import encode, refusal
from services.gateway.errors import Code
from services.gateway.metrics import MALFORMED
from services.gateway.peers import Told, read_address

log: Final = logging.getLogger(__name__)

NO_HTTP: Final = "The request is not valid HTTP"
TOO_LONG: Final = "The request has a line that is too long, in its first line or its headers"


class Runner(web.AppRunner):
    """Runs an application on such connections; `options` are those of aiohttp's connections."""

    def __init__(self, application: web.Application, *, shutdown_timeout: float, **options: Any) -> None:
        super().__init__(application, shutdown_timeout=shutdown_timeout)
        self._options = options

    async def _make_server(self) -> web.Server:  # what aiohttp has a runner differ by
        made = await super()._make_server()
        return _Server(made.request_handler, request_factory=made.request_factory, **self._options)


class _Server(web.Server):
    """Makes the connections."""

    def __init__(self, handler: Any, **options: Any) -> None:
        super().__init__(handler, request_factory=options.pop("request_factory"))
        self._options = options
        self._told = Told()

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, told=self._told, **self._options)


class _Connection(web.RequestHandler):
    """A connection that keeps to itself what it could not read."""

    def __init__(self, server: web.Server, *, told: Told, **options: Any) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self._told = told

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the answer to what could not be read; tell of it once a network, and count it."""
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)  # a mistake of ours
        MALFORMED.inc()
        if network := self._told.first(read_address(request.remote or "")):
            log.info("a request is not valid HTTP", extra={"network": network, "found": type(exc).__name__})
        answer = refusal(400, TOO_LONG if isinstance(exc, LineTooLong) else NO_HTTP, Code.BAD_USER_INPUT)
        response = web.json_response(text=encode(answer.body), status=answer.status)
        response.force_close()
        return response
