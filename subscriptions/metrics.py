"""Numbers about live updates, for Prometheus."""

import contextlib
from collections.abc import Generator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LAG_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


class LiveMetrics:
    """What a hub, its stream and its subscriptions count. One per registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.subscriptions = Gauge(
            "unico_live_subscriptions",
            "Open subscriptions.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.degraded = Gauge(
            "unico_live_degraded",
            "1 while the hub polls the event log, because the stream is away or silent.",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.cohorts = Gauge(
            "unico_live_cohorts",
            "Groups of subscriptions that share what is made for them.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.deliveries = Counter(
            "unico_live_deliveries", "Commits handed to subscriptions.", registry=registry
        )
        self.lagging = Counter(
            "unico_live_lagging",
            "Times that a client read so slowly that it was taken out of its cohort.",
            registry=registry,
        )
        self.aborted = Counter(
            "unico_live_aborted",
            "Connections that were cut because their client had stopped reading.",
            registry=registry,
        )
        self.coalesced = Counter(
            "unico_live_coalesced",
            "Changes of a state that a slow subscription got only the newest of.",
            registry=registry,
        )
        self.bursts = Counter(
            "unico_live_bursts",
            "Times that a subscription got more at once than it keeps, and read the log instead.",
            registry=registry,
        )
        self.overflows = Counter(
            "unico_live_overflows",
            "Subscriptions that were ended because they fell too far behind.",
            registry=registry,
        )
        self.gaps = Counter(
            "unico_live_gaps",
            "Times that events were missing in the stream and were read from the log.",
            registry=registry,
        )
        self.resyncs = Counter(
            "unico_live_resyncs",
            "Cursors that could not be resumed.",
            ["reason"],
            registry=registry,
        )
        self.dropped_messages = Counter(
            "unico_stream_dropped_messages",
            "Messages that could not be written to the stream.",
            registry=registry,
        )
        self.reconnects = Counter(
            "unico_stream_reconnects",
            "Connections to the stream server that were lost.",
            registry=registry,
        )
        self.publish_lag = Histogram(
            "unico_live_publish_lag_seconds",
            "Time from the start of a transaction to the hand-over to subscriptions.",
            buckets=_LAG_SECONDS,
            registry=registry,
        )

    @contextlib.contextmanager
    def subscribed(self) -> Generator[None]:
        """Inside, one more subscription is counted."""
        self.subscriptions.inc()
        try:
            yield
        finally:
            self.subscriptions.dec()
