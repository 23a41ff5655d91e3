from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
from broadcaster import Broadcast
from prometheus_client import CollectorRegistry

from app.embedded import EmbeddedValkey
from domain.common.database import Database
from subscriptions.metrics import LiveMetrics
from subscriptions.stream import EventStreamBackend
from tests.support.probe import opened


@pytest.fixture
def metrics() -> LiveMetrics:
    return LiveMetrics(CollectorRegistry())


@pytest.fixture
async def database(clean_database: str) -> AsyncGenerator[Database]:
    async with opened(clean_database) as database:
        yield database


@pytest.fixture
async def broadcast(clean_redis: str, metrics: LiveMetrics) -> AsyncGenerator[Broadcast]:
    async with Broadcast(backend=EventStreamBackend(clean_redis, metrics)) as broadcast:
        yield broadcast


@pytest.fixture
def valkey(tmp_path: Path) -> Generator[EmbeddedValkey]:
    """A server of this test's own, running."""
    server = EmbeddedValkey(tmp_path / "valkey")
    server.start()
    yield server
    server.kill()
