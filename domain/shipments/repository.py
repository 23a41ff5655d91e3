"""Reading shipments: each function is one statement unless it says otherwise."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import NotFound
from domain.common.ids import OrderId, ParcelId, ShipmentId, TrackingEventId
from domain.common.reading import Reading, any_of
from domain.common.sql import children
from domain.identity.model import Actor
from domain.orders.model import Order
from domain.orders.repository import orders_by_id
from domain.orders.tables import sales_order
from domain.orders.visibility import visible_to
from domain.shipments.model import Parcel, Shipment, TrackingEvent
from domain.shipments.tables import label, parcel, parcel_line, shipment, tracking_event

_SHIPMENTS = TypeAdapter(list[Shipment])
_EVENTS = TypeAdapter(list[TrackingEvent])


def shipment_document() -> sa.ColumnElement[object]:
    """An expression over `shipment`: the whole shipment as one JSON object."""
    latest = (
        sa.select(sa.func.to_jsonb(tracking_event.table_valued()))
        .where(tracking_event.c.parcel_id == parcel.c.id, tracking_event.c.applied)
        .order_by(tracking_event.c.received_at.desc(), tracking_event.c.id.desc())
        .limit(1)
    )
    parts = sa.func.jsonb_build_object(
        "lines",
        children(parcel_line, parcel_line.c.parcel_id == parcel.c.id, parcel_line.c.line_id),
        "latest",
        latest.scalar_subquery(),
    )
    document = sa.func.to_jsonb(parcel.table_valued()).op("||")(parts)
    parcels = sa.select(sa.func.jsonb_agg(aggregate_order_by(document, parcel.c.position))).where(
        parcel.c.shipment_id == shipment.c.id
    )
    return sa.func.to_jsonb(shipment.table_valued()).op("||")(
        sa.func.jsonb_build_object("parcels", parcels.scalar_subquery())
    )


async def shipments_by_id(
    connection: AsyncConnection, shipment_ids: Collection[UUID]
) -> dict[ShipmentId, Shipment]:
    """The shipments of those ids; unknown ids are absent."""
    return await _found(connection, shipment.c.id.in_(list(shipment_ids)))


async def shipments_in_scope(
    connection: AsyncConnection, actor: Actor, shipment_ids: Collection[UUID]
) -> dict[ShipmentId, Shipment]:
    """Those of them whose order the actor may see."""
    visible = sa.exists().where(sales_order.c.id == shipment.c.order_id, visible_to(actor))
    return await _found(connection, sa.and_(shipment.c.id.in_(list(shipment_ids)), visible))


async def shipment_of_parcel(connection: AsyncConnection, parcel_id: ParcelId) -> Shipment:
    """The shipment that a parcel is part of; there must be such a parcel."""
    mine = sa.select(parcel.c.shipment_id).where(parcel.c.id == parcel_id).scalar_subquery()
    return next(iter((await _found(connection, shipment.c.id == mine)).values()))


async def _found(
    connection: AsyncConnection, condition: sa.ColumnElement[bool]
) -> dict[ShipmentId, Shipment]:
    found = await connection.scalars(sa.select(shipment_document()).where(condition))
    return {each.id: each for each in _SHIPMENTS.validate_python(found.all())}


async def shipments_by_order(
    connection: AsyncConnection, order_ids: Collection[UUID]
) -> dict[OrderId, list[Shipment]]:
    """The shipments of those orders, oldest first; orders without one are absent."""
    found = await _BY_ORDER.column(connection, ids=list(order_ids))
    by_order: dict[OrderId, list[Shipment]] = {}
    for each in _SHIPMENTS.validate_python(found):
        by_order.setdefault(each.order_id, []).append(each)
    return by_order


_BY_ORDER = Reading(
    lambda: (
        sa.select(shipment_document())
        .where(any_of(shipment.c.order_id, "ids"))
        .order_by(shipment.c.id)
    )
)


async def events_by_parcel(
    connection: AsyncConnection, parcel_ids: Collection[UUID]
) -> dict[ParcelId, list[TrackingEvent]]:
    """All that carriers reported of those parcels, in the order in which it happened."""
    found = await connection.execute(
        sa.select(tracking_event)
        .where(tracking_event.c.parcel_id.in_(list(parcel_ids)))
        .order_by(tracking_event.c.occurred_at, tracking_event.c.received_at, tracking_event.c.id)
    )
    by_parcel: dict[ParcelId, list[TrackingEvent]] = {}
    for event in _events(found):
        by_parcel.setdefault(event.parcel_id, []).append(event)
    return by_parcel


async def events_by_id(
    connection: AsyncConnection, event_ids: Collection[UUID]
) -> dict[TrackingEventId, TrackingEvent]:
    """The tracking events of those ids; unknown ids are absent."""
    found = await connection.execute(
        sa.select(tracking_event).where(tracking_event.c.id.in_(list(event_ids)))
    )
    return {event.id: event for event in _events(found)}


def _events(found: sa.CursorResult[Any]) -> list[TrackingEvent]:
    return _EVENTS.validate_python([dict(row) for row in found.mappings()])


async def event_reported(
    connection: AsyncConnection, parcel_id: ParcelId, external_id: str
) -> TrackingEvent | None:
    """What was recorded of a parcel under the carrier's id, if anything was."""
    found = await connection.execute(
        sa.select(tracking_event).where(
            tracking_event.c.parcel_id == parcel_id, tracking_event.c.external_id == external_id
        )
    )
    return next(iter(_events(found)), None)


async def used_number(
    connection: AsyncConnection, carrier: str, tracking_numbers: Sequence[str]
) -> str | None:
    """One of these tracking numbers that is on a parcel of the carrier already; None if none is."""
    return await connection.scalar(
        sa.select(parcel.c.tracking_number)
        .where(parcel.c.carrier == carrier, parcel.c.tracking_number.in_(list(tracking_numbers)))
        .order_by(parcel.c.tracking_number)
        .limit(1)
    )


async def locked_shipment(connection: AsyncConnection, shipment_id: UUID) -> tuple[Order, Shipment]:
    """A shipment and its order, the order's row locked FOR NO KEY UPDATE: it guards both.

    Three statements, so that the parts are read after the lock was obtained.

    Raises:
        NotFound: there is no such shipment.
    """
    wanted = sa.select(shipment.c.id, shipment.c.order_id).where(shipment.c.id == shipment_id)
    found = await _locked(connection, wanted)
    if found is None:
        raise NotFound("shipment", str(shipment_id))
    return found


async def locked_parcel(
    connection: AsyncConnection, carrier: str, tracking_number: str
) -> tuple[Order, Shipment, Parcel]:
    """A parcel by its tracking number, be it a former one, with its shipment and order, locked as
    `locked_shipment`.

    Raises:
        NotFound: the carrier has no such parcel.
    """
    parcel_id = await connection.scalar(_parcel_of_number(carrier, tracking_number))
    return await _locked_parcel(connection, parcel_id, tracking_number)


async def locked_parcel_by_id(
    connection: AsyncConnection, parcel_id: UUID
) -> tuple[Order, Shipment, Parcel]:
    """A parcel by its id, with its shipment and order, locked as `locked_shipment`.

    Raises:
        NotFound: there is no such parcel.
    """
    return await _locked_parcel(connection, parcel_id, str(parcel_id))


def _parcel_of_number(carrier: str, tracking_number: str) -> sa.Select[Any]:
    """The id of the parcel that bears the number; else of the one that bore it, on a label that was
    replaced: what carriers report of the old number is about the same goods.
    """
    now = sa.select(parcel.c.id, sa.literal(1).label("rank")).where(
        parcel.c.carrier == carrier, parcel.c.tracking_number == tracking_number
    )
    before = sa.select(label.c.parcel_id, sa.literal(2)).where(
        label.c.carrier == carrier,
        label.c.tracking_number == tracking_number,
        label.c.parcel_id.is_not(None),
        label.c.direction == "OUTBOUND",
    )
    both = now.union_all(before).subquery()
    return sa.select(both.c.id).order_by(both.c.rank).limit(1)


async def _locked_parcel(
    connection: AsyncConnection, parcel_id: UUID | None, key: str
) -> tuple[Order, Shipment, Parcel]:
    if parcel_id is None:
        raise NotFound("parcel", key)
    mine = ParcelId(parcel_id)
    wanted = (
        sa.select(shipment.c.id, shipment.c.order_id)
        .join(parcel, parcel.c.shipment_id == shipment.c.id)
        .where(parcel.c.id == mine)
    )
    found = await _locked(connection, wanted)
    if found is None:
        raise NotFound("parcel", key)
    order, whole = found
    return order, whole, whole.parcel(mine)


async def _locked(
    connection: AsyncConnection, wanted: sa.Select[Any, Any]
) -> tuple[Order, Shipment] | None:
    owner = wanted.subquery()
    row = (
        await connection.execute(
            sa.select(sales_order.c.id, owner.c.id.label("shipment_id"))
            .join(owner, owner.c.order_id == sales_order.c.id)
            .with_for_update(key_share=True, of=sales_order)
        )
    ).one_or_none()
    if row is None:
        return None
    orders = await orders_by_id(connection, [row.id])
    shipments = await shipments_by_id(connection, [row.shipment_id])
    return orders[OrderId(row.id)], shipments[ShipmentId(row.shipment_id)]
