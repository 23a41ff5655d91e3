"""Reading and writing purchase orders."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import NotFound
from domain.common.ids import LocationId
from domain.common.sql import children, insert_many, upsert_many
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity.model import Actor
from domain.identity.scope import at_work
from domain.purchasing.errors import InvoiceAlreadyRecorded
from domain.purchasing.events import purchase_order_changed
from domain.purchasing.model import (
    PurchaseOrder,
    PurchaseOrderId,
    PurchaseOrderState,
    SupplierInvoice,
)
from domain.purchasing.tables import (
    purchase_order,
    purchase_order_change,
    purchase_order_line,
    supplier_invoice,
)

_ORDERS = TypeAdapter(list[PurchaseOrder])
_INVOICES = TypeAdapter(list[SupplierInvoice])
_COLUMNS = [column.name for column in purchase_order.columns]
_LINE = [column.name for column in purchase_order_line.columns]
_CHANGING = ["state", "confidence", "updated_at", "version"]
_LINE_CHANGING = ["ordered", "eta", "received", "invoiced", "invoiced_minor"]


@dataclass(frozen=True, slots=True)
class PurchaseOrderFilter:
    """Which purchase orders to list; None means any."""

    location_id: LocationId | None = None
    supplier_id: LocationId | None = None
    state: PurchaseOrderState | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The filter over `purchase_order`."""
        wanted = {
            purchase_order.c.location_id: self.location_id,
            purchase_order.c.supplier_id: self.supplier_id,
            purchase_order.c.state: self.state.value if self.state else None,
        }
        return [column == value for column, value in wanted.items() if value is not None]


@dataclass(frozen=True, slots=True)
class PurchaseOrderChangeEntry:
    """One change of a purchase order."""

    version: int
    action: str
    actor: str
    at: datetime


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `purchase_order`: the rows that the actor may see."""
    return at_work(actor, purchase_order.c.location_id)


def _document() -> sa.ColumnElement[object]:
    mine = purchase_order_line.c.purchase_order_id == purchase_order.c.id
    lines = children(purchase_order_line, mine, purchase_order_line.c.sku)
    return sa.func.to_jsonb(purchase_order.table_valued()).op("||")(
        sa.func.jsonb_build_object("lines", lines)
    )


async def purchase_order_by_id(
    connection: AsyncConnection, actor: Actor, purchase_order_id: UUID
) -> PurchaseOrder | None:
    """The purchase order, if the actor may see it."""
    mine = sa.and_(purchase_order.c.id == purchase_order_id, visible_to(actor))
    found = await connection.scalars(sa.select(_document()).where(mine))
    return next(iter(_ORDERS.validate_python(found.all())), None)


async def purchase_orders_in_scope(
    connection: AsyncConnection, actor: Actor, wanted: PurchaseOrderFilter, limit: int
) -> Sequence[PurchaseOrder]:
    """The newest purchase orders that the actor may see."""
    found = await connection.scalars(
        sa.select(_document())
        .where(visible_to(actor), *wanted.conditions())
        .order_by(purchase_order.c.created_at.desc(), purchase_order.c.id.desc())
        .limit(limit)
    )
    return _ORDERS.validate_python(found.all())


async def changes_of(
    connection: AsyncConnection, ids: Collection[UUID]
) -> Mapping[PurchaseOrderId, list[PurchaseOrderChangeEntry]]:
    """The changes of those purchase orders, oldest first."""
    c = purchase_order_change.c
    query = (
        sa.select(c.purchase_order_id, c.version, c.action, c.actor, c.at)
        .where(c.purchase_order_id.in_(list(ids)))
        .order_by(c.purchase_order_id, c.version)
    )
    found: dict[PurchaseOrderId, list[PurchaseOrderChangeEntry]] = {}
    for row in await connection.execute(query):
        entry = PurchaseOrderChangeEntry(row.version, row.action, row.actor, row.at)
        found.setdefault(PurchaseOrderId(row.purchase_order_id), []).append(entry)
    return found


async def invoices_of(
    connection: AsyncConnection, ids: Collection[UUID]
) -> Mapping[PurchaseOrderId, list[SupplierInvoice]]:
    """The invoices for those purchase orders, in the order in which they were recorded."""
    c = supplier_invoice.c
    query = (
        sa.select(supplier_invoice)
        .where(c.purchase_order_id.in_(list(ids)))
        .order_by(c.purchase_order_id, c.recorded_at, c.id)
    )
    found: dict[PurchaseOrderId, list[SupplierInvoice]] = {}
    for row in (await connection.execute(query)).mappings():
        one = _INVOICES.validate_python([dict(row)])[0]
        found.setdefault(PurchaseOrderId(row["purchase_order_id"]), []).append(one)
    return found


async def locked_purchase_order(
    connection: AsyncConnection, purchase_order_id: UUID
) -> PurchaseOrder:
    """The purchase order as of now, its row locked FOR NO KEY UPDATE. Two statements, so that the
    lines are read after the lock was obtained.

    Raises:
        NotFound: there is no such purchase order.
    """
    row = sa.select(purchase_order.c.id).where(purchase_order.c.id == purchase_order_id)
    if await connection.scalar(row.with_for_update(key_share=True)) is None:
        raise NotFound("purchase order", str(purchase_order_id))
    mine = purchase_order.c.id == purchase_order_id
    found = await connection.scalars(sa.select(_document()).where(mine))
    return _ORDERS.validate_python(found.all())[0]


async def store(tx: Tx, saved: PurchaseOrder, action: str) -> PurchaseOrder:
    """The purchase order itself, written whole with the entry of its change; its event is
    published.
    """
    row: dict[str, Any] = {name: getattr(saved, name) for name in _COLUMNS}
    lines = [{"purchase_order_id": saved.id, **asdict(line)} for line in saved.lines]
    if saved.version == 1:
        await tx.connection.execute(insert_many(purchase_order, _COLUMNS, [row]))
    else:
        await tx.connection.execute(upsert_many(purchase_order, _COLUMNS, _CHANGING, [row]))
    await tx.connection.execute(upsert_many(purchase_order_line, _LINE, _LINE_CHANGING, lines))
    await tx.connection.execute(
        sa.insert(purchase_order_change).values(
            purchase_order_id=saved.id,
            version=saved.version,
            action=action,
            actor=tx.actor_key,
            detail={"state": saved.state, "lines": [asdict(line) for line in saved.lines]},
            at=saved.updated_at,
        )
    )
    await publish(tx, purchase_order_changed(saved, action))
    return saved


async def store_invoice(tx: Tx, order: PurchaseOrder, invoice: SupplierInvoice) -> None:
    """The invoice is recorded.

    Raises:
        InvoiceAlreadyRecorded: the supplier's invoice of that number was.
    """
    row = {
        "id": invoice.id,
        "purchase_order_id": order.id,
        "supplier_id": order.supplier_id,
        "number": invoice.number,
        "invoiced_at": invoice.invoiced_at,
        "recorded_by": invoice.recorded_by,
        "recorded_at": invoice.recorded_at,
        "lines": [asdict(line) for line in invoice.lines],
    }
    new = insert(supplier_invoice).values(row).on_conflict_do_nothing()
    if await tx.connection.scalar(new.returning(supplier_invoice.c.id)) is None:
        raise InvoiceAlreadyRecorded(invoice.number)
