"""Acceptance 6: live updates while clients, stream, sequencer and workers are killed."""

import asyncio
import os
import random
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from app.auth.tokens import issue_token
from app.embedded import EmbeddedValkey
from app.settings import Settings, load_settings
from domain.common.database import Database
from domain.common.ids import Sku
from domain.common.transaction import Tx
from domain.events.tables import event_log
from domain.identity.model import Role
from domain.stock.model import Demand
from domain.stock.receive import receive
from domain.stock.tables import stock_level
from tests.support.live import Follower, Opener, Payload, over_socket, over_sse
from tests.support.probe import opened
from tests.support.road import in_background
from tests.support.serving import RunningServer, serving
from tests.support.stock import World, build, place
from tests.support.waiting import until

STOCK = """subscription($locations: [ID!]!, $after: String) {
  stockChanged(locationIds: $locations, after: $after) {
    kind cursor complete reason levels { locationId sku version } } }"""
EVENTS = 1_000
SKUS = ("HAT", "SCARF", "GLOVE")
PLACES = ("ROME", "MILAN")


def _location(code: str) -> str:
    return str(relay.GlobalID("Location", str(place(code))))


def _levels(payload: Payload) -> Iterable[tuple[str, int]]:
    return [(f"{each['locationId']} {each['sku']}", each["version"]) for each in payload["levels"]]


class Warehouse:
    """Writers that change levels, one event in each commit."""

    def __init__(self, database: Database) -> None:
        self.written = 0
        self._database = database
        self._chance = random.Random(3)

    async def write(self, share: int) -> None:
        for _ in range(share):
            sku, code = Sku(self._chance.choice(SKUS)), self._chance.choice(PLACES)
            await self._database.run(
                partial(_receive, demand=Demand(sku, place(code), 1)), actor_key="TEST"
            )
            self.written += 1
            await asyncio.sleep(0)

    async def reaches(self, events: int) -> None:
        """Returns once so many were written."""
        await until(lambda: self.written >= events, timeout_s=60)

    async def levels(self) -> dict[str, int]:
        """Every level with its version, as a follower knows them."""
        async with self._database.reads.connect() as connection:
            rows = (await connection.execute(sa.select(stock_level))).all()
        names = {place(code): _location(code) for code in PLACES}
        return {f"{names[row.location_id]} {row.sku}": row.version for row in rows}


async def _receive(tx: Tx, demand: Demand) -> None:
    await receive(tx, [demand], "PO-1")


@pytest.fixture
def valkey(tmp_path: Path) -> Generator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path / "valkey")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def settings(
    clean_database: str, valkey: EmbeddedValkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    monkeypatch.setenv("DATABASE_URL", clean_database)
    monkeypatch.setenv("REDIS_URL", valkey.dsn)
    monkeypatch.setenv("UNICO_HOME", str(tmp_path))
    return load_settings()


@pytest.fixture
async def warehouse(engine: AsyncEngine, clean_database: str) -> AsyncGenerator[Warehouse]:
    await build(engine, World(skus=SKUS, locations=PLACES))
    async with opened(clean_database) as database:
        yield Warehouse(database)


@asynccontextmanager
async def _relay_process() -> AsyncGenerator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "relay"), stderr=DEVNULL, env=dict(os.environ)
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _openers(settings: Settings, *servers: RunningServer) -> list[Opener]:
    """Two over WebSockets and one over SSE, each taking the servers in turn."""
    token = issue_token(settings, subject="anna", role=Role.ADMIN)
    made: list[Opener] = []
    for transport in (over_socket, over_socket, over_sse):
        urls = cycle([server.url for server in servers])
        made.append(lambda variables, t=transport, u=urls: t(next(u), token, STOCK, variables))
    return made


async def _following(
    stack: AsyncExitStack, settings: Settings, *servers: RunningServer
) -> list[Follower]:
    variables = {"locations": [_location(code) for code in PLACES]}
    followers = [Follower(opener, variables, _levels) for opener in _openers(settings, *servers)]
    for follower in followers:
        await stack.enter_async_context(in_background(follower.run()))
    await until(lambda: all(follower.cursors for follower in followers))
    return followers


async def _is_led(database: Database) -> bool:
    """Whether a relay holds the lock of the sequencer."""
    query = sa.text(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE locktype = 'advisory' AND datname = current_database() AND granted"
    )
    async with database.reads.connect() as connection:
        return bool(await connection.scalar(query))


async def _check(warehouse: Warehouse, followers: list[Follower], database: Database) -> None:
    """Every follower got every version of every level once, in order, without a resync."""
    final = await warehouse.levels()
    assert sum(final.values()) == EVENTS
    await until(lambda: all(follower.known == final for follower in followers), timeout_s=30)
    for follower in followers:
        assert follower.faults == []
        assert follower.kinds.count("SNAPSHOT") == 1
        assert "RESYNC" not in follower.kinds
    async with database.reads.connect() as connection:
        logged = (await connection.scalars(sa.select(event_log.c.seq).order_by("seq"))).all()
    assert logged == list(range(1, EVENTS + 1))


@pytest.mark.slow
async def test_nothing_is_lost_or_repeated_while_clients_stream_and_sequencer_are_killed(
    settings: Settings, warehouse: Warehouse, valkey: EmbeddedValkey, clean_database: str
) -> None:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened(clean_database))
        leader = await stack.enter_async_context(_relay_process())
        await until(lambda: _is_led(database), timeout_s=30)
        server = await stack.enter_async_context(serving("app.main:create_app", workers="1"))
        followers = await _following(stack, settings, server)

        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(warehouse.write(EVENTS // 4))
            for events in range(100, EVENTS, 100):
                await warehouse.reaches(events)
                followers[events // 100 % 3].break_off()
                if events == 300:
                    await asyncio.to_thread(valkey.kill)
                if events == 500:
                    await asyncio.to_thread(valkey.start)
                if events == 700:
                    leader.kill()

        await _check(warehouse, followers, database)
        assert all(follower.connections >= 3 for follower in followers)


@pytest.mark.slow
async def test_clients_go_on_with_another_worker_when_theirs_is_killed(
    settings: Settings, warehouse: Warehouse, clean_database: str
) -> None:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened(clean_database))
        first = await stack.enter_async_context(serving("app.main:create_app", workers="1"))
        second = await stack.enter_async_context(serving("app.main:create_app", workers="1"))
        followers = await _following(stack, settings, first, second)

        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(warehouse.write(EVENTS // 4))
            await warehouse.reaches(EVENTS // 2)
            first.process.kill()  # it led: it was there first

        await _check(warehouse, followers, database)
        assert all(follower.connections >= 2 for follower in followers)
