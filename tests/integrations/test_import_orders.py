import asyncio
import csv
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.importing import ImportRunning, import_orders
from app.olist import DirectoryUnfit
from domain.integrations.reading import WrongColumns
from tests.integrations.conftest import Importer
from tests.support.olist import Files, small

ADDED = ("channels", "tax rates", "sellers", "products", "customers", "stock levels", "orders")
STANDING = """
SELECT external_reference, status, fulfillment_status, payment_status, holds, version
FROM sales_order ORDER BY external_reference
"""


async def quarantined(importer: Importer) -> list[tuple[Any, ...]]:
    """File, line and reason of every row in the quarantine."""
    return await importer.rows(
        "SELECT file, line, reason FROM import_quarantine ORDER BY file, line, reason"
    )


async def test_orders_come_in_their_historic_state(importer: Importer, tmp_path: Path) -> None:
    statuses = ("created", "approved", "invoiced", "processing", "shipped", "delivered", "canceled")
    files = small((*statuses, "unavailable"))

    summary = await importer.run(files.write(tmp_path / "data"))

    assert dict(summary.added) == dict(zip(ADDED, (1, 1, 1, 1, 8, 1, 8), strict=True))
    assert (summary.refused, summary.known_orders, summary.report) == (0, 0, None)
    assert await importer.rows(STANDING) == [
        ("o1", "CONFIRMED", "UNFULFILLED", "CAPTURED", ["PAYMENT"], 3),
        ("o2", "CONFIRMED", "UNFULFILLED", "CAPTURED", [], 2),
        ("o3", "CONFIRMED", "IN_PROGRESS", "CAPTURED", [], 3),
        ("o4", "CONFIRMED", "IN_PROGRESS", "CAPTURED", [], 3),
        ("o5", "CONFIRMED", "SHIPPED", "CAPTURED", [], 3),
        ("o6", "CLOSED", "DELIVERED", "CAPTURED", [], 4),
        ("o7", "CANCELLED", "CANCELLED", "REFUNDED", [], 3),
        ("o8", "CANCELLED", "CANCELLED", "REFUNDED", [], 3),
    ]
    assert await importer.violations() == []


async def test_times_are_those_of_sao_paulo(importer: Importer, tmp_path: Path) -> None:
    await importer.run(small(["delivered"]).write(tmp_path / "data"))

    history = await importer.rows(
        "SELECT action, to_char(at, 'YYYY-MM-DD HH24:MI'), actor FROM order_history ORDER BY seq"
    )
    importing = "CHANNEL:import-olist"
    assert history == [  # two hours behind UTC in summer, which is January there
        ("PLACE", "2018-01-10 14:00", importing),
        ("CONFIRM", "2018-01-10 17:30", importing),
        ("SHIP", "2018-01-12 11:00", importing),
        ("DELIVER", "2018-01-20 20:45", importing),
    ]
    order = "SELECT placed_at = (SELECT min(at) FROM order_history), closed_at FROM sales_order"
    placed_then, closed_at = await importer.one(order)
    assert placed_then
    assert closed_at.isoformat() == "2018-01-20T20:45:00+00:00"
    assert await importer.one(
        "SELECT shipped_at = (SELECT at FROM order_history WHERE action = 'SHIP'),"
        " delivered_at = (SELECT at FROM order_history WHERE action = 'DELIVER'),"
        " status, version FROM shipment"
    ) == (True, True, "DELIVERED", 2)


async def test_equal_units_are_one_line_and_freight_is_shipping(
    importer: Importer, tmp_path: Path
) -> None:
    files = small([])
    files.seller("s2")
    files.product("p2")
    files.customer("c1")
    for number, (product, seller, price) in enumerate(
        [("p2", "s1", "7.10"), ("p1", "s1", "10"), ("p2", "s1", "7.10"), ("p2", "s2", "6.99")], 1
    ):
        files.item("o1", number, product, seller, price)
    files.payment("o1", "30.19", 1)
    files.payment("o1", "11.00", 2)
    files.order_row("o1", "c1", "shipped")

    await importer.run(files.write(tmp_path / "data"))

    assert await importer.rows(
        "SELECT position, sku, ordered_quantity, unit_price_minor, tax_minor FROM order_line"
        " ORDER BY position"
    ) == [(1, "olist-p2", 2, 710, 0), (2, "olist-p1", 1, 1000, 0), (3, "olist-p2", 1, 699, 0)]
    assert await importer.one(
        "SELECT items_minor, shipping_minor, total_minor, tax_minor, currency FROM sales_order"
    ) == (3119, 1000, 4119, 0, "BRL")
    assert await importer.rows(
        "SELECT l.code, pl.quantity FROM parcel AS p"
        " JOIN shipment AS s ON s.id = p.shipment_id JOIN location AS l ON l.id = s.location_id"
        " JOIN parcel_line AS pl ON pl.parcel_id = p.id ORDER BY 1, 2"
    ) == [("olist-s1", 1), ("olist-s1", 2), ("olist-s2", 1)]
    numbers = "SELECT array_agg(tracking_number ORDER BY tracking_number) FROM parcel"
    assert await importer.one(numbers) == ["O1-1", "O1-2"]
    assert await importer.violations() == []


async def test_sellers_are_where_their_postal_code_is(importer: Importer, tmp_path: Path) -> None:
    files = small([])
    files.add("geolocation.csv", "01310", "-23.50", "-46.55", "são paulo", "SP")
    files.add("geolocation.csv", "01310", "-23.50", "-46.60", "sao paulo", "SP")
    files.seller("s2", "99999", "Sao Paulo")

    await importer.run(files.write(tmp_path / "data"))

    assert await importer.rows(
        "SELECT code, kind, city, region, country, latitude, longitude, time_zone, can_ship"
        " FROM location ORDER BY code"
    ) == [
        ("olist-s1", "MARKETPLACE", "Sao Paulo", "SP", "BR", -23.52, -46.6,
         "America/Sao_Paulo", True),
        ("olist-s2", "MARKETPLACE", "Sao Paulo", "SP", "BR", -23.53, -46.625,
         "America/Sao_Paulo", True),
    ]  # fmt: skip
    assert await importer.one("SELECT count(*) FROM channel_location WHERE channel = 'olist'") == 2


async def test_a_person_with_two_orders_is_one_customer(importer: Importer, tmp_path: Path) -> None:
    files = small([])
    files.customer("c1", "ana")
    files.customer("c2", "ana")
    for key, customer in (("o1", "c1"), ("o2", "c2")):
        files.item(key, 1, "p1", "s1")
        files.payment(key, "12.50")
        files.order_row(key, customer, "delivered")

    await importer.run(files.write(tmp_path / "data"))

    assert await importer.rows("SELECT source, reference FROM customer_reference") == [
        ("olist", "ana")
    ]
    assert await importer.one("SELECT count(DISTINCT customer_id) FROM sales_order") == 1


def spoilt() -> tuple[Files, list[tuple[str, int, str]]]:
    """Two good orders among bad rows of every kind, and what must be refused."""
    files = small(["delivered", "shipped"])
    refused: list[tuple[str, int, str]] = []

    def bad(file: str, line: int, reason: str) -> None:
        refused.append((file, line, reason))

    far = files.add("geolocation.csv", "20000", "45.1", "9.3", "pau d'arco", "AL")
    bad("geolocation.csv", far, "geolocation_lat: Input should be less than or equal to 6")
    nowhere = files.seller("s9", "88888", "nowhere")
    bad("sellers.csv", nowhere, "neither its postal code nor its city has coordinates")
    bad("sellers.csv", files.seller(), "seller_id comes twice")
    heavy = files.product("p8", weight="heavy")
    weight = "Input should be a valid integer, unable to parse string as an integer"
    bad("products.csv", heavy, f"product_weight_g: {weight}")
    short = files.add("products.csv", "p9", "bebes")
    bad("products.csv", short, "has 2 fields, not 3")
    zip_code = files.customer("c9", code="123")
    pattern = "customer_zip_code_prefix: String should match pattern '^[0-9]{5}$'"
    bad("customers.csv", zip_code, pattern)

    # An order with a product that was refused, one with a price that is none, one without items.
    files.customer("c3")
    item = files.item("o3", 1, "p8", "s1")
    bad("order_items.csv", item, "product_id was not loaded from products.csv")
    files.payment("o3", "12.50")
    line = files.order_row("o3", "c3", "shipped")
    bad("orders.csv", line, "an item was refused: product_id was not loaded from products.csv")
    files.customer("c4")
    files.item("o4", 1, "p1", "s1")
    item = files.item("o4", 2, "p1", "s1", "-1")
    price = "price: Input should be greater than or equal to 0"
    bad("order_items.csv", item, price)
    files.payment("o4", "12.50")
    bad("orders.csv", files.order_row("o4", "c4", "shipped"), f"an item was refused: {price}")
    files.customer("c5")
    files.payment("o5", "12.50")
    line = files.order_row("o5", "c5", "unavailable")
    bad("orders.csv", line, "has no items in order_items.csv")

    # Orders with a bad time, of an unknown customer, without a payment, and the first one again.
    files.item("o6", 1, "p1", "s1")
    files.payment("o6", "12.50")
    line = files.order_row("o6", "co1", "shipped", "10/01/2018")
    form = "time data '10/01/2018' does not match format '%Y-%m-%d %H:%M:%S'"
    bad("orders.csv", line, f"order_purchase_timestamp: {form}")
    files.item("o7", 1, "p1", "s1")
    files.payment("o7", "12.50")
    line = files.order_row("o7", "c9", "shipped")
    bad("orders.csv", line, "customer_id was not loaded from customers.csv")
    files.item("o8", 1, "p1", "s1")
    line = files.order_row("o8", "co1", "shipped")
    bad("orders.csv", line, "has no payments in order_payments.csv")
    bad("orders.csv", files.order_row("o1", "co1", "shipped"), "order_id comes twice")

    # Items and payments of no order, and a payment with interest.
    bad("order_items.csv", files.item("o99", 1, "p1", "s1"), "order_id is not in orders.csv")
    bad("order_payments.csv", files.payment("o99", "1.00"), "order_id is not in orders.csv")
    files.customer("c10")
    files.item("o10", 1, "p1", "s1")
    interest = files.payment("o10", "13.00")
    files.order_row("o10", "c10", "delivered")
    differs = "the payments of the order are 13.00, it costs 12.50: loaded as paid in full"
    bad("order_payments.csv", interest, differs)
    return files, sorted(refused)


async def test_every_bad_row_is_refused_with_its_reason(importer: Importer, tmp_path: Path) -> None:
    files, expected = spoilt()

    summary = await importer.run(files.write(tmp_path / "data"))

    assert await quarantined(importer) == expected
    assert (summary.refused, summary.newly_refused) == (len(expected), len(expected))
    assert [row[0] for row in await importer.rows(STANDING)] == ["o1", "o10", "o2"]
    assert await importer.violations() == []
    assert summary.report is not None
    with summary.report.open(newline="", encoding="utf-8") as file:
        report = list(csv.DictReader(file))
    found = sorted((row["file"], int(row["line"]), row["reason"]) for row in report)
    assert found == expected
    (price,) = [row for row in report if row["reason"].startswith("price")]
    assert json.loads(price["row"])["price"] == "-1"


async def test_importing_twice_changes_nothing(importer: Importer, tmp_path: Path) -> None:
    files, expected = spoilt()
    directory = files.write(tmp_path / "data")
    await importer.run(directory)
    before = await importer.fingerprint()

    again = await importer.run(directory)

    assert again.changes == 0
    assert again.refused == len(expected)
    assert again.known_orders == 3
    assert await importer.fingerprint() == before


async def test_a_grown_directory_adds_what_is_new(importer: Importer, tmp_path: Path) -> None:
    files = small(["delivered"])
    await importer.run(files.write(tmp_path / "data"))
    files.order("o2", "shipped")

    summary = await importer.run(files.write(tmp_path / "data"))

    added = {kind: count for kind, count in summary.added.items() if count}
    assert added == {"customers": 1, "stock levels": 1, "orders": 1}
    assert await importer.violations() == []


async def test_an_interrupted_import_goes_on_where_it_stopped(
    importer: Importer, tmp_path: Path
) -> None:
    files = small(["delivered"] * 120)
    directory = files.write(tmp_path / "data")

    def cut(step: str, done: int, total: int) -> None:
        del done, total
        if step == "orders":
            raise RuntimeError("power cut")

    with pytest.raises(ExceptionGroup):
        await import_orders(
            importer.database, directory, report=importer.report, progress=cut, tasks=1
        )
    assert await importer.one("SELECT count(*) FROM sales_order") == 50

    summary = await importer.run(directory)

    assert summary.known_orders == 50
    assert summary.added["orders"] == 70
    assert summary.added["stock levels"] == 0
    assert await importer.one("SELECT on_hand FROM stock_level") == 0
    assert await importer.violations() == []


async def test_one_refused_order_does_not_hold_up_the_others(
    importer: Importer, tmp_path: Path
) -> None:
    files = small(["delivered"])
    files.product("p2")
    await importer.run(files.write(tmp_path / "data"))
    async with importer.database.writes.begin() as connection:
        await connection.execute(
            sa.text("UPDATE variant SET active = false WHERE sku = 'olist-p2'")
        )
    files.order("o2")
    line = files.order("o3", products=["p1", "p2"])
    files.order("o4")

    summary = await importer.run(files.write(tmp_path / "data"))

    assert summary.added["orders"] == 2
    reason = "PRODUCT_NOT_SELLABLE: not sellable on this channel (withdrawn): olist-p2"
    assert await quarantined(importer) == [("orders.csv", line, reason)]
    assert await importer.violations() == []


async def test_ids_that_look_like_card_numbers_are_ids(importer: Importer, tmp_path: Path) -> None:
    files = small([])
    key = "ab4111111111111111ab0123456789cd"
    files.customer("c1", key)
    files.item(key, 1, "p1", "s1")
    files.payment(key, "12.50")
    files.order_row(key, "c1", "delivered")
    shorter = files.customer("c2", "a4111111111111111")

    summary = await importer.run(files.write(tmp_path / "data"))

    assert (summary.added["orders"], summary.added["customers"]) == (1, 1)
    reason = "customer_unique_id: must not contain a payment card number"
    assert await quarantined(importer) == [("customers.csv", shorter, reason)]


async def test_two_imports_do_not_run_at_once(importer: Importer, tmp_path: Path) -> None:
    directory = small(["delivered"] * 60).write(tmp_path / "data")

    results = await asyncio.gather(
        importer.run(directory), importer.run(directory), return_exceptions=True
    )

    assert sorted(type(result).__name__ for result in results) == ["ImportRunning", "ImportSummary"]
    assert any(isinstance(result, ImportRunning) for result in results)
    assert (await importer.run(directory)).changes == 0


async def test_an_import_leaves_one_note_of_what_it_did(importer: Importer, tmp_path: Path) -> None:
    directory = small(["delivered"]).write(tmp_path / "shop")
    await importer.run(directory)
    await importer.run(directory)

    kind, source, finished, counts = await importer.one(
        "SELECT kind, source, finished_at IS NOT NULL, counts FROM import_run"
    )
    assert (kind, source, finished) == ("orders", "shop", True)
    assert (counts["orders"], counts["rows"], counts["refused"]) == (1, 7, 0)


async def test_a_directory_without_the_files_is_refused(importer: Importer, tmp_path: Path) -> None:
    with pytest.raises(DirectoryUnfit, match="is not a directory"):
        await importer.run(tmp_path / "missing")
    directory = small(["delivered"]).write(tmp_path / "data")
    (directory / "orders.csv").unlink()
    with pytest.raises(DirectoryUnfit, match=r"has no orders\.csv"):
        await importer.run(directory)
    (directory / "orders.csv").write_text("order_id,customer_id\n")
    with pytest.raises(WrongColumns, match=r"orders\.csv has no column order_approved_at, "):
        await importer.run(directory)
    assert await importer.one("SELECT count(*) FROM location") == 0
