"""Small directories in the shape of the Olist data set, made up by the tests."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Row = Mapping[str, str]

COLUMNS: Mapping[str, Sequence[str]] = {
    "geolocation.csv": (
        "geolocation_zip_code_prefix",
        "geolocation_lat",
        "geolocation_lng",
        "geolocation_city",
        "geolocation_state",
    ),
    "sellers.csv": ("seller_id", "seller_zip_code_prefix", "seller_city", "seller_state"),
    "products.csv": ("product_id", "product_category_name", "product_weight_g"),
    "customers.csv": (
        "customer_id",
        "customer_unique_id",
        "customer_zip_code_prefix",
        "customer_city",
        "customer_state",
    ),
    "order_items.csv": (
        "order_id",
        "order_item_id",
        "product_id",
        "seller_id",
        "shipping_limit_date",
        "price",
        "freight_value",
    ),
    "order_payments.csv": (
        "order_id",
        "payment_sequential",
        "payment_type",
        "payment_installments",
        "payment_value",
    ),
    "orders.csv": (
        "order_id",
        "customer_id",
        "order_status",
        "order_purchase_timestamp",
        "order_approved_at",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
        "order_estimated_delivery_date",
    ),
}

PURCHASED, APPROVED = "2018-01-10 12:00:00", "2018-01-10 15:30:00"
CARRIER, DELIVERED = "2018-01-12 09:00:00", "2018-01-20 18:45:00"
_TOLD = {
    "created": 0, "approved": 1, "invoiced": 1, "processing": 1, "unavailable": 1, "canceled": 1,
    "shipped": 2, "delivered": 3,
}  # fmt: skip


@dataclass
class Files:
    """The rows of each file, by name; `write` puts them into a directory."""

    rows: dict[str, list[Sequence[str]]] = field(
        default_factory=lambda: {name: [] for name in COLUMNS}
    )

    def add(self, file: str, *values: str) -> int:
        """The line of the row in its file."""
        self.rows[file].append(values)
        return len(self.rows[file]) + 1

    def write(self, folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        for name, rows in self.rows.items():
            with (folder / name).open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([COLUMNS[name], *rows])
        return folder

    def place(self, code: str = "01310", city: str = "sao paulo", state: str = "SP") -> None:
        self.add("geolocation.csv", code, "-23.56", "-46.65", city, state)

    def seller(self, key: str = "s1", code: str = "01310", city: str = "sao paulo") -> int:
        return self.add("sellers.csv", key, code, city, "SP")

    def product(self, key: str = "p1", category: str = "bebes", weight: str = "700") -> int:
        return self.add("products.csv", key, category, weight)

    def customer(self, key: str, person: str | None = None, code: str = "01310") -> int:
        return self.add("customers.csv", key, person or f"person{key}", code, "sao paulo", "SP")

    def item(self, order: str, number: int, product: str, seller: str, price: str = "10.00") -> int:
        limit = "2018-01-15 00:00:00"
        return self.add("order_items.csv", order, str(number), product, seller, limit, price, "2.5")

    def payment(self, order: str, value: str, number: int = 1) -> int:
        return self.add("order_payments.csv", order, str(number), "credit_card", "1", value)

    def order_row(self, order: str, customer: str, status: str, purchased: str = PURCHASED) -> int:
        times = [APPROVED, CARRIER, DELIVERED][: _TOLD[status]]
        given = [*times, "", "", ""][:3]
        return self.add("orders.csv", order, customer, status, purchased, *given, "")

    def order(self, key: str, status: str = "delivered", products: Sequence[str] = ("p1",)) -> int:
        """A whole order of one unit of each product from seller s1, by a customer of its own."""
        self.customer(f"c{key}")
        for number, product in enumerate(products, start=1):
            self.item(key, number, product, "s1")
        self.payment(key, f"{12.5 * len(products):.2f}")
        return self.order_row(key, f"c{key}", status)


def small(statuses: Iterable[str] = ("delivered",)) -> Files:
    """One place, one seller, one product, and an order (o1, o2 ...) for each status."""
    files = Files()
    files.place()
    files.seller()
    files.product()
    for number, status in enumerate(statuses, start=1):
        files.order(f"o{number}", status)
    return files
