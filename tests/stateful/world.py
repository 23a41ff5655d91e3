"""A shop in one transaction that is never committed: everything in it can be taken back at once."""

import asyncio
import copy
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction

from domain.common.database import Database, DbConnection
from domain.common.transaction import MAX_ATTEMPTS, Tx, UnitOfWork
from domain.orders.invariants import invariant_violations
from domain.payments.gateway import GatewayAnswer, Operation, Outcome
from schema.context import Services
from tests.support.graphql import Api, remembering_schema
from tests.support.shop import Shop
from tests.support.stage import Stage

T = TypeVar("T")


class _Savepoints:
    """Looks like an engine: what begins on it is a savepoint of the one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        async with self._connection.begin_nested():
            yield self._connection

    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[AsyncConnection]:
        yield self._connection


class OneConnection(Database):
    """The house's database on one connection; nothing is ever committed."""

    def __init__(self, connection: AsyncConnection) -> None:
        savepoints = cast("AsyncEngine", _Savepoints(connection))
        self._connection = connection
        self._unit_of_work = UnitOfWork(savepoints, lambda: None)
        self.reads = savepoints
        self.writes = savepoints

    async def run(
        self,
        work: Callable[[Tx], Awaitable[T]],
        *,
        actor_key: str,
        correlation_id: str = "",
        attempts: int = MAX_ATTEMPTS,
    ) -> T:
        return await self._unit_of_work.run(
            work, actor_key=actor_key, correlation_id=correlation_id, attempts=attempts
        )

    async def read(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        return await query(self._connection)

    async def read_primary(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        return await query(self._connection)

    async def snapshot(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        return await query(self._connection)


@dataclass
class MemoryGateway:
    """A PSP that keeps its ledger in memory and never takes or gives too much. `tok_decline` is
    declined; `tok_timeout` charges, but answers only the second time.
    """

    authorised: dict[str, int] = field(default_factory=dict[str, int])
    captured: dict[str, int] = field(default_factory=dict[str, int])
    refunded: dict[str, int] = field(default_factory=dict[str, int])
    voided: set[str] = field(default_factory=set[str])
    done: set[str] = field(default_factory=set[str])

    def ledger(self) -> str:
        """All that it knows, in one order."""
        books = (self.authorised, self.captured, self.refunded)
        return repr([*(sorted(book.items()) for book in books), sorted(self.voided)])

    async def authorise(
        self, psp_key: str, token: str, amount_minor: int, currency: str
    ) -> GatewayAnswer:
        del currency
        if token == "tok_decline":
            return GatewayAnswer(Outcome.DECLINED, None, "declined")
        first = psp_key not in self.authorised
        self.authorised.setdefault(psp_key, amount_minor)
        if first and token == "tok_timeout":
            return GatewayAnswer(Outcome.UNKNOWN)
        return GatewayAnswer(Outcome.APPROVED, psp_key)

    async def capture(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        if psp_key not in self.done:
            self.done.add(psp_key)
            total = self.captured.get(reference, 0) + amount_minor
            assert reference not in self.voided
            assert total <= self.authorised[reference]
            self.captured[reference] = total
        return GatewayAnswer(Outcome.APPROVED, reference)

    async def refund(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        if psp_key not in self.done:
            self.done.add(psp_key)
            total = self.refunded.get(reference, 0) + amount_minor
            assert total <= self.captured.get(reference, 0)
            self.refunded[reference] = total
        return GatewayAnswer(Outcome.APPROVED, reference)

    async def void(self, psp_key: str, reference: str) -> GatewayAnswer:
        self.done.add(psp_key)
        self.voided.add(reference)
        return GatewayAnswer(Outcome.APPROVED, reference)

    async def look_up(
        self, operation: Operation, psp_key: str, reference: str | None
    ) -> GatewayAnswer | None:
        known = self.authorised if operation is Operation.AUTHORISE else self.done
        if psp_key not in known:
            return None
        return GatewayAnswer(Outcome.APPROVED, reference or psp_key)


@dataclass
class Undoing:
    """Says whether what is done is kept after all."""

    kept: bool = False


@dataclass
class World:
    """A stage whose whole past is one open transaction."""

    runner: asyncio.Runner
    connection: AsyncConnection
    outer: AsyncTransaction
    stage: Stage
    gateway: MemoryGateway

    @staticmethod
    def begin(runner: asyncio.Runner, engine: AsyncEngine, shop: Shop) -> "World":
        """A new world over what is committed."""

        async def start() -> World:
            connection = await engine.connect()
            outer = await connection.begin()
            database, gateway = OneConnection(connection), MemoryGateway()
            services = Services(database, gateway, shop.terms)
            api = Api(remembering_schema(), services)
            savepoints = cast("AsyncEngine", _Savepoints(connection))
            mine = Shop(database, cast(Any, gateway), shop.terms)
            return World(runner, connection, outer, Stage(savepoints, mine, services, api), gateway)

        return runner.run(start())

    def do(self, work: Awaitable[T]) -> T:
        """What `work` returns."""

        async def run() -> T:
            return await work

        return self.runner.run(run())

    @contextmanager
    def taken_back(self) -> Generator["Undoing"]:
        """What is done within is undone at its end, at the PSP too, unless it is kept."""
        savepoint = self.do(self.connection.begin_nested())
        psp = copy.deepcopy(self.gateway.__dict__)
        undoing = Undoing()
        try:
            yield undoing
        finally:
            if undoing.kept:
                self.do(savepoint.commit())
            else:
                self.do(savepoint.rollback())
                self.gateway.__dict__.update(psp)

    def broken(self) -> list[object]:
        """What the oracle sees."""
        return list(self.do(self.stage.shop.database.read(invariant_violations)))

    def rows(self, query: sa.Executable) -> list[Any]:
        """All rows of a query."""
        return list(self.do(self.connection.execute(query)).all())

    def end(self) -> None:
        """Nothing ever happened."""
        self.do(self.outer.rollback())
        self.do(self.connection.close())
