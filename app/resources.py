"""Everything that a worker keeps open, opened once and closed in the opposite order."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import httpx2
import structlog
from broadcaster import Broadcast
from redis.asyncio import Redis

from app.auth.authenticate import Authenticator
from app.auth.jwks import RemoteKeys
from app.auth.sessions import Sessions
from app.auth.tokens import (
    DEVELOPMENT_ISSUER,
    DEVICE_ISSUER,
    KeySource,
    LocalIssuer,
    TokenVerifier,
    development_issuer,
    device_issuer,
)
from app.duties import CALLS, Duty, duties_of
from app.easypost.wiring import carriers_of
from app.housekeeping import keep_house
from app.imports.duties import EVERY_S, forgetting, working
from app.metrics import Metrics
from app.notifying.wiring import EVERY_S as TELLING_EVERY_S
from app.notifying.wiring import notifying, senders_of, shop_of
from app.operations import Check, database_check, events_check, redis_check
from app.relay import Relay, RelayMetrics
from app.settings import Settings, SettingsError
from app.stripe.wiring import PROVIDER, gateway_of
from app.trials import simulating
from domain.common.database import Database, read_engine, write_engine
from domain.orders.batching.engine import LANES, LOCK_TIMEOUT, OrderEngine
from domain.orders.place import Terms
from domain.payments.gateway import PaymentGateway
from domain.payments.payouts import PayoutSource, store_lines
from domain.payments.sandbox import SandboxGateway
from domain.sourcing.ruled import ByRuleSets
from schema.context import Services
from subscriptions.fanout import Fanout
from subscriptions.hub import Hub
from subscriptions.metrics import LiveMetrics
from subscriptions.stream import EventStreamBackend

_GATEWAY_CONNECTIONS = 2

log = structlog.get_logger("unico.resources")


class Resources:
    """The worker's resources. What is not open yet is an AttributeError."""

    services: Services
    authenticator: Authenticator
    device_issuer: LocalIssuer

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self._live_metrics = LiveMetrics(metrics.registry)
        self._relay_metrics = RelayMetrics(metrics.registry)
        self._checks: Sequence[Check] = ()
        self._payouts: PayoutSource | None = None

    def checks(self) -> Sequence[Check]:
        """What `/ready` looks at."""
        return self._checks

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """Inside, everything is open and running."""
        async with contextlib.AsyncExitStack() as stack:
            broadcast = await self._open_broadcast(stack)
            relay = self._relay(broadcast)
            database = await self._open_database(stack, relay)
            hub = Hub(database, broadcast, self._live_metrics)
            gateway = await self._open_gateway(stack)
            carriers = await stack.enter_async_context(carriers_of(self.settings))
            engine = await self._open_engine(stack, database, relay)
            self.services = Services(database, gateway, self._terms(), hub, carriers, engine)
            self.services.merchant_time_zone = self.settings.merchant_time_zone.key
            self.fanout = Fanout(hub, database)
            await self._open_authenticator(stack, database, hub)
            redis = Redis.from_url(self.settings.redis_url)
            stack.push_async_callback(redis.aclose)
            self._checks = (
                database_check(database.writes),
                redis_check(redis),
                events_check(lambda: hub.degraded),
            )
            running = (("hub", hub.run()), ("relay", relay.run()), ("fan-out", self.fanout.run()))
            for name, work in running:
                await stack.enter_async_context(_running(name, work))
            if self.settings.housekeeping:
                forget = forgetting(database, self.settings.import_retention_days)
                work = keep_house(
                    [*duties_of(self.services), forget, *self._payout_lines(database)]
                )
                await stack.enter_async_context(_running("housekeeping", work))
                work = keep_house([working(database)], every_s=EVERY_S)
                await stack.enter_async_context(_running("imports", work))
                work = keep_house([simulating(database)], every_s=EVERY_S)
                await stack.enter_async_context(_running("simulations", work))
                senders = await stack.enter_async_context(senders_of(self.settings))
                for duty in notifying(database, senders, shop_of(self.settings)):
                    work = keep_house([duty], every_s=TELLING_EVERY_S)
                    await stack.enter_async_context(_running(duty.name, work))
            await hub.started()
            yield

    def _payout_lines(self, database: Database) -> Sequence[Duty]:
        source = self._payouts
        if source is None:
            return ()
        work = partial(store_lines, database, PROVIDER, source, limit=CALLS)
        return (Duty("lines of payouts", work),)

    def _terms(self) -> Terms:
        window = timedelta(minutes=self.settings.payment_ttl_minutes)
        return Terms(
            ByRuleSets(),
            payment_window=window,
            transfer_window=timedelta(days=self.settings.transfer_days),
            accept_within=timedelta(minutes=self.settings.accept_minutes),
            cancel_answer_within=timedelta(minutes=self.settings.cancel_answer_minutes),
        )

    async def _open_broadcast(self, stack: contextlib.AsyncExitStack) -> Broadcast:
        backend = EventStreamBackend(self.settings.redis_url, self._live_metrics)
        return await stack.enter_async_context(Broadcast(backend=backend))

    def _relay(self, broadcast: Broadcast) -> Relay:
        retention = timedelta(hours=self.settings.event_retention_hours)
        url = self.settings.database_url
        return Relay(url, broadcast, self._relay_metrics, retention=retention)

    async def _open_database(self, stack: contextlib.AsyncExitStack, relay: Relay) -> Database:
        size = self.settings.pool_size
        writes = write_engine(self.settings.database_url, pool_size=size)
        reads = read_engine(self.settings.reads_url, pool_size=size)
        database = Database(writes, reads, after_commit=relay.wake)
        stack.push_async_callback(database.close)
        return database

    async def _open_engine(
        self, stack: contextlib.AsyncExitStack, database: Database, relay: Relay
    ) -> OrderEngine:
        url = self.settings.database_url
        batches = write_engine(url, pool_size=LANES, lock_timeout=LOCK_TIMEOUT)
        lanes = Database(batches, batches, after_commit=relay.wake)
        stack.push_async_callback(lanes.close)
        engine = OrderEngine.over(database, lanes)
        stack.push_async_callback(engine.drained)
        return engine

    async def _open_gateway(self, stack: contextlib.AsyncExitStack) -> PaymentGateway:
        stripe = await stack.enter_async_context(gateway_of(self.settings))
        if stripe is not None:
            self._payouts = stripe
            return stripe
        engine = write_engine(self.settings.database_url, pool_size=_GATEWAY_CONNECTIONS)
        stack.push_async_callback(engine.dispose)
        return SandboxGateway(engine)

    async def _open_authenticator(
        self, stack: contextlib.AsyncExitStack, database: Database, hub: Hub
    ) -> None:
        settings = self.settings
        self.device_issuer = device_issuer(settings)
        issuers: dict[str, KeySource] = {DEVICE_ISSUER: self.device_issuer}
        if settings.dev_issuer:
            issuers[DEVELOPMENT_ISSUER] = development_issuer(settings)
        if settings.jwks_url:
            if settings.issuer in (DEVICE_ISSUER, DEVELOPMENT_ISSUER):
                raise SettingsError(f"UNICO_ISSUER must not be {settings.issuer}, a name of ours")
            issuers[settings.issuer] = await self._open_remote_keys(stack)
        leeway = timedelta(seconds=settings.jwt_leeway_s)
        verifier = TokenVerifier(issuers, audience=settings.audience, leeway=leeway)
        sessions = Sessions(database, settings.jwt_leeway_s)
        await stack.enter_async_context(sessions.following(hub))
        self.authenticator = Authenticator(verifier, sessions)

    async def _open_remote_keys(self, stack: contextlib.AsyncExitStack) -> RemoteKeys:
        client = await stack.enter_async_context(httpx2.AsyncClient())
        algorithms = frozenset(self.settings.jwt_algorithms)
        keys = RemoteKeys(self.settings.jwks_url, algorithms, client)
        stack.push_async_callback(keys.close)
        return keys


@contextlib.asynccontextmanager
async def _running(name: str, work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Inside, `work` goes on. Its end is a defect, and is logged when it happens."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(lambda done: _report_end(name, done))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _report_end(name: str, task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        log.error("a background task has ended", task=name, exc_info=task.exception())
