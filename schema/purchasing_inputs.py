"""What is asked of purchasing: inputs."""

from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry import relay

from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId, Sku
from domain.purchasing import commands
from domain.purchasing.model import InvoiceLine, LineChange, PurchaseOrderId
from schema.ids import id_of
from schema.inputs import KEY, VERSION, utc_moment
from schema.money import MoneyInput

ORDER = "The purchase order."


@strawberry.input(description="Units of a SKU to buy.")
class PurchaseOrderLineInput:
    """Twin of OrderedUnits."""

    sku: str = strawberry.field(description="SKU of a variant that is no kit.")
    quantity: int = strawberry.field(description="Units, 1 or more.")
    eta: datetime | None = strawberry.field(
        default=None, description="When they are expected; that of the purchase order unless given."
    )
    unit_cost: MoneyInput | None = strawberry.field(
        default=None, description="Cost of one unit as agreed."
    )

    def to_domain(self, currency: str) -> commands.OrderedUnits:
        """The units."""
        cost = _minor("lines.unitCost", self.unit_cost, currency)
        eta = utc_moment("lines.eta", self.eta)
        return commands.OrderedUnits(Sku(self.sku), self.quantity, eta, cost)


@strawberry.input(description="Goods are ordered from a supplier for a location.")
class CreatePurchaseOrderInput:
    """Twin of CreatePurchaseOrder."""

    idempotency_key: str = strawberry.field(description=KEY)
    supplier_id: relay.GlobalID = strawberry.field(description="A location of kind SUPPLIER.")
    location_id: relay.GlobalID = strawberry.field(description="The location that receives.")
    lines: list[PurchaseOrderLineInput] = strawberry.field(description="1 to 500, each SKU once.")
    eta: datetime = strawberry.field(description="When the goods are expected.")
    currency: str = strawberry.field(default="EUR", description="ISO 4217 code of all amounts.")
    confidence: Decimal = strawberry.field(
        default=Decimal(1),
        description="How sure it is, 0 to 1, two decimals: this part of what is to come may be "
        "promised to customers.",
    )
    reference: str = strawberry.field(default="", description="At most 128 characters.")

    def to_domain(self) -> commands.CreatePurchaseOrder:
        """The command."""
        return commands.CreatePurchaseOrder(
            idempotency_key=self.idempotency_key,
            supplier_id=LocationId(id_of(self.supplier_id, "Location", "supplierId")),
            location_id=LocationId(id_of(self.location_id, "Location", "locationId")),
            lines=tuple(line.to_domain(self.currency) for line in self.lines),
            eta=_moment("eta", self.eta),
            currency=self.currency,
            confidence=self.confidence,
            reference=self.reference,
        )


@strawberry.input(description="A line's new figures; what is left out stays.")
class PurchaseOrderLineChangeInput:
    """Twin of LineChange."""

    sku: str = strawberry.field(description="SKU of a line.")
    quantity: int | None = strawberry.field(
        default=None, description="Units ordered, not fewer than came already."
    )
    eta: datetime | None = strawberry.field(default=None, description="When they are expected.")

    def to_domain(self) -> LineChange:
        """The change."""
        return LineChange(Sku(self.sku), self.quantity, utc_moment("lines.eta", self.eta))


@strawberry.input(description="The supplier will send other quantities, or at another time.")
class ChangePurchaseOrderInput:
    """Twin of ChangePurchaseOrder."""

    idempotency_key: str = strawberry.field(description=KEY)
    purchase_order_id: relay.GlobalID = strawberry.field(description=ORDER)
    lines: list[PurchaseOrderLineChangeInput] | None = strawberry.field(
        default=None, description="Lines that change, each SKU once."
    )
    eta: datetime | None = strawberry.field(
        default=None, description="When the goods are expected, unless a line says otherwise."
    )
    confidence: Decimal | None = strawberry.field(
        default=None, description="How sure it is, 0 to 1, two decimals."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ChangePurchaseOrder:
        """The command."""
        return commands.ChangePurchaseOrder(
            idempotency_key=self.idempotency_key,
            purchase_order_id=_order_id(self.purchase_order_id),
            lines=tuple(line.to_domain() for line in self.lines or ()),
            eta=utc_moment("eta", self.eta),
            confidence=self.confidence,
            expected_version=self.expected_version,
        )


@strawberry.input(description="Units of a SKU that came.")
class ReceivedUnitsInput:
    """Twin of ReceivedUnits."""

    sku: str = strawberry.field(description="SKU of a line.")
    quantity: int = strawberry.field(description="Units, 0 or more.")

    def to_domain(self) -> commands.ReceivedUnits:
        """The units."""
        return commands.ReceivedUnits(Sku(self.sku), self.quantity)


@strawberry.input(description="Goods of a purchase order came.")
class ReceivePurchaseOrderInput:
    """Twin of ReceivePurchaseOrder."""

    idempotency_key: str = strawberry.field(description=KEY)
    purchase_order_id: relay.GlobalID = strawberry.field(description=ORDER)
    lines: list[ReceivedUnitsInput] | None = strawberry.field(
        default=None, description="What came, each SKU once; more than was ordered is taken in too."
    )
    complete: bool = strawberry.field(
        default=False, description="Whether the rest will not come: the purchase order is over."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ReceivePurchaseOrder:
        """The command."""
        return commands.ReceivePurchaseOrder(
            idempotency_key=self.idempotency_key,
            purchase_order_id=_order_id(self.purchase_order_id),
            lines=tuple(line.to_domain() for line in self.lines or ()),
            complete=self.complete,
            expected_version=self.expected_version,
        )


@strawberry.input(description="Nothing more of a purchase order shall come.")
class CancelPurchaseOrderInput:
    """Twin of CancelPurchaseOrder."""

    idempotency_key: str = strawberry.field(description=KEY)
    purchase_order_id: relay.GlobalID = strawberry.field(description=ORDER)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.CancelPurchaseOrder:
        """The command."""
        return commands.CancelPurchaseOrder(
            self.idempotency_key, _order_id(self.purchase_order_id), self.expected_version
        )


@strawberry.input(description="Units of a SKU on an invoice.")
class SupplierInvoiceLineInput:
    """Twin of InvoiceLine."""

    sku: str = strawberry.field(description="SKU of a line of the purchase order.")
    quantity: int = strawberry.field(description="Units, 1 or more.")
    amount: MoneyInput = strawberry.field(
        description="For all of them together, in the purchase order's currency."
    )


@strawberry.input(description="The supplier's invoice for goods of a purchase order.")
class RecordSupplierInvoiceInput:
    """Twin of RecordSupplierInvoice."""

    idempotency_key: str = strawberry.field(description=KEY)
    purchase_order_id: relay.GlobalID = strawberry.field(description=ORDER)
    number: str = strawberry.field(description="The supplier's number, at most 128 characters.")
    invoiced_at: datetime = strawberry.field(description="The date on it.")
    lines: list[SupplierInvoiceLineInput] = strawberry.field(
        description="1 to 500, each SKU once; all amounts in one currency."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.RecordSupplierInvoice:
        """The command."""
        currency = self.lines[0].amount.currency if self.lines else ""
        return commands.RecordSupplierInvoice(
            idempotency_key=self.idempotency_key,
            purchase_order_id=_order_id(self.purchase_order_id),
            number=self.number,
            invoiced_at=_moment("invoicedAt", self.invoiced_at),
            currency=currency,
            lines=tuple(
                InvoiceLine(
                    Sku(line.sku),
                    line.quantity,
                    _minor("lines.amount", line.amount, currency) or 0,
                )
                for line in self.lines
            ),
            expected_version=self.expected_version,
        )


def _order_id(given: relay.GlobalID) -> PurchaseOrderId:
    return PurchaseOrderId(id_of(given, "PurchaseOrder", "purchaseOrderId"))


def _moment(field: str, given: datetime) -> datetime:
    moment = utc_moment(field, given)
    assert moment is not None  # None only for None
    return moment


def _minor(field: str, given: MoneyInput | None, currency: str) -> int | None:
    """The amount in minor units.

    Raises:
        ValidationFailed: it is of another currency.
    """
    if given is None:
        return None
    if given.currency != currency:
        raise ValidationFailed(field, f"must be in {currency}")
    return given.to_domain().amount_minor
