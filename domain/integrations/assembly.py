"""Joining the files: rows go in file by file, and what they make together comes out. Pure.

Feed the files in this order: geolocation, sellers, products, customers, items, payments, orders.
A row that refers to something that was refused is refused itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from domain.catalog.bulk import ProductDraft
from domain.integrations.model import HistoricOrder
from domain.integrations.olist import historic_order, product_draft, seller_location, total
from domain.integrations.places import Gazetteer
from domain.integrations.reading import Accepted, R, Rejected
from domain.integrations.rows import (
    CustomerRow,
    GeolocationRow,
    OrderItemRow,
    OrderRow,
    PaymentRow,
    ProductRow,
    SellerRow,
)
from domain.locations.model import Location

GEOLOCATION, SELLERS, PRODUCTS = "geolocation.csv", "sellers.csv", "products.csv"
CUSTOMERS, ITEMS = "customers.csv", "order_items.csv"
PAYMENTS, ORDERS = "order_payments.csv", "orders.csv"


@dataclass(frozen=True, slots=True)
class Assembled:
    """An order with the line of `orders.csv` that it stands on."""

    line: int
    order: HistoricOrder


class Assembly:
    """What is known so far. Each `add_...` gives back the row when it must be refused."""

    def __init__(self) -> None:
        self._places = Gazetteer()
        self._customers: dict[str, CustomerRow] = {}
        self._items: dict[str, list[Accepted[OrderItemRow]]] = {}
        self._spoilt: dict[str, str] = {}
        self._payments: dict[str, list[Accepted[PaymentRow]]] = {}
        self._orders: set[str] = set()
        self.sellers: dict[str, Location] = {}
        self.products: dict[str, ProductDraft] = {}

    @property
    def people(self) -> list[str]:
        """The `customer_unique_id`s, each once, in the order of the file."""
        return list(dict.fromkeys(row.customer_unique_id for row in self._customers.values()))

    def add_point(self, given: Accepted[GeolocationRow]) -> Rejected | None:
        """A point of a postal code is known."""
        self._places.add(given.row)
        return None

    def add_seller(self, given: Accepted[SellerRow]) -> Rejected | None:
        """A seller is known, unless nobody knows where it is."""
        row = given.row
        if row.seller_id in self.sellers:
            return _refused(SELLERS, given, "seller_id comes twice")
        area = self._places.find(row.seller_zip_code_prefix, row.seller_city, row.seller_state)
        if area is None:
            reason = "neither its postal code nor its city has coordinates"
            return _refused(SELLERS, given, reason)
        self.sellers[row.seller_id] = seller_location(row, area)
        return None

    def add_product(self, given: Accepted[ProductRow]) -> Rejected | None:
        """A product is known."""
        if given.row.product_id in self.products:
            return _refused(PRODUCTS, given, "product_id comes twice")
        self.products[given.row.product_id] = product_draft(given.row)
        return None

    def add_customer(self, given: Accepted[CustomerRow]) -> Rejected | None:
        """A customer is known."""
        if given.row.customer_id in self._customers:
            return _refused(CUSTOMERS, given, "customer_id comes twice")
        self._customers[given.row.customer_id] = given.row
        return None

    def add_item(self, given: Accepted[OrderItemRow]) -> Rejected | None:
        """An item waits for its order; a refused one spoils the whole order."""
        reason = self._wrong_with(given.row)
        if reason is not None:
            refused = _refused(ITEMS, given, reason)
            self.note(refused)
            return refused
        self._items.setdefault(given.row.order_id, []).append(given)
        return None

    def note(self, refused: Rejected) -> None:
        """A row was refused: a bad item spoils its whole order, a bad order its items."""
        order_id = refused.row.get("order_id", "")
        if refused.file == ITEMS:
            self._spoilt.setdefault(order_id, f"an item was refused: {refused.reason}")
        if refused.file == ORDERS:
            self._items.pop(order_id, None)
            self._payments.pop(order_id, None)

    def add_payment(self, given: Accepted[PaymentRow]) -> Rejected | None:
        """A payment waits for its order."""
        self._payments.setdefault(given.row.order_id, []).append(given)
        return None

    def add_order(self, given: Accepted[OrderRow]) -> Iterator[Assembled | Rejected]:
        """The order, complete, and those of its payments that do not fit; or its refusal."""
        row = given.row
        items = self._items.pop(row.order_id, [])
        payments = self._payments.pop(row.order_id, [])
        reason = self._wrong_with_order(row, has_items=bool(items), is_paid=bool(payments))
        self._orders.add(row.order_id)
        if reason is not None:
            yield _refused(ORDERS, given, reason)
            return
        customer = self._customers[row.customer_id]
        area = self._places.find(
            customer.customer_zip_code_prefix, customer.customer_city, customer.customer_state
        )
        rows = [item.row for item in items]
        yield Assembled(given.line, historic_order(row, customer, area, rows))
        yield from _unfit(payments, total(rows))

    def left_over(self) -> Iterator[Rejected]:
        """Items and payments of orders that never came. Ask for them last."""
        for items in self._items.values():
            yield from (_refused(ITEMS, item, "order_id is not in orders.csv") for item in items)
        for payments in self._payments.values():
            yield from (
                _refused(PAYMENTS, paid, "order_id is not in orders.csv") for paid in payments
            )

    def _wrong_with(self, item: OrderItemRow) -> str | None:
        if item.product_id not in self.products:
            return "product_id was not loaded from products.csv"
        if item.seller_id not in self.sellers:
            return "seller_id was not loaded from sellers.csv"
        return None

    def _wrong_with_order(self, row: OrderRow, *, has_items: bool, is_paid: bool) -> str | None:
        if row.order_id in self._orders:
            return "order_id comes twice"
        if row.order_id in self._spoilt:
            return self._spoilt[row.order_id]
        if row.customer_id not in self._customers:
            return "customer_id was not loaded from customers.csv"
        if not has_items:
            return "has no items in order_items.csv"
        return None if is_paid else "has no payments in order_payments.csv"


def _unfit(payments: list[Accepted[PaymentRow]], costs: Decimal) -> Iterator[Rejected]:
    paid = sum((payment.row.payment_value for payment in payments), Decimal(0))
    if paid == costs:
        return
    reason = f"the payments of the order are {paid}, it costs {costs}: loaded as paid in full"
    yield from (_refused(PAYMENTS, payment, reason) for payment in payments)


def _refused(file: str, given: Accepted[R], reason: str) -> Rejected:
    return Rejected(file, given.line, reason, given.raw)
