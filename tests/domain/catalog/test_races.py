"""The catalogue under contention: real PostgreSQL, transactions that meet."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.drafts import NewVariant
from domain.catalog.errors import BarcodeTaken, KitNesting, ProductCodeTaken, SkuTaken
from domain.catalog.model import Barcode, Component, ProductCode, TaxCategory
from domain.catalog.prices import SetPrice, set_price
from domain.catalog.products import CreateProduct, ProductDone, create_product
from domain.catalog.selling import SetKitComponents, set_kit_components
from domain.catalog.tables import channel, kit_component, price, product, tax_rate, variant
from domain.catalog.taxes import SetTaxRate, set_tax_rate
from domain.common.database import Database
from domain.common.errors import DomainError
from domain.common.ids import ChannelCode, Sku
from domain.common.money import Money
from domain.common.transaction import Tx
from tests.support.locks import until_somebody_waits
from tests.support.mutations import events

WEB = ChannelCode("WEB")


@pytest.fixture
def database(engine: AsyncEngine, clean_database: str) -> Database:
    return Database(engine, engine, lambda: None)


async def outcome(database: Database, work: Callable[[Tx], Awaitable[Any]]) -> str:
    """OK, or the code of the refusal."""
    try:
        await database.run(work, actor_key=f"TEST:{uuid4()}")
    except DomainError as refusal:
        return refusal.code
    return "OK"


def new(code: str, *skus: str, barcode: str | None = None) -> Callable[[Tx], Awaitable[Any]]:
    """Creation of a product."""
    variants = tuple(NewVariant(Sku(sku), 1, Barcode(barcode) if barcode else None) for sku in skus)
    command = CreateProduct("key", ProductCode(code), {"en": code}, variants)
    return lambda tx: create_product(tx, command)


async def count(engine: AsyncEngine, table: sa.Table) -> int:
    async with engine.connect() as connection:
        return await connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


@pytest.mark.parametrize(
    ("works", "code"),
    [
        ([new("P", f"S{i}") for i in range(6)], "PRODUCT_CODE_TAKEN"),
        ([new(f"P{i}", "S") for i in range(6)], "SKU_TAKEN"),
        ([new(f"P{i}", f"S{i}", barcode="73513537") for i in range(6)], "BARCODE_TAKEN"),
    ],
)
async def test_one_of_many_gets_the_code(
    database: Database,
    engine: AsyncEngine,
    works: list[Callable[[Tx], Awaitable[Any]]],
    code: str,
) -> None:
    results = await asyncio.gather(*[outcome(database, work) for work in works])
    assert (results.count("OK"), results.count(code)) == (1, 5)
    assert await count(engine, product) == await count(engine, variant) == 1
    assert len(await events(engine)) == 1


@pytest.mark.parametrize(
    ("first", "second", "refusal", "value"),
    [
        (new("P", "A"), new("P", "B"), ProductCodeTaken, "P"),
        (new("P", "A"), new("Q", "A"), SkuTaken, "A"),
        (new("P", "A", barcode="X1"), new("Q", "B", barcode="X1"), BarcodeTaken, "X1"),
    ],
)
async def test_who_comes_second_learns_which_code_is_taken(
    database: Database,
    first: Callable[[Tx], Awaitable[Any]],
    second: Callable[[Tx], Awaitable[Any]],
    refusal: type[DomainError],
    value: str,
) -> None:
    written, late = asyncio.Event(), asyncio.Event()

    async def slow(tx: Tx) -> None:
        await first(tx)
        written.set()
        await late.wait()

    waiting = asyncio.create_task(database.run(slow, actor_key="TEST:1"))
    await written.wait()
    refused = asyncio.create_task(database.run(second, actor_key="TEST:2"))
    await until_somebody_waits(database.writes)
    assert not refused.done()
    late.set()
    await waiting
    with pytest.raises(refusal) as caught:
        await refused
    assert value in caught.value.message


async def test_prices_set_at_once_follow_each_other(
    database: Database, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:
        row = {"code": "WEB", "kind": "WEB", "name": "Web", "currency": "EUR"}
        await connection.execute(sa.insert(channel).values(row))
    await database.run(new("P", "A"), actor_key="TEST")

    def work(amount: int) -> Callable[[Tx], Awaitable[ProductDone]]:
        command = SetPrice(f"p{amount}", Sku("A"), WEB, Money(amount, "EUR"))
        return lambda tx: set_price(tx, command)

    results = await asyncio.gather(*[outcome(database, work(n)) for n in range(8)])

    # Whose transaction began before the price that it now finds has no place for its own.
    done = results.count("OK")
    assert done >= 1
    assert done + results.count("PRICE_OVERLAP") == 8
    assert await count(engine, price) == done
    assert [event["version"] for event in await events(engine)] == list(range(1, done + 2))


async def test_tax_rates_set_at_once_keep_versions_contiguous(
    database: Database, engine: AsyncEngine
) -> None:
    def work(month: int) -> Callable[[Tx], Awaitable[Any]]:
        starts = datetime(2026, month, 1, tzinfo=UTC)
        rate = Decimal(month) / 100
        command = SetTaxRate(f"t{month}", "IT", TaxCategory("standard"), rate, starts)
        return lambda tx: set_tax_rate(tx, command)

    results = await asyncio.gather(*[outcome(database, work(month)) for month in range(1, 9)])
    done = results.count("OK")
    assert done >= 1
    assert done + results.count("TAX_RATE_OVERLAP") == 8
    assert await count(engine, tax_rate) == done
    assert [event["version"] for event in await events(engine)] == list(range(1, done + 1))


async def test_no_kit_is_put_into_another_at_the_same_moment(
    database: Database, engine: AsyncEngine
) -> None:
    for sku in ("A", "B", "C"):
        await database.run(new(f"P-{sku}", sku), actor_key=f"TEST:{sku}")

    def work(kit: str, part: str) -> Callable[[Tx], Awaitable[Any]]:
        command = SetKitComponents("k", Sku(kit), (Component(Sku(part), 1),))
        return lambda tx: set_kit_components(tx, command)

    for _ in range(5):
        results = await asyncio.gather(
            outcome(database, work("A", "B")), outcome(database, work("B", "C"))
        )
        assert sorted(results) == ["KIT_NESTING", "OK"]
        async with engine.begin() as connection:
            await connection.execute(sa.delete(kit_component))
    assert KitNesting.code == "KIT_NESTING"
