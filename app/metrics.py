"""Numbers for Prometheus. One registry per worker; several workers are summed up on reading."""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

# Read by prometheus-client itself when a metric is made: a folder shared by all workers.
MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The registry, and the metrics of the HTTP edge. Other parts add theirs to `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "unico_http_requests",
            "HTTP requests answered.",
            ["method", "path", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "unico_http_request_seconds",
            "Time from request to the end of the answer, without event streams.",
            ["path"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.running_requests = Gauge(
            "unico_http_running_requests",
            "HTTP requests being answered, event streams included.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.sockets = Gauge(
            "unico_websockets",
            "Open WebSockets.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )

    def render(self) -> bytes:
        """All metrics in Prometheus' text format, of every worker of this installation."""
        if MULTIPROCESS_FOLDER not in os.environ:
            return generate_latest(self.registry)
        summed = CollectorRegistry()
        MultiProcessCollector(summed)
        return generate_latest(summed)
