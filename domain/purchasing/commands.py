"""What can be asked of purchasing."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.common.ids import LocationId, Sku
from domain.purchasing.model import InvoiceLine, LineChange, PurchaseOrderId
from domain.supply.model import CERTAIN


@dataclass(frozen=True, slots=True)
class OrderedUnits:
    """Units of a SKU to buy; `eta` None means that of the purchase order."""

    sku: Sku
    quantity: int
    eta: datetime | None = None
    unit_cost_minor: int | None = None


@dataclass(frozen=True, slots=True)
class CreatePurchaseOrder:
    """Goods are ordered from a supplier for a location."""

    idempotency_key: str
    supplier_id: LocationId
    location_id: LocationId
    lines: tuple[OrderedUnits, ...]
    eta: datetime
    currency: str
    confidence: Decimal = CERTAIN
    reference: str = ""


@dataclass(frozen=True, slots=True)
class ChangePurchaseOrder:
    """The supplier will send other quantities, or at another time."""

    idempotency_key: str
    purchase_order_id: PurchaseOrderId
    lines: tuple[LineChange, ...] = ()
    eta: datetime | None = None
    confidence: Decimal | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ReceivedUnits:
    """Units of a SKU that came."""

    sku: Sku
    quantity: int


@dataclass(frozen=True, slots=True)
class ReceivePurchaseOrder:
    """Goods of a purchase order came; `complete` when the rest will not."""

    idempotency_key: str
    purchase_order_id: PurchaseOrderId
    lines: tuple[ReceivedUnits, ...] = ()
    complete: bool = False
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class CancelPurchaseOrder:
    """Nothing more of a purchase order shall come."""

    idempotency_key: str
    purchase_order_id: PurchaseOrderId
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RecordSupplierInvoice:
    """The supplier's invoice for goods of a purchase order."""

    idempotency_key: str
    purchase_order_id: PurchaseOrderId
    number: str
    invoiced_at: datetime
    currency: str
    lines: tuple[InvoiceLine, ...]
    expected_version: int | None = None
