"""Orders of the past out of a file with a row for each line."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.imports.model import COLUMNS, ImportKind
from tests.support.imports import clear_stages, counts, imported, reasons
from tests.support.shop import Shop, open_shop
from tests.support.stock import events, level_at

ORDERS, CUSTOMERS = ImportKind.ORDERS, ImportKind.CUSTOMERS
GIVEN = {
    "channel": "WEB",
    "placed_at": "2026-05-01T10:00:00Z",
    "status": "DELIVERED",
    "sku": "HAT",
    "quantity": "1",
    "unit_price": "15.00",
    "currency": "EUR",
    "location": "ROME",
    "customer_source": "crm",
    "customer_reference": "1",
    "recipient": "Ada Verdi",
    "street": "Via Roma 1",
    "city": "Rome",
    "postal_code": "00100",
    "country": "IT",
    "shipping": "4.90",
    "approved_at": "2026-05-01T10:05:00Z",
    "shipped_at": "2026-05-02T08:00:00Z",
    "delivered_at": "2026-05-03T12:00:00Z",
}
NAMES = COLUMNS[ORDERS].all


def file(*rows: dict[str, str]) -> bytes:
    """The file with these rows, each of them with what is given of others."""
    lines = [",".join((GIVEN | row).get(name, "") for name in NAMES) for row in rows]
    return "\n".join([",".join(NAMES), *lines, ""]).encode()


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> AsyncGenerator[Shop]:
    del clean_database
    await clear_stages(engine)
    opened = await open_shop(engine, {"HAT": {"ROME": 5}, "SCARF": {"MILAN": 2}})
    people = b"source,reference,channel,email\ncrm,1,WEB,ada@example.com\ncrm,2,WEB,\n"
    await imported(engine, CUSTOMERS, people)
    yield opened
    assert await opened.broken_rules() == []


async def orders(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    query = """SELECT external_reference, status, version, total_minor, placed_by
      FROM sales_order ORDER BY external_reference"""
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(sa.text(query))]


async def test_orders_come_in_their_historic_state_and_leave_todays_stock_alone(
    shop: Shop, engine: AsyncEngine
) -> None:
    del shop
    data = file(
        {"reference": "A-1"},
        {"reference": "A-1", "sku": "SCARF", "location": "MILAN", "quantity": "3"},
        {"reference": "A-2", "status": "CONFIRMED", "quantity": "2", "customer_reference": "2"},
        {"reference": "A-3", "status": "cancelled"},
        {"reference": "A-4", "status": "HELD", "approved_at": ""},
    )

    job = await imported(engine, ORDERS, data)
    again = await imported(engine, ORDERS, data)

    assert counts(job) == ("SUCCEEDED", 5, 5, 0, 0)
    assert counts(again) == ("SUCCEEDED", 5, 0, 5, 0)
    found = await orders(engine)
    assert [(row[0], row[1], row[3]) for row in found] == [
        ("A-1", "CLOSED", 6490),
        ("A-2", "CONFIRMED", 3490),
        ("A-3", "CANCELLED", 1990),
        ("A-4", "CONFIRMED", 1990),
    ]
    hat, scarf = await level_at(engine, "HAT"), await level_at(engine, "SCARF", "MILAN")
    assert (hat.on_hand, hat.allocated) == (5, 3)
    assert (scarf.on_hand, scarf.allocated) == (2, 0)


async def test_an_order_is_applied_whole_or_refused_whole(shop: Shop, engine: AsyncEngine) -> None:
    del shop
    data = file(
        {"reference": "B-1"},
        {"reference": "B-1", "quantity": "none"},
        {"reference": "B-2", "status": "CONFIRMED", "quantity": "9"},
        {"reference": "B-3", "customer_reference": "nobody"},
        {"reference": "B-4", "location": "PARIS"},
        {"reference": "B-5", "sku": "SHOE"},
        {"reference": "B-6"},
        {"reference": "B-6", "city": "Milan"},
        {"reference": "B-7", "currency": "JPY"},
        {"reference": "B-8", "placed_at": ""},
        {"reference": "B-9", "status": "LOST"},
        {"reference": "", "quantity": "1"},
        {"reference": "C-1"},
        {"reference": "C-2", "channel": "POS"},
        {"reference": "C-3", "country": "ES"},
    )

    job = await imported(engine, ORDERS, data)

    told = dict(await reasons(engine, job))
    assert counts(job) == ("SUCCEEDED", 15, 3, 0, 12)
    assert [row[0] for row in await orders(engine)] == ["C-1", "C-2", "C-3"]
    assert told[2] == "line 3, of the same order, was refused"
    assert told[3] == "quantity: must be a whole number"
    assert "HAT" in told[4]
    assert told[5] == "customer nobody not found"
    assert told[6] == "location PARIS not found"
    assert "SHOE" in told[7]
    assert told[8] == told[9] == "city: differs from line 8, of the same order"
    assert told[10] == "shipping: has more decimals than JPY allows"
    assert told[11] == "placed_at: is missing"
    assert told[12].startswith("status: must be one of HELD, CONFIRMED")
    assert told[13] == "reference: must not be empty"


async def test_amounts_and_moments_that_no_table_holds_are_refused(
    shop: Shop, engine: AsyncEngine
) -> None:
    del shop
    data = file(
        {"reference": "B-1", "unit_price": "99999999999999999999.00"},
        {"reference": "B-2", "shipping": "99999999999999999999.00"},
        {"reference": "B-3", "placed_at": "0001-01-01T00:00:00+09:00"},
        {"reference": "B-4"},
    )

    job = await imported(engine, ORDERS, data)

    assert counts(job) == ("SUCCEEDED", 4, 1, 0, 3)
    assert await reasons(engine, job) == [
        (2, "unit_price.amount: must not be negative, nor absurdly high"),
        (3, "shipping.amount: must not be negative, nor absurdly high"),
        (4, "placed_at: must be a moment such as 2026-01-31T18:00:00Z"),
    ]


async def test_channels_may_use_the_same_reference(shop: Shop, engine: AsyncEngine) -> None:
    del shop
    data = file({"reference": "F-1"}, {"reference": "F-1", "channel": "POS"}, {"reference": "f-1"})
    job = await imported(engine, ORDERS, data)
    assert counts(job) == ("SUCCEEDED", 3, 2, 0, 1)
    assert await reasons(engine, job) == [
        (4, "tracking number of a loaded order of IMPORT is used already")
    ]


async def test_an_order_without_a_language_has_not_that_of_another(
    shop: Shop, engine: AsyncEngine
) -> None:
    del shop
    data = file({"reference": "G-1", "language": "it"}, {"reference": "G-2"})
    assert counts(await imported(engine, ORDERS, data)) == ("SUCCEEDED", 2, 2, 0, 0)
    query = "SELECT language FROM sales_order ORDER BY external_reference"
    async with engine.connect() as connection:
        assert list(await connection.scalars(sa.text(query))) == ["it", "en"]


async def test_a_commit_of_an_import_is_one_outbox_row(shop: Shop, engine: AsyncEngine) -> None:
    del shop
    before = len(await events(engine))
    await imported(engine, ORDERS, file(*({"reference": f"D-{n}"} for n in range(60))))
    told = (await events(engine))[before:]
    assert sum(e["payload"].get("action") == "PLACE" for e in told) == 60
    levels = [e["version"] for e in told if e["aggregate"] == "stock_level"]
    assert levels == list(range(levels[0], levels[0] + len(levels)))
    placing = """SELECT count(*) FROM outbox
      WHERE jsonb_path_exists(events, '$[*] ? (@.payload.action == "PLACE")')"""
    async with engine.connect() as connection:
        rows = await connection.scalar(sa.text(placing))
    assert rows == 2


async def test_a_row_of_another_shape_stands_for_itself(shop: Shop, engine: AsyncEngine) -> None:
    del shop
    more = file({"reference": "E-2"}).split(b"\n")[1]
    data = file({"reference": "E-1"}) + b'oops\n"xxxxx\n' + more + b"\n"
    job = await imported(engine, ORDERS, data)
    assert counts(job) == ("SUCCEEDED", 4, 2, 0, 2)
    assert [line for line, _ in await reasons(engine, job)] == [3, 4]
