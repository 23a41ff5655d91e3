"""Stock that locations expect, as far as it is free to be promised: what an order may wait for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import ChannelCode, LocationId, OrderId, Sku
from domain.locations.tables import channel_location, location
from domain.orders.candidates import eligible
from domain.orders.commands import Delivery
from domain.orders.promising import Reached
from domain.orders.states import UnfilledPolicy
from domain.supply.model import Inbound
from domain.supply.tables import inbound, promise

Expected = Mapping[tuple[LocationId, datetime], Mapping[Sku, int]]
"""Units by SKU that come to a location at a moment."""
_INBOUND = TypeAdapter(list[Inbound])
_PATIENT = frozenset(
    {
        UnfilledPolicy.BACKORDER,
        UnfilledPolicy.BACKORDER_REST,
        UnfilledPolicy.SPLIT,
        UnfilledPolicy.SHIP_COMPLETE,
    }
)


@dataclass(frozen=True, slots=True)
class Patience:
    """Who waits: an order of that channel, which may have promises already; not for the excluded
    locations.
    """

    channel: ChannelCode
    policy: UnfilledPolicy
    order_id: OrderId | None = None
    excluded: Collection[LocationId] = ()

    @property
    def may_wait(self) -> bool:
        """Whether units of the order may wait for stock."""
        return self.policy in _PATIENT


async def expected_for(
    connection: AsyncConnection, skus: Collection[Sku], delivery: Delivery, waits: Patience
) -> Expected:
    """What locations that may serve the delivery expect of the SKUs, without what other orders are
    promised; what is overdue does not count. One statement, none for an order that does not wait.

    Nothing is locked: what is chosen is claimed when the order is confirmed, by its promises.
    """
    if not waits.may_wait or not skus:
        return {}
    found: dict[tuple[LocationId, datetime], dict[Sku, int]] = {}
    rows = (await connection.execute(_open(skus, waits))).mappings().all()
    stock = _INBOUND.validate_python([dict(row) for row in rows])
    for each, row in zip(stock, rows, strict=True):
        reach = Reached(each.location_id, row["can_ship"], row["can_pickup"])
        units = each.promisable - row["taken"]
        if units > 0 and each.location_id not in waits.excluded and eligible(reach, delivery):
            there = found.setdefault((each.location_id, each.eta), {})
            there[each.sku] = there.get(each.sku, 0) + units
    return found


def _open(skus: Collection[Sku], waits: Patience) -> sa.Select[Any]:
    c, p = inbound.c, promise.c
    others = sa.true() if waits.order_id is None else p.order_id != waits.order_id
    taken = (
        sa.select(sa.func.coalesce(sa.func.sum(p.quantity), 0))
        .where(p.inbound_id == c.id, others)
        .scalar_subquery()
    )
    return (
        sa.select(inbound, location.c.can_ship, location.c.can_pickup, taken.label("taken"))
        .join(location, location.c.id == c.location_id)
        .join(channel_location, channel_location.c.location_id == c.location_id)
        .where(
            c.sku.in_(sorted(skus)),
            c.closed_at.is_(None),
            c.received < c.quantity,
            c.eta > sa.func.now(),
            channel_location.c.channel == waits.channel,
            location.c.active,
        )
        .order_by(c.eta, c.id)
    )
