"""Health routes, correlation ids and metrics over ASGI."""

import json
import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import structlog
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from app.lifecycle import Lifecycle
from app.logging import configure, correlated
from app.operations import Check, database_check, redis_check
from app.settings import load_settings
from domain.common.database import write_engine
from tests.support.logs import logs_as_before
from tests.support.tiny_app import create_app


@contextmanager
def json_log(capsys: pytest.CaptureFixture[str]) -> Generator[Callable[[], list[dict[str, Any]]]]:
    """Inside, gives what has been logged, line by line."""
    with logs_as_before():
        configure(load_settings(log_format="json"))
        yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def client(*checks: Check, serving: bool = True) -> httpx2.AsyncClient:
    app = create_app(load_settings(), checks)
    lifecycle: Lifecycle = app.state.lifecycle
    if serving:
        lifecycle.serve()
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://unico")


async def fine() -> None:
    return None


async def broken() -> None:
    raise ConnectionError("gone")


@pytest.mark.parametrize(
    ("checks", "status", "body"),
    [
        ((Check("a", fine, is_required=True),), 200, {"status": "ready", "checks": {"a": "ok"}}),
        (
            (Check("a", fine, is_required=True), Check("b", broken, is_required=False)),
            200,
            {"status": "degraded", "checks": {"a": "ok", "b": "failed"}},
        ),
        (
            (Check("a", broken, is_required=True), Check("b", fine, is_required=False)),
            503,
            {"status": "unavailable", "checks": {"a": "failed", "b": "ok"}},
        ),
    ],
)
async def test_readiness_follows_the_checks(
    checks: tuple[Check, ...], status: int, body: dict[str, object]
) -> None:
    async with client(*checks) as http:
        answer = await http.get("/ready")
        assert (answer.status_code, answer.json()) == (status, body)
        assert (await http.get("/live")).status_code == 200


async def test_readiness_is_red_before_the_worker_serves() -> None:
    async with client(serving=False) as http:
        answer = await http.get("/ready")
        assert (answer.status_code, answer.json()) == (503, {"status": "starting"})


async def test_real_servers_pass_and_absent_ones_do_not(
    engine: AsyncEngine, redis_url: str
) -> None:
    nowhere = write_engine("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    async with Redis.from_url(redis_url) as redis, Redis(port=1) as no_redis:
        async with client(database_check(engine), redis_check(redis)) as http:
            assert (await http.get("/ready")).json()["status"] == "ready"
        async with client(database_check(engine), redis_check(no_redis)) as http:
            answer = await http.get("/ready")
            assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        async with client(database_check(nowhere), redis_check(redis)) as http:
            assert (await http.get("/ready")).status_code == 503
    await nowhere.dispose()


async def test_a_plain_correlation_id_is_kept_and_another_is_replaced() -> None:
    async with client() as http:
        kept = await http.get("/pid", headers={"X-Correlation-Id": "order-42.retry:1"})
        assert kept.headers["x-correlation-id"] == "order-42.retry:1"
        for bad in ("", "a" * 65, 'x" injected'):
            answer = await http.get("/pid", headers={"X-Correlation-Id": bad})
            assert len(answer.headers["x-correlation-id"]) == 32


async def test_every_request_is_one_json_line_with_its_correlation_id(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with json_log(capsys) as logged:
        async with client() as http:
            await http.get("/pid", headers={"X-Correlation-Id": "abc"})
            await http.get("/broken", headers={"X-Correlation-Id": "def"})
            await http.get("/live")
        lines = logged()
    seen = [
        (line["message"], line["correlation_id"], line["path"], line["status"], line["level"])
        for line in lines
    ]
    assert seen == [
        ("request", "abc", "/pid", 200, "info"),
        ("request", "def", "/broken", 500, "warning"),
    ]
    assert all(line["ms"] >= 0 and line["at"].endswith("Z") for line in lines)


def test_lines_of_libraries_have_the_same_shape(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with json_log(capsys) as logged, correlated("abc"):
        logging.getLogger("library").warning("disk %s", "full")
        try:
            raise ValueError("odd")
        except ValueError:
            structlog.get_logger().exception("failed", order="O-1")
        library, ours = logged()
    assert (library["message"], library["level"], library["logger"], library["correlation_id"]) == (
        ("disk full", "warning", "library", "abc")
    )
    assert (ours["message"], ours["order"], ours["correlation_id"]) == ("failed", "O-1", "abc")
    assert ours["exception"][0]["exc_type"] == "ValueError"


async def test_metrics_count_requests_by_known_path() -> None:
    async with client() as http:
        await http.get("/pid")
        await http.get("/pid")
        await http.get("/unknown-7")
        text = (await http.get("/metrics")).text
    assert 'unico_http_requests_total{method="GET",path="/pid",status="200"} 2.0' in text
    assert 'unico_http_requests_total{method="GET",path="other",status="404"} 1.0' in text
    assert 'unico_http_request_seconds_count{path="/pid"} 2.0' in text
    assert "unico_http_running_requests 1.0" in text
