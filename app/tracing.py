"""OpenTelemetry traces: off unless `UNICO_OTEL_ENDPOINT` is set, and an optional extra."""

from collections.abc import Callable
from importlib.metadata import version

from starlette.types import ASGIApp

from app.settings import Settings, SettingsError

_EXCLUDED = "/live$,/ready$,/metrics$,/labels/"
"""Probes; and addresses of labels, since spans carry the whole address and theirs is a secret."""


def set_up_tracing(settings: Settings) -> Callable[[ASGIApp], ASGIApp]:
    """A function that wraps an application so that its requests are traced.

    Without an endpoint it returns the application as it is. Call it once per process: it also
    instruments asyncpg, which carries every statement (the SQLAlchemy instrumentor refuses 2.1).

    Raises:
        SettingsError: an endpoint is set and the extra `otel` is not installed.
    """
    if not settings.otel_endpoint:
        return lambda app: app
    try:
        # The extra is optional, and nobody pays its import time who does not trace.
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
        from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingsError(
            "UNICO_OTEL_ENDPOINT needs the extra `otel`: pip install -r requirements/otel.txt"
        ) from error
    name = {"service.name": "unico", "service.version": version("unico")}
    provider = TracerProvider(resource=Resource.create(name))
    endpoint = f"{settings.otel_endpoint.rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)
    AsyncPGInstrumentor().instrument(tracer_provider=provider)

    def traced(app: ASGIApp) -> ASGIApp:
        return OpenTelemetryMiddleware(app, excluded_urls=_EXCLUDED, tracer_provider=provider)

    return traced
