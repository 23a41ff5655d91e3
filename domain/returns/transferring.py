"""Returned goods go to a location that ran out of them: a transfer is proposed there."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import ChannelCode, LocationId, new_id
from domain.common.numbers import number_for_people
from domain.common.transaction import Tx
from domain.locations.model import LocationKind
from domain.locations.tables import channel_location, location
from domain.stock.allocation import allocate
from domain.stock.model import Demand, aggregate
from domain.stock.posting import free_of
from domain.stock.tables import stock_level
from domain.transfers.model import Transfer, TransferId, TransferLine, TransferState
from domain.transfers.repository import store


async def destinations(
    connection: AsyncConnection,
    source_id: LocationId,
    channel: ChannelCode,
    wanted: Collection[tuple[str, ...]],
) -> dict[tuple[str, ...], LocationId]:
    """For each set of SKUs the store that ran out of one of them: it has carried it, serves the
    channel, and has nothing left to promise; the one that sourcing prefers, if several did. Sets
    without such a store are absent. The source is none, and has none if it has ran out itself.
    """
    if not wanted:
        return {}
    skus = sorted({sku for each in wanted for sku in each})
    left = free_of(stock_level) - stock_level.c.safety
    query = (
        sa.select(stock_level.c.sku, stock_level.c.location_id, left.label("available"))
        .join(location, location.c.id == stock_level.c.location_id)
        .where(
            stock_level.c.sku.in_(skus),
            left <= 0,
            location.c.active,
            location.c.kind == LocationKind.STORE.value,
            location.c.id.in_(
                sa.select(channel_location.c.location_id).where(
                    channel_location.c.channel == channel
                )
            ),
        )
        .order_by(location.c.priority, location.c.code)
    )
    short: dict[str, list[LocationId]] = {}
    for row in await connection.execute(query):
        short.setdefault(row.sku, []).append(LocationId(row.location_id))
    found: dict[tuple[str, ...], LocationId] = {}
    for each in wanted:
        places = [place for sku in each for place in short.get(sku, [])]
        if places and source_id not in places:
            found[each] = places[0]
    return found


async def proposed(
    tx: Tx,
    source_id: LocationId,
    destination_id: LocationId,
    demands: Sequence[Demand],
    reference: str,
) -> TransferId:
    """The transfer that takes these units there, allocated at the source; staff ship or cancel it.

    Locks: stock levels of the source in (location, sku) order.
    """
    units = aggregate(demands)
    new = Transfer(
        id=TransferId(new_id()),
        number=number_for_people("T"),
        source_id=source_id,
        destination_id=destination_id,
        state=TransferState.CREATED,
        reference=reference,
        created_by=tx.actor_key,
        created_at=await tx.now(),
        shipped_at=None,
        received_at=None,
        version=1,
        lines=tuple(TransferLine(demand.sku, demand.quantity) for demand in units),
    )
    await allocate(tx, units, owner=f"transfer:{new.id}", reference=new.number)
    return (await store(tx, new)).id
