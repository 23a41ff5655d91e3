"""The first 300 orders of the real data set, where it lies beside the project."""

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integrations.conftest import Importer
from tests.support.olist import COLUMNS

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "olist_sample"
ORDERS = 300
STATUSES = {
    "created": "CONFIRMED", "approved": "CONFIRMED", "invoiced": "CONFIRMED",
    "processing": "CONFIRMED", "shipped": "CONFIRMED", "delivered": "CLOSED",
    "canceled": "CANCELLED", "unavailable": "CANCELLED",
}  # fmt: skip

pytestmark = pytest.mark.skipif(
    not SAMPLE.is_dir(), reason="the Olist sample is not in ../shared/data/olist_sample"
)

Rows = list[dict[str, str]]


def sample_of(name: str) -> Rows:
    with (SAMPLE / name).open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def first_orders(folder: Path) -> tuple[Path, dict[str, Rows]]:
    """A directory with the first orders and all that belongs to them."""
    orders = sample_of("orders.csv")[:ORDERS]
    ids = {row["order_id"] for row in orders}
    items = [row for row in sample_of("order_items.csv") if row["order_id"] in ids]
    wanted = {
        "customers.csv": ("customer_id", {row["customer_id"] for row in orders}),
        "products.csv": ("product_id", {row["product_id"] for row in items}),
        "sellers.csv": ("seller_id", {row["seller_id"] for row in items}),
        "order_payments.csv": ("order_id", ids),
    }
    rows = {"orders.csv": orders, "order_items.csv": items}
    for name, (column, keys) in wanted.items():
        rows[name] = [row for row in sample_of(name) if row[column] in keys]
    rows["geolocation.csv"] = sample_of("geolocation.csv")
    folder.mkdir()
    for name in COLUMNS:
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[name][0]))
            writer.writeheader()
            writer.writerows(rows[name])
    return folder, rows


@pytest.mark.slow
async def test_real_orders_are_loaded_with_every_row_accounted_for(
    importer: Importer, tmp_path: Path
) -> None:
    directory, rows = first_orders(tmp_path / "olist")
    costs: Counter[str] = Counter()
    for item in rows["order_items.csv"]:
        cents = (Decimal(item["price"]) + Decimal(item["freight_value"])) * 100
        costs[item["order_id"]] += int(cents)

    summary = await importer.run(directory)

    found = await importer.rows("SELECT external_reference, status, total_minor FROM sales_order")
    loaded = {reference: (status, total) for reference, status, total in found}
    lines = "SELECT line FROM import_quarantine WHERE file = 'orders.csv'"
    refused = {line for (line,) in await importer.rows(lines)}
    assert summary.added["orders"] == len(loaded) == ORDERS - len(refused)
    assert summary.rows == sum(len(each) for each in rows.values())
    for line, row in enumerate(rows["orders.csv"], start=2):
        reference = row["order_id"]
        assert (reference in loaded) != (line in refused)
        if reference in loaded:
            assert loaded[reference] == (STATUSES[row["order_status"]], costs[reference])
        else:
            assert reference not in costs  # refused because it has no items
    assert await importer.violations() == []

    before = await importer.fingerprint()
    assert (await importer.run(directory)).changes == 0
    assert await importer.fingerprint() == before
