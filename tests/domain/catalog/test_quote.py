from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.drafts import NewPrice, NewVariant
from domain.catalog.model import Component, ProductCode, TaxCategory
from domain.catalog.products import (
    CreateProduct,
    UpdateProduct,
    VariantChange,
    create_product,
    update_product,
)
from domain.catalog.quote import Offer, quote
from domain.catalog.selling import SetKitComponents, set_kit_components
from domain.catalog.tables import channel
from domain.catalog.taxes import SetTaxRate, set_tax_rate
from domain.common.database import Database
from domain.common.errors import NotFound
from domain.common.ids import ChannelCode, ProductId, Sku
from domain.common.money import Money
from domain.common.transaction import Tx
from tests.support.statements import counted_statements

WEB, POS = ChannelCode("WEB"), ChannelCode("POS")
HAT, SCARF, SET = Sku("HAT"), Sku("SCARF"), Sku("SET")
JANUARY, MARCH, MAY = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 3, 5))


@pytest.fixture
async def product_id(engine: AsyncEngine, clean_database: str) -> ProductId:
    """A product with a hat (two prices on WEB, one in francs), a scarf, and a set of both."""
    async with engine.begin() as connection:
        for code, included in (("WEB", True), ("POS", False)):
            row = {"code": code, "kind": "WEB", "name": code, "currency": "EUR"}
            await connection.execute(sa.insert(channel).values(**row, prices_include_tax=included))

    async def work(tx: Tx) -> ProductId:
        hat = NewVariant(
            sku=HAT,
            weight_g=120,
            tags=("new",),
            names={"en": "Blue hat"},
            sellable_on=(WEB,),
            prices=(
                NewPrice(WEB, Money(1990, "EUR"), JANUARY, MARCH),
                NewPrice(WEB, Money(2490, "EUR"), MARCH),
                NewPrice(WEB, Money(2200, "CHF"), JANUARY),
                NewPrice(POS, Money(1800, "EUR"), JANUARY),
            ),
        )
        done = await create_product(
            tx,
            CreateProduct(
                idempotency_key=uuid4().hex,
                code=ProductCode("P1"),
                names={"en": "Winter", "it": "Inverno"},
                variants=(hat, NewVariant(SCARF, 90), NewVariant(SET, 210, sellable_on=(WEB,))),
            ),
        )
        kit = (Component(SCARF, 2), Component(HAT, 1))
        await set_kit_components(tx, SetKitComponents(uuid4().hex, SET, kit))
        rate = SetTaxRate(uuid4().hex, "IT", TaxCategory("standard"), Decimal("0.22"), JANUARY)
        await set_tax_rate(tx, rate)
        return done.id

    return await Database(engine, engine, lambda: None).run(work, actor_key="TEST")


async def ask(
    engine: AsyncEngine,
    *skus: Sku,
    on: ChannelCode = WEB,
    currency: str | None = None,
    country: str = "IT",
    at: datetime = JANUARY,
) -> dict[Sku, Offer]:
    async with engine.connect() as connection:
        return await quote(connection, skus, on, currency, country, at)


async def test_an_offer_says_all_that_an_order_needs(
    engine: AsyncEngine, product_id: ProductId
) -> None:
    with counted_statements(engine) as statements:
        offers = await ask(engine, HAT, SCARF, SET, Sku("NOPE"), HAT)
    assert len(statements) == 1
    assert offers == {
        HAT: Offer(
            sku=HAT,
            product_id=product_id,
            names={"en": "Blue hat"},
            weight_g=120,
            tags=("new",),
            tax_category=TaxCategory("standard"),
            tax_rate=Decimal("0.2200"),
            price_minor=1990,
            currency="EUR",
            tax_included=True,
            sellable=True,
            components={HAT: 1},
        ),
        SCARF: Offer(
            sku=SCARF,
            product_id=product_id,
            names={"en": "Winter", "it": "Inverno"},
            weight_g=90,
            tags=(),
            tax_category=TaxCategory("standard"),
            tax_rate=Decimal("0.2200"),
            price_minor=None,
            currency="EUR",
            tax_included=True,
            sellable=False,
            components={SCARF: 1},
        ),
        SET: Offer(
            sku=SET,
            product_id=product_id,
            names={"en": "Winter", "it": "Inverno"},
            weight_g=210,
            tags=(),
            tax_category=TaxCategory("standard"),
            tax_rate=Decimal("0.2200"),
            price_minor=None,
            currency="EUR",
            tax_included=True,
            sellable=True,
            components={HAT: 1, SCARF: 2},
        ),
    }


async def test_the_price_is_that_of_the_moment_currency_and_channel(
    engine: AsyncEngine, product_id: ProductId
) -> None:
    async def price(**wanted: Any) -> tuple[int | None, str]:
        offer = (await ask(engine, HAT, **wanted))[HAT]
        return offer.price_minor, offer.currency

    before = datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
    last = datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=UTC)
    assert await price(at=before) == (None, "EUR")
    assert await price(at=last) == (1990, "EUR")
    assert await price(at=MARCH) == (2490, "EUR")
    assert await price(at=MAY, currency="CHF") == (2200, "CHF")
    assert await price(currency="USD") == (None, "USD")
    assert await price(on=POS) == (1800, "EUR")
    assert (await ask(engine, HAT, on=POS))[HAT].tax_included is False


async def test_taxes_are_those_of_the_country_at_the_moment(
    engine: AsyncEngine, product_id: ProductId
) -> None:
    assert (await ask(engine, HAT, country="ES"))[HAT].tax_rate is None
    before = datetime(2025, 12, 31, tzinfo=UTC)
    assert (await ask(engine, HAT, at=before))[HAT].tax_rate is None


async def test_what_is_out_of_use_is_not_sellable(
    engine: AsyncEngine, product_id: ProductId
) -> None:
    database = Database(engine, engine, lambda: None)

    async def sellable() -> tuple[bool, bool]:
        offers = await ask(engine, HAT, SET)
        return offers[HAT].sellable, offers[SET].sellable

    async def change(command: UpdateProduct) -> None:
        await database.run(lambda tx: update_product(tx, command), actor_key="TEST")

    assert await sellable() == (True, True)
    off = (VariantChange(HAT, active=False),)
    await change(UpdateProduct("u1", product_id, change_variants=off))
    assert await sellable() == (False, True)
    await change(UpdateProduct("u2", product_id, active=False))
    assert await sellable() == (False, False)
    on = (VariantChange(HAT, active=True),)
    await change(UpdateProduct("u3", product_id, active=True, change_variants=on))
    async with engine.begin() as connection:
        await connection.execute(
            sa.update(channel).where(channel.c.code == "WEB").values(active=False)
        )
    assert await sellable() == (False, False)
    assert (await ask(engine, HAT, on=POS))[HAT].sellable is False


async def test_without_known_skus_there_is_no_offer_and_without_a_channel_an_error(
    engine: AsyncEngine, product_id: ProductId
) -> None:
    assert await ask(engine, Sku("NOPE")) == {}
    assert await ask(engine) == {}
    with pytest.raises(NotFound) as caught:
        await ask(engine, HAT, on=ChannelCode("NONE"))
    assert (caught.value.kind, caught.value.key) == ("channel", "NONE")
