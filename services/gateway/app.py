"""The gateway's process: its doors, opened in order and closed in the other order."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from opentelemetry.trace import SpanKind
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.deployments.contract import BUNDLES_STREAM, LOGS_STREAM
from services.gateway import jwks, pages
from services.gateway.airflow.door import AirflowDoor
from services.gateway.airflow.upstream import Upstream
from services.gateway.answers import encode, refusal
from services.gateway.bundles import BundleDoor
from services.gateway.callers import Callers
from services.gateway.connections import Runner
from services.gateway.context import Asking
from services.gateway.credentials import cookie_name
from services.gateway.errors import INTERNAL, Code
from services.gateway.execution import Engine
from services.gateway.http import GraphQLDoor
from services.gateway.iam.door import ROOT as IAM
from services.gateway.iam.door import IamDoor
from services.gateway.logs.door import PATH as LOGS
from services.gateway.logs.door import LogDoor
from services.gateway.metrics import ANSWERS
from services.gateway.origins import Origins
from services.gateway.peers import Peers
from services.gateway.platform import platform_of
from services.gateway.requests import MOST_BODY
from services.gateway.schema import build_schema
from services.gateway.settings import GatewaySettings
from services.gateway.sockets.door import SocketDoor, wants_socket
from shared.bus.client import Bus
from shared.health import Health
from shared.runtime.loop import serve
from shared.settings import load_settings
from shared.telemetry import span, start_telemetry

log: Final = logging.getLogger(__name__)

NAME: Final = "gateway"
FINISH_S: Final = 6.0
"""How long the drain waits for requests in work."""

IDLE_S: Final = 75.0
STATIC_MAX_AGE_S: Final = 86_400

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def run_gateway(settings: GatewaySettings | None = None) -> None:
    """Run the gateway until SIGTERM or SIGINT, then drain. Raises WrongSettings."""
    found = settings or load_settings(GatewaySettings)
    start_telemetry(service=NAME, level=found.log_level)
    await serve(GatewayProcess(found))


class GatewayProcess:
    """One running gateway."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._health: Health | None = None
        self._bus: Bus | None = None
        self._runner: Runner | None = None

    @property
    def port(self) -> int:
        """Return the port of the public door, 0 before it is open."""
        return int(self._runner.addresses[0][1]) if self._runner and self._runner.addresses else 0

    async def start(self) -> None:
        """Open the health door, wait for NATS, and take requests."""
        settings = self._settings
        self._health = await Health.start(
            host=settings.health_host, port=settings.health_port, checks={"nats": self._has_nats}
        )
        self._bus = await Bus.connect(settings, name=NAME, streams=[LOGS_STREAM, BUNDLES_STREAM])
        application = build_application(settings, self._bus)
        self._runner = Runner(
            application,
            shutdown_timeout=FINISH_S,
            access_log=None,
            keepalive_timeout=IDLE_S,
            auto_decompress=False,  # bodies are unpacked where a mistake gets an answer in our form
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, settings.host, settings.port).start()
        log.info("gateway is ready", extra={"port": self.port})

    async def stop(self) -> None:
        """Take no more requests, finish what is in work, and close everything."""
        log.info("gateway leaves")
        if self._health:
            self._health.leaving()
        if self._runner:
            await self._runner.cleanup()
        if self._bus:
            await self._bus.close()
        if self._health:
            await self._health.stop()

    async def _has_nats(self) -> bool:
        return self._bus is not None and self._bus.connected and self._runner is not None


def build_application(settings: GatewaySettings, bus: Bus) -> web.Application:
    """Return the web application: GraphQL by HTTP and socket, the browser IDE, and what probes ask."""
    engine = Engine(build_schema())
    origins = Origins(settings.allowed_origins, settings.doors)
    peers = Peers(settings.trusted_proxies)
    callers = Callers(bus)
    platform = platform_of(settings)
    asking = Asking(public_url=platform.public_url, platform=platform)
    graphql = GraphQLDoor(engine, bus, callers, origins, peers, asking)
    sockets = SocketDoor(engine, bus, callers, origins, peers, asking)
    bundles = BundleDoor(bus, graphql.asking_by_header, graphql.context)
    lines = LogDoor(bus, origins, graphql.asking_by_header, graphql.context)

    upstream = Upstream(hidden=cookie_name(settings.public_url))
    airflows = AirflowDoor(platform, bus, callers, peers, upstream)

    async def listen(_: web.Application) -> None:
        await callers.start()
        await upstream.open()

    async def leave(_: web.Application) -> None:
        lines.leave()
        await sockets.leave()
        await upstream.close()

    application = web.Application(
        client_max_size=MOST_BODY, middlewares=[airflows.middleware, _traced, origins.middleware, _in_form]
    )
    _add_api(application, graphql, sockets)
    application.router.add_post("/v1/deployments/{id}/dags", bundles.post)
    application.router.add_get(LOGS, lines.get, allow_head=False)
    application.add_subapp(IAM, IamDoor(graphql.asking_by_header, graphql.context).application())
    pages.add_pages(application)
    application.router.add_get(jwks.PATH, jwks.KeySet(bus).get)
    _add_probes(application, bus)
    application.on_startup.append(listen)
    application.on_shutdown.append(leave)
    application.on_cleanup.append(lambda _: asking.live.tails.close())
    return application


def _add_api(application: web.Application, graphql: GraphQLDoor, sockets: SocketDoor) -> None:
    async def get_v1(request: web.Request) -> web.StreamResponse:
        if wants_socket(request):
            return await sockets.open(request)
        return await (pages.playground.get(request) if pages.wants_page(request) else graphql.get(request))

    for path in ("/v1", "/v1/"):
        application.router.add_post(path, graphql.post)
        application.router.add_get(path, get_v1)
    application.router.add_get("/ws", sockets.open)


def _add_probes(application: web.Application, bus: Bus) -> None:
    async def ready(_: web.Request) -> web.Response:
        return web.json_response({"nats": bus.connected}, status=200 if bus.connected else 503)

    application.router.add_get("/v1/healthz", _alive)
    application.router.add_get("/healthz", _alive)
    application.router.add_get("/readyz", ready)
    application.router.add_get("/metrics", _metrics)


async def _alive(_: web.Request) -> web.Response:
    return web.json_response({})


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


@web.middleware
async def _traced(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not request.path.startswith("/v1"):
        return await handler(request)
    with span(f"{request.method} /v1", kind=SpanKind.SERVER, traceparent=request.headers.get("traceparent", "")):
        response = await handler(request)
    ANSWERS.labels(response.status).inc()
    return response


@web.middleware
async def _in_form(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every refusal the form of a GraphQL error."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code = Code.NOT_FOUND if error.status == 404 else Code.BAD_USER_INPUT
        answer = refusal(error.status, error.text or error.reason, code)
        headers = {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}
    except Exception:  # the last door before the client: told to the log, hidden from the client
        log.exception("a request failed", extra={"path": request.path})
        answer, headers = refusal(500, INTERNAL.message, INTERNAL.code), {}
    return web.json_response(text=encode(answer.body), status=answer.status, headers=headers)
