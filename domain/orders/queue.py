"""The work queue of a location: open fulfillment orders, the most urgent first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import FulfillmentOrderId, LocationId, WaveId
from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.orders.model import FulfillmentOrder, Order
from domain.orders.repository import order_document, parsed
from domain.orders.states import DeliveryMode, FulfillmentOrderStatus
from domain.orders.tables import fulfillment_order, sales_order

OrderAndWork = tuple[Order, FulfillmentOrder]
_LAST = datetime(9999, 12, 31, tzinfo=UTC)
_URGENCY = sa.func.coalesce(fulfillment_order.c.due_at, _LAST)
_WITH_ORDER = fulfillment_order.join(sales_order, sales_order.c.id == fulfillment_order.c.order_id)
_WORKS = (
    sa.select(fulfillment_order.c.id, order_document())
    .select_from(_WITH_ORDER)
    .order_by(_URGENCY, fulfillment_order.c.id)
)


@dataclass(frozen=True, slots=True)
class WorkFilter:
    """Which open work to list; None means any. `accepted`: whether the location has accepted it;
    `on_hold`: whether its order has a hold; `in_wave`: whether it is in any wave.
    """

    statuses: tuple[FulfillmentOrderStatus, ...] | None = None
    delivery_mode: DeliveryMode | None = None
    due_before: datetime | None = None
    accepted: bool | None = None
    on_hold: bool | None = None
    in_wave: bool | None = None
    wave_id: WaveId | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The filter over `fulfillment_order` and its `sales_order`."""
        c = fulfillment_order.c
        found: list[sa.ColumnElement[bool]] = []
        if self.statuses is not None:
            found.append(c.status.in_([status.value for status in self.statuses]))
        if self.delivery_mode is not None:
            found.append(c.delivery_mode == self.delivery_mode.value)
        if self.due_before is not None:
            found.append(c.due_at < self.due_before)
        if self.accepted is not None:
            found.append(c.accepted_at.is_not(None) == self.accepted)
        if self.on_hold is not None:
            found.append((sa.func.cardinality(sales_order.c.holds) > 0) == self.on_hold)
        if self.in_wave is not None:
            found.append(c.wave_id.is_not(None) == self.in_wave)
        if self.wave_id is not None:
            found.append(c.wave_id == self.wave_id)
        return found


EVERY_WORK = WorkFilter()


async def work_queue(
    connection: AsyncConnection,
    location_id: LocationId,
    limit: int,
    wanted: WorkFilter = EVERY_WORK,
) -> list[OrderAndWork]:
    """Open work of a location: the earliest cut-off first, then the oldest; without one last."""
    return await _read(connection, _queue(location_id, wanted).limit(limit))


async def work_queue_page(
    connection: AsyncConnection, location_id: LocationId, wanted: WorkFilter, request: PageRequest
) -> Page[OrderAndWork]:
    """A page of `work_queue`."""
    query = _queue(location_id, wanted)
    if request.after is not None:
        place = sa.tuple_(_URGENCY, fulfillment_order.c.id)
        query = query.where(place > sa.tuple_(request.after.at, request.after.id))
    found = await _read(connection, query.limit(request.first + 1))
    return page_of(found, request, _place)


async def count_work(
    connection: AsyncConnection, location_id: LocationId, wanted: WorkFilter
) -> int:
    """How many entries the whole list of `work_queue_page` has."""
    query = sa.select(sa.func.count()).select_from(_WITH_ORDER)
    return await connection.scalar(query.where(*_open(location_id, wanted))) or 0


async def works_by_wave(
    connection: AsyncConnection, wave_ids: Collection[WaveId]
) -> dict[WaveId, list[OrderAndWork]]:
    """The works in those waves, open or not, by wave, in the order of the queue. One statement."""
    query = _WORKS.where(fulfillment_order.c.wave_id.in_(list(wave_ids)))
    found: dict[WaveId, list[OrderAndWork]] = {wave_id: [] for wave_id in wave_ids}
    for order, work in await _read(connection, query):
        if work.wave_id is not None:
            found[work.wave_id].append((order, work))
    return found


async def works_by_id(
    connection: AsyncConnection, ids: Collection[FulfillmentOrderId]
) -> list[OrderAndWork]:
    """The fulfillment orders of those ids, open or not, in the order of the queue."""
    return await _read(connection, _WORKS.where(fulfillment_order.c.id.in_(list(ids))))


def _place(entry: OrderAndWork) -> Keyset:
    work = entry[1]
    return Keyset(work.due_at or _LAST, UUID(str(work.id)))


def _open(location_id: LocationId, wanted: WorkFilter) -> Sequence[sa.ColumnElement[bool]]:
    c = fulfillment_order.c
    # Spelled as in the condition of `ix_fulfillment_order_open`.
    is_open = c.status.not_in(["COMPLETED", "CANCELLED", "REJECTED"])
    return [c.location_id == location_id, is_open, *wanted.conditions()]


def _queue(location_id: LocationId, wanted: WorkFilter) -> sa.Select[Any, object]:
    return _WORKS.where(*_open(location_id, wanted))


async def _read(connection: AsyncConnection, query: sa.Select[Any, object]) -> list[OrderAndWork]:
    rows = (await connection.execute(query)).all()
    orders = parsed([row[1] for row in rows])
    return [
        (order, next(work for work in order.fulfillment_orders if work.id == row[0]))
        for row, order in zip(rows, orders, strict=True)
    ]
