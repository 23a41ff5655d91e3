"""What the outside may ask of an order's lines: frozen commands."""

from dataclasses import dataclass

from domain.common.ids import OrderId, OrderLineId, Sku
from domain.common.money import Money
from domain.orders.commands import GivenPayment


@dataclass(frozen=True, slots=True)
class AddUnits:
    """More units of a SKU; `unit_price` only from roles that set their own prices."""

    sku: Sku
    quantity: int
    unit_price: Money | None = None


@dataclass(frozen=True, slots=True)
class SetUnits:
    """A line shall have that many units that are not called off; 0 removes it."""

    line_id: OrderLineId
    quantity: int


Change = AddUnits | SetUnits


@dataclass(frozen=True, slots=True)
class EditLines:
    """Change what was ordered. `payment` is for what the order costs more; without it the newest
    payment's tender and token are used again.
    """

    idempotency_key: str
    order_id: OrderId
    expected_version: int
    changes: tuple[Change, ...]
    payment: GivenPayment | None = None
    reason: str | None = None
