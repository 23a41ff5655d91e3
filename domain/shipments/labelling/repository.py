"""Reading and writing labels: each function is one statement unless it says otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from domain.common.errors import NotFound
from domain.common.ids import FulfillmentOrderId, LabelId, ParcelId
from domain.common.sql import rows_of
from domain.identity.model import Actor
from domain.orders.model import Order
from domain.orders.repository import locked_order
from domain.orders.states import FulfillmentOrderStatus
from domain.orders.tables import fulfillment_order, sales_order
from domain.orders.visibility import visible_to
from domain.shipments.labelling.errors import LabelNotUsable
from domain.shipments.labelling.model import Direction, Label, LabelState
from domain.shipments.model import Parcel
from domain.shipments.tables import label, label_document, parcel

_LABELS = TypeAdapter(list[Label])
_COLUMNS = [column.name for column in label.columns if column.name != "serial"]
_CHANGING = (
    "parcel_id",
    "state",
    "updated_at",
    "version",
    "tracking_number",
    "reference",
    "price_minor",
    "currency",
    "reason",
    "void_refused_at",
    "next_try_at",
    "attempts",
)


@dataclass(frozen=True, slots=True)
class LabelFile:
    """What is behind a label's address: the carrier's own document, or None: draw it."""

    label: Label
    content: bytes | None


async def _found(connection: AsyncConnection, condition: sa.ColumnElement[bool]) -> list[Label]:
    found = await connection.scalars(
        sa.select(sa.func.to_jsonb(label.table_valued())).where(condition).order_by(label.c.id)
    )
    return _LABELS.validate_python(found.all())


async def label_by_id(connection: AsyncConnection, label_id: UUID) -> Label | None:
    """The label, if there is one."""
    return next(iter(await _found(connection, label.c.id == label_id)), None)


async def label_in_scope(connection: AsyncConnection, actor: Actor, label_id: UUID) -> Label | None:
    """The label, if the actor works at its location."""
    found = await label_by_id(connection, label_id)
    return found if found is not None and actor.works_at(found.location_id) else None


async def labels_of_order(
    connection: AsyncConnection, actor: Actor, order_id: UUID
) -> Sequence[Label]:
    """The labels of an order from locations that the actor works at, oldest first."""
    visible = sa.exists().where(sales_order.c.id == order_id, visible_to(actor))
    found = await _found(connection, sa.and_(label.c.order_id == order_id, visible))
    return [each for each in found if actor.works_at(each.location_id)]


async def label_file(connection: AsyncConnection, label_id: UUID) -> LabelFile | None:
    """The label with the document that its carrier made; two statements."""
    found = await label_by_id(connection, label_id)
    if found is None:
        return None
    query = sa.select(label_document.c.content).where(label_document.c.label_id == label_id)
    return LabelFile(found, await connection.scalar(query))


async def locked_label(connection: AsyncConnection, label_id: UUID) -> tuple[Order, Label]:
    """A label and its order, the order's row locked FOR NO KEY UPDATE: it guards both. Three
    statements.

    Raises:
        NotFound: there is no such label.
    """
    owner = await connection.scalar(sa.select(label.c.order_id).where(label.c.id == label_id))
    if owner is None:
        raise NotFound("label", str(label_id))
    order = await locked_order(connection, owner)
    found = await label_by_id(connection, label_id)
    assert found is not None  # labels are never deleted
    return order, found


async def is_being_replaced(connection: AsyncConnection, label_id: LabelId) -> bool:
    """Whether another label is there, or being bought, in the place of this one."""
    live = [LabelState.BUYING, LabelState.BOUGHT, LabelState.VOIDING]
    query = sa.select(sa.exists().where(label.c.replaces_id == label_id, label.c.state.in_(live)))
    return bool(await connection.scalar(query))


async def has_label(connection: AsyncConnection, parcel_id: ParcelId) -> bool:
    """Whether the parcel has a label for its way to the customer, or one is being bought."""
    live = [LabelState.BUYING, LabelState.BOUGHT]
    mine = sa.and_(label.c.parcel_id == parcel_id, label.c.direction == Direction.OUTBOUND.value)
    return bool(
        await connection.scalar(sa.select(sa.exists().where(mine, label.c.state.in_(live))))
    )


async def check_usable(
    connection: AsyncConnection,
    work_id: FulfillmentOrderId,
    carrier: str,
    tracking_numbers: Sequence[str],
) -> None:
    """Nothing, when none of these numbers is of a label that must not go on parcels of this work.
    Numbers that no label of ours bears are not judged.

    Raises:
        LabelNotUsable: a number is of a label that is void, for other goods, or a return label.
    """
    numbers = list(tracking_numbers)
    found = await _found(
        connection, sa.and_(label.c.carrier == carrier, label.c.tracking_number.in_(numbers))
    )
    for each in found:
        number = each.tracking_number or ""
        if each.state is not LabelState.BOUGHT:
            raise LabelNotUsable(number, f"is {each.state.value}")
        if each.fulfillment_order_id != work_id:
            raise LabelNotUsable(number, "is for other goods")
        if each.direction is not Direction.OUTBOUND:
            raise LabelNotUsable(number, "is for the way back")
        if await is_being_replaced(connection, each.id):
            raise LabelNotUsable(number, "is being replaced")


def put_on(parcels: Sequence[Parcel]) -> UpdateBase:
    """The write that ties labels to the new parcels that bear their numbers."""
    columns = ("id", "carrier", "tracking_number")
    rows = rows_of(
        [parcel.c[name] for name in columns],
        [{name: getattr(each, name) for name in columns} for each in parcels],
    )
    mine = sa.and_(
        label.c.carrier == rows.c.carrier, label.c.tracking_number == rows.c.tracking_number
    )
    return sa.update(label).where(mine).values(parcel_id=rows.c.id, version=label.c.version + 1)


def inserted(new: Label) -> UpdateBase:
    """The write that stores a new label; the database gives its serial."""
    return sa.insert(label).values(_row(new, _COLUMNS))


def updated(after: Label) -> UpdateBase:
    """The write that stores a label's present state."""
    return sa.update(label).where(label.c.id == after.id).values(_row(after, _CHANGING))


def with_document(label_id: LabelId, content: bytes) -> UpdateBase:
    """The write that keeps the document that a carrier made."""
    return sa.insert(label_document).values(label_id=label_id, content=content)


def _row(given: Label, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(given, name) for name in names}


async def due_labels(connection: AsyncConnection, limit: int) -> Sequence[LabelId]:
    """Labels whose intent is to be tried again by now (database time)."""
    query = sa.select(label.c.id).where(label.c.next_try_at <= sa.func.now())
    return (await connection.scalars(query.order_by(label.c.next_try_at).limit(limit))).all()


async def useless_labels(connection: AsyncConnection, limit: int) -> Sequence[LabelId]:
    """Outbound labels that are on no parcel, of work that is over: nobody will ever use them."""
    over = [
        FulfillmentOrderStatus.COMPLETED.value,
        FulfillmentOrderStatus.CANCELLED.value,
        FulfillmentOrderStatus.REJECTED.value,
    ]
    query = (
        sa.select(label.c.id)
        .join(fulfillment_order, fulfillment_order.c.id == label.c.fulfillment_order_id)
        .where(
            label.c.state == LabelState.BOUGHT.value,
            label.c.direction == Direction.OUTBOUND.value,
            label.c.parcel_id.is_(None),
            label.c.void_refused_at.is_(None),
            fulfillment_order.c.status.in_(over),
        )
    )
    return (await connection.scalars(query.order_by(label.c.id).limit(limit))).all()
