"""Purchase orders as values: what was ordered, what came, what was invoiced. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId, Sku
from domain.purchasing.errors import IllegalPurchaseStep

PurchaseOrderId = NewType("PurchaseOrderId", UUID)
SupplierInvoiceId = NewType("SupplierInvoiceId", UUID)
MAX_LINES = 500


class PurchaseOrderState(StrEnum):
    """OPEN until goods come; RECEIVED and CANCELLED are final: nothing more is expected."""

    OPEN = "OPEN"
    PARTIALLY_RECEIVED = "PARTIALLY_RECEIVED"
    RECEIVED = "RECEIVED"
    CANCELLED = "CANCELLED"


OPEN_STATES = frozenset({PurchaseOrderState.OPEN, PurchaseOrderState.PARTIALLY_RECEIVED})


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """Units of a SKU: ordered, received and invoiced so far. `unit_cost_minor` is the price agreed,
    None when none was; `invoiced_minor` is the sum of the invoices.
    """

    sku: Sku
    ordered: int
    eta: datetime
    unit_cost_minor: int | None = None
    received: int = 0
    invoiced: int = 0
    invoiced_minor: int = 0

    @property
    def receipt_difference(self) -> int:
        """Units received beyond those ordered; below 0 what is missing."""
        return self.received - self.ordered

    @property
    def invoice_difference(self) -> int:
        """Units invoiced beyond those received; above 0 what is to be claimed back."""
        return self.invoiced - self.received

    @property
    def amount_difference_minor(self) -> int | None:
        """What was invoiced beyond the agreed cost of what was received; None without a cost."""
        if self.unit_cost_minor is None:
            return None
        return self.invoiced_minor - self.received * self.unit_cost_minor


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    """Goods ordered from a supplier for a location. `version` counts its changes."""

    id: PurchaseOrderId
    number: str
    supplier_id: LocationId
    location_id: LocationId
    state: PurchaseOrderState
    reference: str
    currency: str
    confidence: Decimal
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int
    lines: tuple[PurchaseLine, ...]

    @property
    def over(self) -> bool:
        """Whether nothing more is expected."""
        return self.state not in OPEN_STATES


@dataclass(frozen=True, slots=True)
class LineChange:
    """A line's new figures; None keeps what there is."""

    sku: Sku
    quantity: int | None = None
    eta: datetime | None = None


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """Units of a SKU that the supplier wants `amount_minor` for, all of them together."""

    sku: Sku
    quantity: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class SupplierInvoice:
    """An invoice as the supplier sent it."""

    id: SupplierInvoiceId
    number: str
    invoiced_at: datetime
    recorded_by: str
    recorded_at: datetime
    lines: tuple[InvoiceLine, ...]


def rescheduled(
    order: PurchaseOrder,
    changes: Sequence[LineChange],
    eta: datetime | None,
    confidence: Decimal | None,
) -> PurchaseOrder:
    """The next version, with other quantities, dates or confidence. `eta` is for all lines that no
    change gives a date of their own.

    Raises:
        IllegalPurchaseStep: nothing more is expected.
        ValidationFailed: an unknown SKU, or fewer units than were received.
    """
    _require_open(order, "CHANGE")
    by_sku = {change.sku: change for change in changes}
    _require_lines(order, by_sku)

    def changed(line: PurchaseLine) -> PurchaseLine:
        change = by_sku.get(line.sku, LineChange(line.sku))
        ordered = line.ordered if change.quantity is None else change.quantity
        if ordered < line.received:
            raise ValidationFailed("lines.quantity", f"{line.received} of {line.sku} came already")
        return replace(line, ordered=ordered, eta=change.eta or eta or line.eta)

    lines = tuple(changed(line) for line in order.lines)
    sure = order.confidence if confidence is None else confidence
    return _next(replace(order, lines=lines, confidence=sure, state=_state(order.state, lines)))


def received(
    order: PurchaseOrder, counted: Mapping[Sku, int], *, complete: bool = False
) -> PurchaseOrder:
    """The next version: so many more units per SKU came. `complete` says that the rest will not.

    Raises:
        IllegalPurchaseStep: nothing more is expected. ValidationFailed: an unknown SKU.
    """
    _require_open(order, "RECEIVE")
    _require_lines(order, counted)
    lines = tuple(
        replace(line, received=line.received + counted.get(line.sku, 0)) for line in order.lines
    )
    state = PurchaseOrderState.RECEIVED if complete else _state(order.state, lines)
    return _next(replace(order, lines=lines, state=state))


def cancelled(order: PurchaseOrder) -> PurchaseOrder:
    """The next version: nothing more will come.

    Raises:
        IllegalPurchaseStep: nothing more is expected anyway.
    """
    _require_open(order, "CANCEL")
    return _next(replace(order, state=PurchaseOrderState.CANCELLED))


def invoiced(order: PurchaseOrder, lines: Sequence[InvoiceLine]) -> PurchaseOrder:
    """The next version: so many more units were invoiced, whatever came.

    Raises:
        ValidationFailed: an unknown SKU.
    """
    by_sku = {line.sku: line for line in lines}
    _require_lines(order, by_sku)

    def added(line: PurchaseLine) -> PurchaseLine:
        if (more := by_sku.get(line.sku)) is None:
            return line
        return replace(
            line,
            invoiced=line.invoiced + more.quantity,
            invoiced_minor=line.invoiced_minor + more.amount_minor,
        )

    return _next(replace(order, lines=tuple(added(line) for line in order.lines)))


def _state(before: PurchaseOrderState, lines: Sequence[PurchaseLine]) -> PurchaseOrderState:
    if all(line.received >= line.ordered for line in lines):
        return PurchaseOrderState.RECEIVED
    if any(line.received for line in lines):
        return PurchaseOrderState.PARTIALLY_RECEIVED
    return before


def _next(order: PurchaseOrder) -> PurchaseOrder:
    return replace(order, version=order.version + 1)


def _require_open(order: PurchaseOrder, action: str) -> None:
    if order.over:
        raise IllegalPurchaseStep(action, order.state.value)


def _require_lines(order: PurchaseOrder, named: Collection[Sku]) -> None:
    if unknown := set(named) - {line.sku for line in order.lines}:
        raise ValidationFailed("lines", f"{min(unknown)} is not in the purchase order")
