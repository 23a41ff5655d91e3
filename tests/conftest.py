"""Real servers for every test: started by the controller of the run, cloned by its workers."""

import gc
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, cast
from uuid import uuid4

import pytest
import structlog
from hypothesis import settings
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from app.logging import console_renderer, redacted
from domain.common.database import write_engine
from tests.support.servers import (
    Cleaner,
    ServerUrls,
    SharedServers,
    clone_migrated,
    connected,
    create_database,
)

# A busy machine is no defect.
settings.register_profile("unico", deadline=None)
settings.load_profile("unico")
# As in production: no values of variables, which also take seconds to print.
structlog.configure(
    processors=[structlog.stdlib.add_log_level, redacted, console_renderer(colors=False)]
)

_servers = pytest.StashKey[SharedServers]()
_urls = pytest.StashKey[ServerUrls]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the servers' addresses to a worker; the first worker has them started."""
    config: pytest.Config = node.config
    if _urls not in config.stash:
        config.stash[_servers] = SharedServers()
        config.stash[_urls] = config.stash[_servers].start()
    node.workerinput["unico_servers"] = config.stash[_urls].to_dict()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long begin first, so that no worker waits for another one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """What is loaded now stays: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this process started."""
    if _servers in config.stash:
        config.stash[_servers].stop()


def _worker_input(config: pytest.Config) -> dict[str, Any] | None:
    return cast("dict[str, Any] | None", getattr(config, "workerinput", None))


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> ServerUrls:
    """Addresses of the shared servers, which are started here in a run without workers."""
    if given := _worker_input(pytestconfig):
        return ServerUrls(**given["unico_servers"])
    pytestconfig.stash[_servers] = SharedServers()
    return pytestconfig.stash[_servers].start()


@pytest.fixture(scope="session")
def worker_number(pytestconfig: pytest.Config) -> int:
    """0, 1, ... for the workers of this run."""
    given = _worker_input(pytestconfig) or {"workerid": "gw0"}
    return int(given["workerid"].removeprefix("gw"))


@pytest.fixture(scope="session")
async def database_url(servers: ServerUrls, worker_number: int) -> str:
    """This worker's own database, migrated to head."""
    return await clone_migrated(servers, f"unico_{worker_number}")


@pytest.fixture(scope="session")
def redis_url(servers: ServerUrls, worker_number: int) -> str:
    """This worker's own numbered database of Valkey."""
    return servers.redis_url(worker_number)


@pytest.fixture(scope="session")
async def engine(database_url: str) -> AsyncGenerator[AsyncEngine]:
    """An engine for transactions on this worker's database."""
    engine = write_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def cleaner(database_url: str) -> AsyncGenerator[Cleaner]:
    """Whoever cleans this worker's database, on a connection that is kept."""
    async with connected(database_url) as connection:
        cleaner = Cleaner(database_url, connection)
        yield cleaner
        if cleaner.connection is not connection:
            await cleaner.connection.close()


@pytest.fixture
async def clean_database(cleaner: Cleaner) -> str:
    """The database, as the migrations left it; returns its URL."""
    await cleaner.clean()
    return cleaner.url


@pytest.fixture
async def clean_redis(redis_url: str) -> str:
    """This worker's Valkey database, empty; returns its URL."""
    client = Redis.from_url(redis_url)
    await client.flushdb()
    await client.aclose()
    return redis_url


@pytest.fixture
def new_database(servers: ServerUrls) -> Callable[[], Awaitable[str]]:
    """Makes another database, empty and never migrated, and returns its URL."""

    def create() -> Awaitable[str]:
        return create_database(servers, f"unico_{uuid4().hex}")

    return create
