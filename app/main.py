"""The ASGI application of a worker."""

import contextlib
import gc
from collections.abc import AsyncGenerator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from app import graphiql
from app.answers import on_exception, on_http_exception
from app.auth.exchange import PATH as DEVICE_PATH
from app.auth.exchange import device_route
from app.graphql_view import GraphQLView
from app.guards import BodyLimit, SecurityHeaders, SocketLimit
from app.imports.routes import import_routes
from app.invoices.routes import accounting_routes
from app.labels.route import labels_route
from app.lifecycle import Lifecycle
from app.metrics import Metrics
from app.operations import operations_routes
from app.printing.routes import printing_routes
from app.request_context import RequestContext
from app.resources import Resources
from app.schema import Schema, build_schema
from app.settings import Settings
from app.webhooks.payments import psp_webhooks_route
from app.webhooks.route import webhooks_route
from app.webhooks.wiring import psp_webhooks_of, webhooks_of
from schema.imports import IMPORT_PATH

GRAPHQL_PATH = "/graphql"


def create_app(settings: Settings, schema: Schema | None = None) -> Starlette:
    """The application. Its resources open with its lifespan; `settings` must name the servers.

    It serves Unico's schema unless another is given.
    """
    lifecycle, metrics = Lifecycle(), Metrics()
    resources = Resources(settings, metrics)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with resources.open():
            # What was made so far stays for good: the collector need not walk over it each time.
            gc.collect()
            gc.freeze()
            yield

    app = Starlette(
        routes=_routes(schema or build_schema(settings), resources, lifecycle, metrics),
        middleware=_middleware(settings, lifecycle, metrics),
        exception_handlers={HTTPException: on_http_exception, Exception: on_exception},
        lifespan=lifespan,
    )
    app.state.lifecycle = lifecycle
    app.state.resources = resources
    return app


def _routes(
    schema: Schema, resources: Resources, lifecycle: Lifecycle, metrics: Metrics
) -> list[BaseRoute]:
    view = GraphQLView(schema, resources)
    routes: list[BaseRoute] = [
        Route(GRAPHQL_PATH, view),
        WebSocketRoute(GRAPHQL_PATH, view),
        device_route(resources),
        labels_route(resources),
        webhooks_route(resources, webhooks_of(resources.settings)),
        psp_webhooks_route(resources, psp_webhooks_of(resources.settings)),
        *printing_routes(resources),
        *accounting_routes(resources),
        *import_routes(resources),
        *operations_routes(lifecycle, metrics, resources.checks),
    ]
    if resources.settings.graphiql:
        routes.append(graphiql.files())
    return routes


def _middleware(settings: Settings, lifecycle: Lifecycle, metrics: Metrics) -> list[Middleware]:
    paths = frozenset({GRAPHQL_PATH, DEVICE_PATH})
    layers = [
        Middleware(RequestContext, lifecycle=lifecycle, metrics=metrics, paths=paths),
        Middleware(SecurityHeaders),
        Middleware(
            SocketLimit,
            most_per_address=settings.max_sockets_per_address,
            most=settings.max_concurrency,
        ),
        Middleware(
            BodyLimit,
            most_bytes=settings.max_body_bytes,
            other={f"{IMPORT_PATH}/": settings.max_import_bytes},
        ),
    ]
    if settings.allowed_origins:
        layers.insert(2, _cross_origin(settings))
    if settings.allowed_hosts:
        hosts = list(settings.allowed_hosts)
        layers.insert(2, Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False))
    return layers


def _cross_origin(settings: Settings) -> Middleware:
    """Other origins may call with a token; cookies play no part, so none are allowed."""
    return Middleware(
        CORSMiddleware,
        allow_origins=settings.allowed_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", "idempotency-key", "x-correlation-id"],
        expose_headers=["x-correlation-id"],
        max_age=3_600,
    )
