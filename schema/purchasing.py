"""Purchase orders and supplier invoices as clients see them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import strawberry
from strawberry import relay

from domain.identity.model import STAFF
from domain.purchasing import errors
from domain.purchasing import model as domain
from domain.purchasing.model import PurchaseOrderId, PurchaseOrderState
from domain.purchasing.repository import PurchaseOrderChangeEntry, changes_of, invoices_of
from schema.access import access
from schema.context import Info
from schema.enums import described
from schema.errors import CommonError, Error, twin_of
from schema.ids import global_id
from schema.money import Money

described(
    PurchaseOrderState,
    "Where a purchase order stands.",
    {
        "OPEN": "Nothing came yet.",
        "PARTIALLY_RECEIVED": "Some units came; others are expected.",
        "RECEIVED": "Over: all came, or the rest will not.",
        "CANCELLED": "Over: nothing more will come.",
    },
)


@access(*STAFF)
@strawberry.type(description="Units of a SKU: ordered, received, invoiced, and the differences.")
class PurchaseOrderLine:
    """Twin of domain PurchaseLine."""

    sku: str = strawberry.field(description="What was ordered.")
    ordered: int = strawberry.field(description="Units ordered.")
    received: int = strawberry.field(description="Units that came so far.")
    invoiced: int = strawberry.field(description="Units invoiced so far.")
    eta: datetime = strawberry.field(description="When the units are expected (UTC).")
    unit_cost: Money | None = strawberry.field(description="Cost of one unit as agreed.")
    invoiced_amount: Money = strawberry.field(description="What was invoiced so far.")
    receipt_difference: int = strawberry.field(
        description="Received less ordered; below 0 what is missing."
    )
    invoice_difference: int = strawberry.field(
        description="Invoiced less received; above 0 what is to be claimed back."
    )
    amount_difference: Money | None = strawberry.field(
        description="Invoiced amount less the agreed cost of what came; null without a cost."
    )

    @staticmethod
    def of(line: domain.PurchaseLine, currency: str) -> "PurchaseOrderLine":
        """The twin."""
        cost, difference = line.unit_cost_minor, line.amount_difference_minor
        return PurchaseOrderLine(
            sku=line.sku,
            ordered=line.ordered,
            received=line.received,
            invoiced=line.invoiced,
            eta=line.eta,
            unit_cost=None if cost is None else Money.of(cost, currency),
            invoiced_amount=Money.of(line.invoiced_minor, currency),
            receipt_difference=line.receipt_difference,
            invoice_difference=line.invoice_difference,
            amount_difference=None if difference is None else Money.of(difference, currency),
        )


@access(*STAFF)
@strawberry.type(description="One change of a purchase order.")
class PurchaseOrderChange:
    """Twin of domain PurchaseOrderChangeEntry."""

    version: int = strawberry.field(description="The version that it made.")
    action: str = strawberry.field(
        description="What was done: CREATE, CHANGE, RECEIVE, CANCEL or INVOICE."
    )
    actor: str = strawberry.field(description="Who did it.")
    at: datetime = strawberry.field(description="When (UTC).")

    @staticmethod
    def of(entry: PurchaseOrderChangeEntry) -> "PurchaseOrderChange":
        """The twin."""
        return PurchaseOrderChange(
            version=entry.version, action=entry.action, actor=entry.actor, at=entry.at
        )


@access(*STAFF)
@strawberry.type(description="Units of a SKU on an invoice.")
class SupplierInvoiceLine:
    """Twin of domain InvoiceLine."""

    sku: str = strawberry.field(description="What was invoiced.")
    quantity: int = strawberry.field(description="Units.")
    amount: Money = strawberry.field(description="For all of them together.")


@access(*STAFF)
@strawberry.type(description="An invoice of a supplier.")
class SupplierInvoice:
    """Twin of domain SupplierInvoice."""

    number: str = strawberry.field(description="The supplier's number.")
    invoiced_at: datetime = strawberry.field(description="The date on it (UTC).")
    recorded_at: datetime = strawberry.field(description="When it was recorded (UTC).")
    lines: list[SupplierInvoiceLine] = strawberry.field(description="What it asks money for.")

    @staticmethod
    def of(invoice: domain.SupplierInvoice, currency: str) -> "SupplierInvoice":
        """The twin."""
        return SupplierInvoice(
            number=invoice.number,
            invoiced_at=invoice.invoiced_at,
            recorded_at=invoice.recorded_at,
            lines=[
                SupplierInvoiceLine(
                    sku=line.sku,
                    quantity=line.quantity,
                    amount=Money.of(line.amount_minor, currency),
                )
                for line in invoice.lines
            ],
        )


@access(*STAFF)
@strawberry.type(description="Goods ordered from a supplier for a location.")
class PurchaseOrder:
    """Twin of domain PurchaseOrder."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    number: str = strawberry.field(description="Number for people; the ledger's reference.")
    supplier_id: relay.GlobalID = strawberry.field(description="The location that supplies.")
    location_id: relay.GlobalID = strawberry.field(description="The location that receives.")
    state: PurchaseOrderState = strawberry.field(description="Where it stands.")
    reference: str = strawberry.field(description="As given; may be empty.")
    currency: str = strawberry.field(description="ISO 4217 code of all its amounts.")
    confidence: Decimal = strawberry.field(
        description="How sure it is, 0 to 1: this part of what is to come may be promised."
    )
    created_at: datetime = strawberry.field(description="When it was created (UTC).")
    updated_at: datetime = strawberry.field(description="Last change (UTC).")
    version: int = strawberry.field(description="Raised by one with every change.")
    lines: list[PurchaseOrderLine] = strawberry.field(description="What was ordered, by SKU.")
    key: strawberry.Private[PurchaseOrderId]

    @strawberry.field(description="All changes, oldest first.")
    async def changes(self, info: Info) -> list[PurchaseOrderChange]:
        """The changes, loaded for all purchase orders of the operation at once."""

        async def load(keys: list[PurchaseOrderId]) -> list[Any]:
            found = await info.context.read(lambda c: changes_of(c, keys))
            return [found.get(key, []) for key in keys]

        entries = await info.context.loader("changes_by_purchase_order", load).load(self.key)
        return [PurchaseOrderChange.of(entry) for entry in entries]

    @strawberry.field(description="The supplier's invoices, in the order of their recording.")
    async def invoices(self, info: Info) -> list[SupplierInvoice]:
        """The invoices, loaded for all purchase orders of the operation at once."""

        async def load(keys: list[PurchaseOrderId]) -> list[Any]:
            found = await info.context.read(lambda c: invoices_of(c, keys))
            return [found.get(key, []) for key in keys]

        found = await info.context.loader("invoices_by_purchase_order", load).load(self.key)
        return [SupplierInvoice.of(invoice, self.currency) for invoice in found]

    @staticmethod
    def of(order: domain.PurchaseOrder) -> "PurchaseOrder":
        """The twin."""
        return PurchaseOrder(
            id=global_id("PurchaseOrder", order.id),
            number=order.number,
            supplier_id=global_id("Location", order.supplier_id),
            location_id=global_id("Location", order.location_id),
            state=order.state,
            reference=order.reference,
            currency=order.currency,
            confidence=order.confidence,
            created_at=order.created_at,
            updated_at=order.updated_at,
            version=order.version,
            lines=[PurchaseOrderLine.of(line, order.currency) for line in order.lines],
            key=order.id,
        )


@twin_of(errors.IllegalPurchaseStep)
@access()
@strawberry.type(description="The step does not fit the purchase order's present state.")
class IllegalPurchaseStepError(Error):
    """Twin of IllegalPurchaseStep."""

    action: str = strawberry.field(description="What was asked for.")
    current_state: str = strawberry.field(description="The state that forbids it.")

    @staticmethod
    def of(error: errors.IllegalPurchaseStep) -> "IllegalPurchaseStepError":
        """The twin."""
        return IllegalPurchaseStepError(
            code=error.code, message=error.message, action=error.action, current_state=error.state
        )


@twin_of(errors.InvoiceAlreadyRecorded)
@access()
@strawberry.type(description="The supplier's invoice of that number was recorded before.")
class InvoiceAlreadyRecordedError(Error):
    """Twin of InvoiceAlreadyRecorded."""

    number: str = strawberry.field(description="The invoice's number.")

    @staticmethod
    def of(error: errors.InvoiceAlreadyRecorded) -> "InvoiceAlreadyRecordedError":
        """The twin."""
        return InvoiceAlreadyRecordedError(
            code=error.code, message=error.message, number=error.number
        )


@access(*STAFF)
@strawberry.type(description="The purchase order after the change.")
class PurchaseOrderPayload:
    """Answer of the mutations of purchase orders."""

    purchase_order: PurchaseOrder = strawberry.field(description="The purchase order.")


PurchaseOrderResult = Annotated[
    PurchaseOrderPayload | IllegalPurchaseStepError | InvoiceAlreadyRecordedError | CommonError,
    strawberry.union("PurchaseOrderResult", description="What changes of a purchase order answer."),
]
