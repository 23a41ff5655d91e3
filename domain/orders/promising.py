"""Promising inbound stock to the units that wait (ADR 0022).

Locks are taken in this order: orders, inbound stock by id, stock levels, promises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from domain.common.ids import LocationId, Sku
from domain.common.transaction import Tx
from domain.locations.tables import channel_location, location
from domain.orders.candidates import delivery_of, eligible
from domain.orders.model import Order
from domain.orders.promises import Offer, kept, promised, waiting
from domain.supply.model import Inbound, InboundId
from domain.supply.tables import inbound, promise

_INBOUND = TypeAdapter(list[Inbound])


@dataclass(frozen=True, slots=True)
class Reached:
    """A location as `candidates.eligible` looks at it."""

    location_id: LocationId
    can_ship: bool
    can_pickup: bool


async def with_promises(tx: Tx, order: Order) -> Order:
    """`order` with its waiting units promised as early as inbound stock allows. Not saved yet.

    The order's row must be locked. Locks the open inbound stock of the SKUs, by id.
    """
    skus = sorted({sku for _, sku in waiting(order)})
    if not skus:
        return kept(order)
    return promised(order, await _offers(tx, order, skus), await tx.now())


async def _offers(tx: Tx, order: Order, skus: Sequence[Sku]) -> list[Offer]:
    rows = (await tx.connection.execute(_locking(order, skus))).mappings().all()
    delivery = delivery_of(order)
    fits = [
        row
        for row in rows
        if eligible(Reached(row["location_id"], row["can_ship"], row["can_pickup"]), delivery)
    ]
    found = _INBOUND.validate_python([dict(row) for row in fits])
    taken = await _promised_to_others(tx, order, [each.id for each in found])
    return [
        Offer(each, max(0, each.promisable - taken.get(each.id, 0)), row["priority"])
        for each, row in zip(found, fits, strict=True)
    ]


def _locking(order: Order, skus: Sequence[Sku]) -> sa.Select[Any]:
    c = inbound.c
    return (
        sa.select(inbound, location.c.can_ship, location.c.can_pickup, location.c.priority)
        .join(location, location.c.id == c.location_id)
        .join(channel_location, channel_location.c.location_id == c.location_id)
        .where(
            c.sku.in_(skus),
            c.closed_at.is_(None),
            c.received < c.quantity,
            channel_location.c.channel == order.channel,
            location.c.active,
        )
        .order_by(c.id)
        .with_for_update(key_share=True, of=inbound)
    )


async def _promised_to_others(
    tx: Tx, order: Order, ids: Sequence[InboundId]
) -> Mapping[InboundId, int]:
    """Units of inbound stock that other orders are promised: read after it was locked."""
    c = promise.c
    query = (
        sa.select(c.inbound_id, sa.func.sum(c.quantity).label("units"))
        .where(c.inbound_id.in_(ids), c.order_id != order.id)
        .group_by(c.inbound_id)
    )
    return {row.inbound_id: row.units for row in await tx.connection.execute(query)}
