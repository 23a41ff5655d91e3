from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.bulk import MAX_PRODUCTS, ProductDraft, add_products
from domain.catalog.drafts import NewPrice, NewVariant
from domain.catalog.errors import BarcodeTaken, KitNesting, SkuTaken
from domain.catalog.model import Barcode, Component, ProductCode
from domain.catalog.quote import quote
from domain.catalog.tables import channel, product
from domain.common.database import Database
from domain.common.errors import DomainError, NotFound, ValidationFailed
from domain.common.ids import ChannelCode, Sku
from domain.common.money import Money
from tests.support.mutations import events
from tests.support.statements import counted_statements

WEB = ChannelCode("WEB")


@pytest.fixture
async def database(engine: AsyncEngine, clean_database: str) -> Database:
    async with engine.begin() as connection:
        row = {"code": "WEB", "kind": "WEB", "name": "Web", "currency": "EUR"}
        await connection.execute(sa.insert(channel).values(row))
    return Database(engine, engine, lambda: None)


def draft(
    code: str,
    *skus: str,
    barcode: str | None = None,
    kit: Mapping[str, int] | None = None,
    sold_on: ChannelCode = WEB,
) -> ProductDraft:
    """A product of variants at 10 euros on WEB; with `kit`, its first variant is one."""
    variants = tuple(
        NewVariant(
            sku=Sku(sku),
            weight_g=100,
            barcode=Barcode(barcode) if barcode else None,
            sellable_on=(sold_on,),
            prices=(NewPrice(WEB, Money(1000, "EUR")),),
        )
        for sku in skus
    )
    parts = tuple(Component(Sku(sku), units) for sku, units in (kit or {}).items())
    kits = {Sku(skus[0]): parts} if kit else {}
    return ProductDraft(ProductCode(code), {"en": code.title()}, variants, kits=kits)


async def add(database: Database, *drafts: ProductDraft) -> int:
    return await database.run(lambda tx: add_products(tx, drafts), actor_key="TEST")


async def test_products_are_sellable_at_once_with_their_kits(
    database: Database, engine: AsyncEngine
) -> None:
    with counted_statements(engine) as sent:
        added = await add(
            database, draft("hat", "HAT-S", "HAT-L"), draft("set", "SET", kit={"HAT-S": 2})
        )

    assert added == 2
    assert len(sent) <= 5
    async with engine.connect() as connection:
        now = await connection.scalar(sa.select(sa.func.now()))
        assert now is not None
        skus = [Sku("HAT-S"), Sku("HAT-L"), Sku("SET")]
        offers = await quote(connection, skus, WEB, None, "IT", now)
    assert {sku: offer.price_minor for sku, offer in offers.items()} == dict.fromkeys(skus, 1000)
    assert all(offer.sellable for offer in offers.values())
    assert offers[Sku("SET")].components == {"HAT-S": 2}
    published = [(each["type"], each["version"]) for each in await events(engine)]
    assert published == [("ProductCreated", 1), ("ProductCreated", 1)]


async def test_known_products_stay_as_they_are(database: Database, engine: AsyncEngine) -> None:
    await add(database, draft("hat", "HAT"))

    assert await add(database, draft("hat", "OTHER"), draft("scarf", "SCARF")) == 1
    assert await add(database, draft("hat", "OTHER"), draft("scarf", "SCARF")) == 0

    async with engine.connect() as connection:
        versions = (await connection.scalars(sa.select(product.c.version))).all()
    assert list(versions) == [1, 1]
    assert len(await events(engine)) == 2


NESTED = (draft("a", "A", kit={"HAT": 1}), draft("b", "B", kit={"A": 1}))
REFUSED: list[tuple[tuple[ProductDraft, ...], type[DomainError]]] = [
    ((draft("new", "HAT"),), SkuTaken),
    ((draft("new", "NEW", barcode="2100000000012"),), BarcodeTaken),
    ((draft("new", "NEW", sold_on=ChannelCode("moon")),), NotFound),
    ((draft("new"),), ValidationFailed),
    ((draft("bad code", "NEW"),), ValidationFailed),
    (NESTED, KitNesting),
    ((draft("x", "X"),) * (MAX_PRODUCTS + 1), ValidationFailed),
]


@pytest.mark.parametrize(("drafts", "refusal"), REFUSED)
async def test_one_bad_product_refuses_them_all(
    database: Database,
    engine: AsyncEngine,
    drafts: tuple[ProductDraft, ...],
    refusal: type[DomainError],
) -> None:
    await add(database, draft("hat", "HAT", barcode="2100000000012"))
    before: list[dict[str, Any]] = await events(engine)

    with pytest.raises(refusal):
        await add(database, draft("good", "GOOD"), *drafts)

    assert await events(engine) == before
    async with engine.connect() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(product)) == 1
