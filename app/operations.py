"""`/live`, `/ready` and `/metrics`: what a supervisor, a balancer and Prometheus ask."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.lifecycle import Lifecycle
from app.metrics import CONTENT_TYPE, Metrics

_CHECK_S = 2.0

log = structlog.get_logger("unico.operations")


@dataclass(frozen=True, slots=True)
class Check:
    """Something `/ready` looks at: `run` raises when it is broken.

    Without a required one the worker takes no traffic (503); without another it is degraded (200).
    """

    name: str
    run: Callable[[], Awaitable[object]]
    is_required: bool


def database_check(engine: AsyncEngine) -> Check:
    """The database answers. Nothing works without it."""

    async def run() -> None:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    return Check("database", run, is_required=True)


def redis_check(redis: Redis) -> Check:
    """The stream server answers. Without it updates arrive by polling, a little later."""

    async def run() -> None:
        await redis.execute_command("PING")

    return Check("redis", run, is_required=False)


def events_check(is_degraded: Callable[[], bool]) -> Check:
    """Events arrive by the stream. Without it, or without a leading relay, they arrive late."""

    async def run() -> None:
        if is_degraded():
            raise RuntimeError("events arrive by polling")

    return Check("events", run, is_required=False)


def operations_routes(
    lifecycle: Lifecycle, metrics: Metrics, checks: Callable[[], Sequence[Check]]
) -> list[Route]:
    """The three routes. `checks` is called per request, since resources open after the routes."""

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(_: Request) -> Response:
        if not lifecycle.is_serving:
            return JSONResponse({"status": lifecycle.phase}, status_code=503)
        results = await asyncio.gather(*(_outcome(check) for check in checks()))
        broken = {name for name, is_fine in results if not is_fine}
        required = {check.name for check in checks() if check.is_required}
        status = "unavailable" if broken & required else "degraded" if broken else "ready"
        body = {"status": status, "checks": {n: "ok" if ok else "failed" for n, ok in results}}
        return JSONResponse(body, status_code=503 if broken & required else 200)

    async def show_metrics(_: Request) -> Response:
        # With several workers this reads files: not on the event loop.
        content = await asyncio.to_thread(metrics.render)
        return Response(content, headers={"content-type": CONTENT_TYPE})

    return [
        Route("/live", live),
        Route("/ready", ready),
        Route("/metrics", show_metrics),
    ]


async def _outcome(check: Check) -> tuple[str, bool]:
    """Name, and whether the check passed in time."""
    try:
        async with asyncio.timeout(_CHECK_S):
            await check.run()
    except Exception as error:  # noqa: BLE001 -- whatever is wrong with it, it is not ready
        log.warning("check failed", check=check.name, reason=repr(error))
        return check.name, False
    return check.name, True
