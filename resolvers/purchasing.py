"""Purchase orders: ordering, changing, receiving, cancelling, invoices, and reading them."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import LocationId
from domain.common.paging import PageRequest
from domain.common.transaction import Tx
from domain.identity.model import Role
from domain.purchasing import service
from domain.purchasing.model import PurchaseOrderState
from domain.purchasing.repository import (
    PurchaseOrderFilter,
    purchase_order_by_id,
    purchase_orders_in_scope,
)
from domain.purchasing.service import PurchaseOrderChange
from resolvers.answering import answer
from resolvers.filling import fill
from schema.access import Allow
from schema.context import Context, Info
from schema.ids import id_of
from schema.inputs import INPUT
from schema.purchasing import PurchaseOrder, PurchaseOrderPayload, PurchaseOrderResult
from schema.purchasing_inputs import (
    CancelPurchaseOrderInput,
    ChangePurchaseOrderInput,
    CreatePurchaseOrderInput,
    ReceivePurchaseOrderInput,
    RecordSupplierInvoiceInput,
)
from schema.refusals import checked

BUYERS = (Role.STORE_MANAGER, Role.WAREHOUSE, Role.OPERATIONS, Role.ADMIN)
READERS = (*BUYERS, Role.FINANCE)
BOOKKEEPERS = (Role.FINANCE, Role.OPERATIONS, Role.ADMIN)


@strawberry.type
class PurchasingQuery:
    """Root fields that read purchase orders."""

    @strawberry.field(
        description="The newest purchase orders in the caller's scope.",
        extensions=[Allow(*READERS)],
    )
    async def purchase_orders(
        self,
        info: Info,
        location_id: Annotated[
            relay.GlobalID | None, strawberry.argument(description="Only for this location.")
        ] = None,
        supplier_id: Annotated[
            relay.GlobalID | None, strawberry.argument(description="Only from this supplier.")
        ] = None,
        state: Annotated[
            PurchaseOrderState | None, strawberry.argument(description="Only in this state.")
        ] = None,
        first: Annotated[int, strawberry.argument(description="At most, 1 to 100.")] = 100,
    ) -> list[PurchaseOrder]:
        """The purchase orders, newest first."""
        actor = info.context.caller
        wanted = PurchaseOrderFilter(
            location_id=_place(location_id, "locationId"),
            supplier_id=_place(supplier_id, "supplierId"),
            state=state,
        )
        limit = checked(lambda: PageRequest.of(first, None)).first
        found = await info.context.read(lambda c: purchase_orders_in_scope(c, actor, wanted, limit))
        return [PurchaseOrder.of(each) for each in found]

    @strawberry.field(
        description="A purchase order; null when unknown or not visible.",
        extensions=[Allow(*READERS)],
    )
    async def purchase_order(
        self, info: Info, id: Annotated[relay.GlobalID, strawberry.argument(description="Its id.")]
    ) -> PurchaseOrder | None:
        """The purchase order or null."""
        wanted, actor = checked(lambda: id_of(id, "PurchaseOrder")), info.context.caller
        found = await info.context.read(lambda c: purchase_order_by_id(c, actor, wanted))
        return PurchaseOrder.of(found) if found else None


@strawberry.type
class PurchasingMutation:
    """Root fields that change purchase orders."""

    @strawberry.mutation(
        description="Order goods from a supplier: they are inbound stock of the location, and are "
        "promised to units that wait.",
        extensions=[Allow(*BUYERS)],
    )
    async def create_purchase_order(
        self, info: Info, input: Annotated[CreatePurchaseOrderInput, INPUT]
    ) -> PurchaseOrderResult:
        """The purchase order, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: service.create_purchase_order(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Other quantities, dates or confidence of a purchase order. Promises to "
        "customers move with it; they are told, and may cancel what they wait for.",
        extensions=[Allow(*BUYERS)],
    )
    async def change_purchase_order(
        self, info: Info, input: Annotated[ChangePurchaseOrderInput, INPUT]
    ) -> PurchaseOrderResult:
        """The purchase order, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: service.change_purchase_order(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Goods of a purchase order came, all of them or a part: they are in the "
        "location's stock, and go to orders that wait for them, the oldest first.",
        extensions=[Allow(*BUYERS)],
    )
    async def receive_purchase_order(
        self, info: Info, input: Annotated[ReceivePurchaseOrderInput, INPUT]
    ) -> PurchaseOrderResult:
        """The purchase order, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: service.receive_purchase_order(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Nothing more of a purchase order shall come.", extensions=[Allow(*BUYERS)]
    )
    async def cancel_purchase_order(
        self, info: Info, input: Annotated[CancelPurchaseOrderInput, INPUT]
    ) -> PurchaseOrderResult:
        """The purchase order, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: service.cancel_purchase_order(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Record a supplier's invoice: the lines show how it differs from what was "
        "ordered and received. Each number once per supplier.",
        extensions=[Allow(*BOOKKEEPERS)],
    )
    async def record_supplier_invoice(
        self, info: Info, input: Annotated[RecordSupplierInvoiceInput, INPUT]
    ) -> PurchaseOrderResult:
        """The purchase order, or why not."""
        actor = info.context.caller
        return await _change(
            info.context,
            lambda tx: service.record_supplier_invoice(tx, actor, input.to_domain()),
            moves_stock=False,
        )


def _place(given: relay.GlobalID | None, field: str) -> LocationId | None:
    if given is None:
        return None
    return checked(lambda: LocationId(id_of(given, "Location", field)))


async def _change(
    context: Context,
    work: Callable[[Tx], Awaitable[PurchaseOrderChange]],
    *,
    moves_stock: bool = True,
) -> PurchaseOrderResult:
    async def run() -> PurchaseOrderPayload:
        changed = await context.run(work)
        if moves_stock:
            await fill(context)
        actor, key = context.caller, changed.purchase_order_id
        found = await context.read_primary(lambda c: purchase_order_by_id(c, actor, key))
        assert found is not None  # whoever changed it may see it
        return PurchaseOrderPayload(purchase_order=PurchaseOrder.of(found))

    return await answer(run())
