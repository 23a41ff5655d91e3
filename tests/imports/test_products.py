"""Products and prices out of files."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.prices import prices_by_sku
from domain.catalog.repository import all_variants_by_sku
from domain.common.ids import Sku
from domain.imports import products
from domain.imports.model import ImportKind
from tests.support.imports import assert_sound, clear_stages, counts, imported, reasons
from tests.support.mutations import everything
from tests.support.stock import World, build, events

PRODUCTS, PRICES = ImportKind.PRODUCTS, ImportKind.PRICES
FILE = (
    b"product,sku,name,language,barcode,weight_g,tags,channels\n"
    b"HATS,HAT-S,Hat,en,4006381333931,120,new; warm,WEB\n"
    b"HATS,HAT-M,Cappello,it,,130,,WEB\n"
    b"CAPS,CAP-1,Cap,,,,,\n"
)


@pytest.fixture
async def world(clean_database: str, engine: AsyncEngine) -> AsyncEngine:
    del clean_database
    await clear_stages(engine)
    await build(engine, World(skus=(), locations=("ROME",)))
    await imported(engine, PRODUCTS, b"product,sku,name\nOLDS,OLD,Old hat\n")
    return engine


async def product_events(engine: AsyncEngine) -> list[dict[str, Any]]:
    """Those of products, but the one that the world begins with."""
    found = [each for each in await events(engine) if each["aggregate"] == "product"]
    return found[1:]


async def variant_of(engine: AsyncEngine, sku: str) -> Any:
    async with engine.connect() as connection:
        return (await all_variants_by_sku(connection, [Sku(sku)]))[Sku(sku)]


async def prices_of(engine: AsyncEngine, sku: str = "OLD") -> list[Any]:
    async with engine.connect() as connection:
        found = (await prices_by_sku(connection, [Sku(sku)]))[Sku(sku)]
    return [(p.currency, p.amount_minor, p.valid_from, p.valid_to) for p in found]


async def test_variants_and_their_products_are_added(world: AsyncEngine) -> None:
    job = await imported(world, PRODUCTS, FILE)

    assert counts(job) == ("SUCCEEDED", 3, 3, 0, 0)
    small = await variant_of(world, "HAT-S")
    assert small.product_names == {"en": "Hat", "it": "Cappello"}
    assert (small.barcode, small.weight_g, small.tags) == ("4006381333931", 120, ("new", "warm"))
    assert small.sellable_on == ("WEB",)
    cap = await variant_of(world, "CAP-1")
    assert (cap.barcode, cap.weight_g, cap.sellable_on, cap.active) == (None, 0, (), True)
    told = await product_events(world)
    assert [(e["type"], e["version"], e["payload"]["code"]) for e in told] == [
        ("ProductCreated", 1, "HATS"),
        ("ProductCreated", 1, "CAPS"),
    ]
    assert [v["sku"] for v in told[0]["payload"]["variants"]] == ["HAT-M", "HAT-S"]
    await assert_sound(world)


async def test_the_same_file_changes_nothing_and_another_what_it_says(world: AsyncEngine) -> None:
    await imported(world, PRODUCTS, FILE)
    before = await everything(world)

    again = await imported(world, PRODUCTS, FILE)

    after = await everything(world)
    assert counts(again) == ("SUCCEEDED", 3, 0, 3, 0)
    assert {name for name in after if after[name] != before[name]} == {
        "import_job",
        "import_chunk",
        "outbox",
    }
    file = b"sku,product,name,channels,active\nHAT-S,HATS,Hat,;,no\nHAT-M,HATS,Hat,WEB,\n"
    job = await imported(world, PRODUCTS, file)
    assert counts(job) == ("SUCCEEDED", 2, 1, 1, 0)
    small = await variant_of(world, "HAT-S")
    assert (small.sellable_on, small.active, small.weight_g) == ((), False, 120)
    told = [e for e in await product_events(world) if e["type"] == "ProductChanged"]
    assert [(e["version"], e["payload"]["part"]) for e in told] == [(2, "product")]


async def test_rows_that_break_a_rule_are_refused(world: AsyncEngine) -> None:
    file = (
        b"product,sku,name,barcode,weight_g,channels,active\n"
        b"P1,,Hat,,,,\n"
        b"P1,HAT!,Hat,,,,\n"
        b"P2,OLD,Old,,,,\n"
        b"P2,A,Hat,4006381333932,,,\n"
        b"P2,B,Hat,4006381333931,,,\n"
        b"P2,C,Hat,4006381333931,,,\n"
        b"P2,D,Hat,,heavy,,\n"
        b"P2,E,Hat,,,SHOP,\n"
        b"P2,F,,,,,\n"
        b"P2,G,Hat,,,,perhaps\n"
    )

    job = await imported(world, PRODUCTS, file)

    assert counts(job) == ("SUCCEEDED", 10, 1, 0, 9)
    assert await reasons(world, job) == [
        (2, "sku: must be 1 to 64 letters, digits, '.', '_', '/' or '-', no sign first or last"),
        (3, "sku: must be 1 to 64 letters, digits, '.', '_', '/' or '-', no sign first or last"),
        (4, "sku: belongs to product OLDS"),
        (5, "barcode: has a wrong check digit"),
        (7, "barcode: belongs to B"),
        (8, "weight_g: must be a whole number"),
        (9, "channels: SHOP is not known"),
        (10, "name: must not be empty"),
        (11, "active: must be true or false"),
    ]


async def test_a_product_has_no_more_variants_than_by_hand(
    world: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "MAX_VARIANTS", 2)
    header = b"product,sku,name\n"
    await imported(world, PRODUCTS, header + b"OLDS,A,Old hat\n")

    job = await imported(world, PRODUCTS, header + b"OLDS,B,Old hat\nOLDS,A,Older hat\n")

    assert counts(job) == ("SUCCEEDED", 2, 1, 0, 1)
    assert await reasons(world, job) == [(2, "product: has at most 2 variants")]
    assert (await variant_of(world, "A")).product_names == {"en": "Older hat"}


async def test_prices_are_set_once(world: AsyncEngine) -> None:
    file = (
        b"sku,channel,currency,amount,valid_from,valid_to\n"
        b"OLD,WEB,EUR,19.90,,\n"
        b"OLD,WEB,EUR,15,2030-01-01T00:00:00Z,2030-02-01T00:00:00+00:00\n"
        b"OLD,WEB,JPY,2000,,\n"
    )

    job = await imported(world, PRICES, file)
    again = await imported(world, PRICES, file)

    assert counts(job) == ("SUCCEEDED", 3, 3, 0, 0)
    assert counts(again) == ("SUCCEEDED", 3, 0, 3, 0)
    january, february = (datetime(2030, month, 1, tzinfo=UTC) for month in (1, 2))
    euros = [each for each in await prices_of(world) if each[0] == "EUR"]
    assert [each[1] for each in euros] == [1990, 1500, 1990]
    assert [each[3] for each in euros] == [january, february, None]
    told = await product_events(world)
    assert [(e["type"], e["version"], e["payload"]["part"]) for e in told] == [
        ("ProductChanged", 2, "prices")
    ]
    assert len(told[0]["payload"]["prices"]) == 3

    dearer = await imported(world, PRICES, b"sku,channel,currency,amount\nOLD,WEB,JPY,2500\n")
    assert counts(dearer) == ("SUCCEEDED", 1, 1, 0, 0)
    yen = [each for each in await prices_of(world) if each[0] == "JPY"]
    assert [each[1] for each in yen] == [2000, 2500]
    assert yen[0][3] == yen[1][2]
    await assert_sound(world)


async def test_money_is_decimal_text_with_the_digits_of_its_currency(world: AsyncEngine) -> None:
    file = (
        b"sku,channel,currency,amount,valid_from\n"
        b"OLD,WEB,EUR,1.999,\n"
        b"OLD,WEB,JPY,1.5,\n"
        b"OLD,WEB,eur,1,\n"
        b'OLD,WEB,CHF,"1,50",\n'
        b"OLD,WEB,USD,-1,\n"
        b"OLD,WEB,GBP,1e3,\n"
        b"NEW,WEB,EUR,1,\n"
        b"OLD,SHOP,EUR,1,\n"
        b"OLD,WEB,SEK,1,tomorrow\n"
        b"OLD,WEB,SEK,1,2030-01-01T00:00:00\n"
        b"OLD,WEB,KWD,1.234,\n"
    )

    job = await imported(world, PRICES, file)

    assert counts(job) == ("SUCCEEDED", 11, 1, 0, 10)
    plain = "amount: must be a decimal number such as 19.90"
    assert await reasons(world, job) == [
        (2, "amount: has more decimals than EUR allows"),
        (3, "amount: has more decimals than JPY allows"),
        (4, "currency: must be an ISO 4217 code such as EUR"),
        (5, plain),
        (6, plain),
        (7, plain),
        (8, "sku: is not known"),
        (9, "channel: is not known"),
        (10, "valid_from: must be a moment such as 2026-01-31T18:00:00Z"),
        (11, "valid_from: must have an offset from UTC, such as Z"),
    ]
    assert [each[:2] for each in await prices_of(world)] == [("KWD", 1234)]


async def test_a_price_that_would_end_before_now_is_refused_alone(world: AsyncEngine) -> None:
    file = (
        b"sku,channel,currency,amount,valid_from,valid_to\n"
        b"OLD,WEB,EUR,9,,2020-01-01T00:00:00Z\n"
        b"OLD,WEB,SEK,9,,9999-12-31T23:59:59-05:00\n"
        b"OLD,WEB,JPY,9,,\n"
    )

    job = await imported(world, PRICES, file)

    assert counts(job) == ("SUCCEEDED", 3, 1, 0, 2)
    assert await reasons(world, job) == [
        (2, "validTo: must be later than validFrom"),
        (3, "valid_to: must be a moment such as 2026-01-31T18:00:00Z"),
    ]
    assert [each[:2] for each in await prices_of(world)] == [("JPY", 9)]


async def test_a_planned_price_that_overlaps_is_refused(world: AsyncEngine) -> None:
    header = b"sku,channel,currency,amount,valid_from,valid_to\n"
    first = b"OLD,WEB,EUR,9,2030-01-01T00:00:00Z,2030-03-01T00:00:00Z\n"
    other = b"OLD,WEB,EUR,8,2030-02-01T00:00:00Z,2030-04-01T00:00:00Z\n"

    job = await imported(world, PRICES, header + first + other)

    assert counts(job) == ("SUCCEEDED", 2, 1, 0, 1)
    assert await reasons(world, job) == [(3, "another price is valid in a part of this period")]
    same = header + first.replace(b",9,", b",7,")
    assert counts(await imported(world, PRICES, same)) == ("SUCCEEDED", 1, 1, 0, 0)
    async with world.connect() as connection:
        amounts = list(await connection.scalars(sa.text("SELECT amount_minor FROM price")))
    assert amounts == [700]
