"""Use cases: order from a supplier, change, receive, cancel, record the invoice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from domain.common.errors import Forbidden, NotFound, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import LocationId, Sku, new_id
from domain.common.money import check_currency
from domain.common.numbers import number_for_people
from domain.common.texts import needed_line, one_line
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.locations.model import LocationKind
from domain.locations.tables import location
from domain.purchasing.commands import (
    CancelPurchaseOrder,
    ChangePurchaseOrder,
    CreatePurchaseOrder,
    ReceivePurchaseOrder,
    RecordSupplierInvoice,
)
from domain.purchasing.model import (
    MAX_LINES,
    PurchaseLine,
    PurchaseOrder,
    PurchaseOrderId,
    PurchaseOrderState,
    SupplierInvoice,
    SupplierInvoiceId,
    cancelled,
    invoiced,
    received,
    rescheduled,
)
from domain.purchasing.repository import locked_purchase_order, store, store_invoice
from domain.stock.model import MAX_QUANTITY, MAX_REFERENCE, Demand
from domain.stock.receive import receive
from domain.supply.expecting import Expected, check_goods, expect, loosen
from domain.supply.model import Inbound, InboundSource, checked_confidence

MAX_AMOUNT_MINOR = 10**12


@dataclass(frozen=True, slots=True)
class PurchaseOrderChange:
    """A purchase order with the version that a change gave it."""

    purchase_order_id: PurchaseOrderId
    version: int


async def create_purchase_order(
    tx: Tx, actor: Actor, command: CreatePurchaseOrder
) -> PurchaseOrderChange:
    """The new purchase order; its units are inbound stock of the location.

    Raises:
        Forbidden: the actor does not work at the location.
        NotFound: no such location, supplier or SKU.
        ValidationFailed: the supplier is none, a kit, a SKU twice, or a figure out of range.
        IdempotencyConflict: see `once`.
    """
    if not actor.works_at(command.location_id):
        raise Forbidden("you do not work at this location")
    reference = one_line("reference", command.reference, MAX_REFERENCE)
    _check_new(command)

    async def work() -> PurchaseOrderChange:
        await _check_places(tx, command.supplier_id, command.location_id)
        await check_goods(tx, {line.sku for line in command.lines})
        now = await tx.now()
        new = PurchaseOrder(
            id=PurchaseOrderId(new_id()),
            number=number_for_people("PO"),
            supplier_id=command.supplier_id,
            location_id=command.location_id,
            state=PurchaseOrderState.OPEN,
            reference=reference,
            currency=command.currency,
            confidence=command.confidence,
            created_by=tx.actor_key,
            created_at=now,
            updated_at=now,
            version=1,
            lines=tuple(
                PurchaseLine(line.sku, line.quantity, line.eta or command.eta, line.unit_cost_minor)
                for line in command.lines
            ),
        )
        await _expected(tx, new)
        return await _saved(tx, new, "CREATE")

    return await once(tx, "createPurchaseOrder", command, PurchaseOrderChange, work)


async def change_purchase_order(
    tx: Tx, actor: Actor, command: ChangePurchaseOrder
) -> PurchaseOrderChange:
    """The purchase order with other quantities, dates or confidence. Promises against it that it
    cannot carry any more, or not in time, are made anew afterwards (`promising.renew`).

    Raises:
        NotFound: no such purchase order, or the actor does not work at its location.
        ValidationFailed: nothing is changed, an unknown SKU, or a figure out of range.
        IllegalPurchaseStep, VersionConflict, IdempotencyConflict: see there.

    Locks: the purchase order, its inbound stock, promises against it.
    """
    if not command.lines and command.eta is None and command.confidence is None:
        raise ValidationFailed("lines", "nothing is to be changed")
    _each_once([line.sku for line in command.lines])
    for line in command.lines:
        if line.quantity is not None:
            _in_range("lines.quantity", line.quantity, 1, MAX_QUANTITY)
    if command.confidence is not None:
        checked_confidence("confidence", command.confidence)

    async def work() -> PurchaseOrderChange:
        before = await _locked(tx, actor, command)
        after = rescheduled(before, command.lines, command.eta, command.confidence)
        after = replace(after, updated_at=await tx.now())
        await loosen(tx, await _expected(tx, after), arrived=False)
        return await _saved(tx, after, "CHANGE")

    return await once(tx, "changePurchaseOrder", command, PurchaseOrderChange, work)


async def receive_purchase_order(
    tx: Tx, actor: Actor, command: ReceivePurchaseOrder
) -> PurchaseOrderChange:
    """The purchase order with what came; it is in the location's stock. More than was ordered is
    taken in too; the rest stays expected unless the receipt is complete.

    Raises:
        NotFound: no such purchase order, or the actor does not work at its location.
        ValidationFailed: nothing came, a SKU twice or unknown, or a quantity out of range.
        IllegalPurchaseStep, VersionConflict, IdempotencyConflict: see there.

    Locks: the purchase order, its inbound stock, stock levels, promises against it.
    """
    counted = {line.sku: line.quantity for line in command.lines}
    _each_once([line.sku for line in command.lines])
    for quantity in counted.values():
        _in_range("lines.quantity", quantity, 0, MAX_QUANTITY)
    if not any(counted.values()) and not command.complete:
        raise ValidationFailed("lines", "nothing came")

    async def work() -> PurchaseOrderChange:
        before = await _locked(tx, actor, command)
        after = received(before, counted, complete=command.complete)
        after = replace(after, updated_at=await tx.now())
        changed = await _expected(tx, after)
        demands = [
            Demand(sku, before.location_id, units) for sku, units in counted.items() if units
        ]
        if demands:
            await receive(tx, demands, before.number)
        await loosen(tx, changed, arrived=True)
        return await _saved(tx, after, "RECEIVE")

    return await once(tx, "receivePurchaseOrder", command, PurchaseOrderChange, work)


async def cancel_purchase_order(
    tx: Tx, actor: Actor, command: CancelPurchaseOrder
) -> PurchaseOrderChange:
    """The purchase order, of which nothing more will come.

    Raises:
        NotFound, IllegalPurchaseStep, VersionConflict, IdempotencyConflict: see there.

    Locks: the purchase order, its inbound stock, promises against it.
    """

    async def work() -> PurchaseOrderChange:
        before = await _locked(tx, actor, command)
        after = replace(cancelled(before), updated_at=await tx.now())
        await loosen(tx, await _expected(tx, after), arrived=False)
        return await _saved(tx, after, "CANCEL")

    return await once(tx, "cancelPurchaseOrder", command, PurchaseOrderChange, work)


async def record_supplier_invoice(
    tx: Tx, actor: Actor, command: RecordSupplierInvoice
) -> PurchaseOrderChange:
    """The purchase order with what the supplier invoiced; the lines show the differences to what
    was ordered and received.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict: see there.
        InvoiceAlreadyRecorded: the supplier's invoice of that number was.
        ValidationFailed: no lines, a SKU twice or unknown, another currency, or a figure out of
            range.

    Locks: the purchase order.
    """
    number = needed_line("number", command.number, MAX_REFERENCE)
    _check_count(len(command.lines))
    _each_once([line.sku for line in command.lines])
    for line in command.lines:
        _in_range("lines.quantity", line.quantity, 1, MAX_QUANTITY)
        _in_range("lines.amount", line.amount_minor, 0, MAX_AMOUNT_MINOR)

    async def work() -> PurchaseOrderChange:
        before = await _locked(tx, actor, command)
        if command.currency != before.currency:
            raise ValidationFailed("lines.amount", f"must be in {before.currency}")
        after = replace(invoiced(before, command.lines), updated_at=await tx.now())
        invoice = SupplierInvoice(
            id=SupplierInvoiceId(new_id()),
            number=number,
            invoiced_at=command.invoiced_at,
            recorded_by=tx.actor_key,
            recorded_at=await tx.now(),
            lines=command.lines,
        )
        await store_invoice(tx, before, invoice)
        return await _saved(tx, after, "INVOICE")

    return await once(tx, "recordSupplierInvoice", command, PurchaseOrderChange, work)


async def _locked(
    tx: Tx,
    actor: Actor,
    command: ChangePurchaseOrder
    | ReceivePurchaseOrder
    | CancelPurchaseOrder
    | RecordSupplierInvoice,
) -> PurchaseOrder:
    found = await locked_purchase_order(tx.connection, command.purchase_order_id)
    if not actor.works_at(found.location_id):
        raise NotFound("purchase order", str(command.purchase_order_id))
    check_version(command.expected_version, found.version)
    return found


async def _expected(tx: Tx, order: PurchaseOrder) -> list[Inbound]:
    """The inbound stock of the purchase order that changed."""
    wanted = [
        Expected(
            reference=order.number,
            sku=line.sku,
            location_id=order.location_id,
            quantity=line.ordered,
            received=line.received,
            eta=line.eta,
            confidence=order.confidence,
            over=order.over,
        )
        for line in order.lines
    ]
    return await expect(tx, InboundSource.PURCHASE_ORDER, order.id, wanted)


async def _saved(tx: Tx, order: PurchaseOrder, action: str) -> PurchaseOrderChange:
    saved = await store(tx, order, action)
    return PurchaseOrderChange(saved.id, saved.version)


async def _check_places(tx: Tx, supplier_id: LocationId, location_id: LocationId) -> None:
    query = sa.select(location.c.id, location.c.kind, location.c.active)
    wanted = query.where(location.c.id.in_([supplier_id, location_id]))
    known = {row.id: row for row in await tx.connection.execute(wanted)}
    for place in (supplier_id, location_id):
        if place not in known or not known[place].active:
            raise NotFound("location", str(place))
    if known[supplier_id].kind != LocationKind.SUPPLIER:
        raise ValidationFailed("supplierId", "is not a location of kind SUPPLIER")


def _check_new(command: CreatePurchaseOrder) -> None:
    if command.supplier_id == command.location_id:
        raise ValidationFailed("locationId", "must be another location")
    check_currency(command.currency)
    checked_confidence("confidence", command.confidence)
    _check_count(len(command.lines))
    _each_once([line.sku for line in command.lines])
    for line in command.lines:
        _in_range("lines.quantity", line.quantity, 1, MAX_QUANTITY)
        _in_range("lines.unitCost", line.unit_cost_minor or 0, 0, MAX_AMOUNT_MINOR)


def _check_count(lines: int) -> None:
    if not 1 <= lines <= MAX_LINES:
        raise ValidationFailed("lines", f"must be 1 to {MAX_LINES}")


def _each_once(skus: Sequence[Sku]) -> None:
    if len(set(skus)) < len(skus):
        raise ValidationFailed("lines", "name a SKU twice")


def _in_range(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ValidationFailed(field, f"must be {least} to {most}")
