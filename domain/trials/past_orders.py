"""Past orders as they are replayed: a portion of decisions with what really happened since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import LocationId, OrderId
from domain.common.sql import among
from domain.locations.tables import location
from domain.orders.states import (
    GONE_WRONG,
    ON_THE_WAY,
    SERVED,
    FulfillmentOrderStatus,
    GroupState,
)
from domain.orders.tables import fulfillment_order, line_group, order_pickup, sales_order
from domain.shipments.tables import parcel, shipment
from domain.sourcing.model import Trigger
from domain.sourcing.recording import question_of, trace_of
from domain.sourcing.tables import sourcing_decision
from domain.supply.tables import promise
from domain.trials.comparing import NOTHING_YET, Happened, PastOrder, Served
from domain.trials.model import Position, Simulation

PORTION = 200
_D, _F, _G, _S = sourcing_decision.c, fulfillment_order.c, line_group.c, shipment.c
_SERVED = sorted(ON_THE_WAY | SERVED | GONE_WRONG | {GroupState.READY_FOR_PICKUP})
_DONE = [FulfillmentOrderStatus.COMPLETED, FulfillmentOrderStatus.READY_FOR_PICKUP]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision of the period; `question` and `trace` are JSON texts, None out of the scope."""

    position: Position
    order_id: OrderId
    number: str
    question: str | None
    trace: str | None
    happened: Happened

    @property
    def is_in_scope(self) -> bool:
        """Whether the rules are for such an order."""
        return self.question is not None

    def past_order(self) -> PastOrder:
        """The order; it must be in the scope.

        Raises:
            UnknownForm: the decision was written by a later version.
        """
        assert self.question is not None
        assert self.trace is not None
        question = question_of(orjson.loads(self.question))
        trace = trace_of(orjson.loads(self.trace))
        at = self.position.at
        return PastOrder(self.order_id, self.number, at, question, trace, self.happened)


async def decisions_in(connection: AsyncConnection, since: datetime, until: datetime) -> int:
    """The number of decisions on new orders from `since` until just before `until`."""
    query = sa.select(sa.func.count()).select_from(sourcing_decision).where(*_period(since, until))
    return await connection.scalar(query) or 0


async def next_portion(
    connection: AsyncConnection, simulation: Simulation, after: Position | None
) -> Sequence[Replayed]:
    """The next decisions of the simulation's period, in the order of time; 200 at most, none at the
    end. Three statements, to be run in one snapshot.
    """
    rows = (await connection.execute(_decisions(simulation, after))).all()
    orders = [row.order_id for row in rows if row.question is not None]
    happened = await _happened(connection, orders) if orders else {}
    return [
        Replayed(
            Position(row.at, row.id),
            OrderId(row.order_id),
            row.number,
            row.question,
            row.trace,
            happened.get(row.order_id, NOTHING_YET),
        )
        for row in rows
    ]


def _decisions(simulation: Simulation, after: Position | None) -> sa.Select[*tuple[Any, ...]]:
    covered = _covered(simulation.scope)
    query = (
        sa.select(
            _D.id,
            _D.at,
            _D.order_id,
            sales_order.c.number,
            sa.case((covered, sa.cast(_D.question, sa.Text))).label("question"),
            sa.case((covered, sa.cast(_D.trace, sa.Text))).label("trace"),
        )
        .join(sales_order, sales_order.c.id == _D.order_id)
        .where(*_period(simulation.since, simulation.until))
    )
    if after is not None:
        query = query.where(sa.tuple_(_D.at, _D.id) > sa.tuple_(after.at, after.id))
    return query.order_by(_D.at, _D.id).limit(PORTION)


def _period(since: datetime, until: datetime) -> list[sa.ColumnElement[bool]]:
    # As text, so that the planner sees that the partial index is for it.
    is_new = sa.literal_column(f"trigger = '{Trigger.NEW.value}'", sa.Boolean)
    return [is_new, _D.at >= since, _D.at < until]


def _covered(scope: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    """`rules.choosing.covers` for the stored question."""
    asked = _D.question["circumstances"]
    named = {name: value for name, value in scope.items() if value is not None}
    return sa.and_(sa.true(), *(asked[name].astext == value for name, value in named.items()))


async def _happened(
    connection: AsyncConnection, orders: Sequence[UUID]
) -> Mapping[OrderId, Happened]:
    served: dict[OrderId, dict[LocationId, Served]] = {}
    for order, place, code, units, parcels in await connection.execute(_served(orders)):
        served.setdefault(OrderId(order), {})[LocationId(place)] = Served(code, units, parcels)
    measured = {row.order_id: row for row in await connection.execute(_punctuality(orders))}
    return {
        order: Happened(
            served.get(order, {}),
            measured[order].measured if order in measured else 0,
            measured[order].on_time if order in measured else 0,
        )
        for order in served.keys() | measured.keys()
    }


def _served(orders: Sequence[UUID]) -> sa.Select[*tuple[Any, ...]]:
    """Units that left locations for the customer and parcels sent, by order and location."""
    units = (
        sa.select(
            _G.order_id,
            _F.location_id,
            sa.func.sum(_G.quantity).cast(sa.Integer).label("units"),
            sa.literal(0).label("parcels"),
        )
        .join(fulfillment_order, _F.id == _G.fulfillment_order_id)
        .where(among(_G.order_id, orders), _G.state.in_(_SERVED))
        .group_by(_G.order_id, _F.location_id)
    )
    parcels = (
        sa.select(_S.order_id, _S.location_id, sa.literal(0), sa.func.count())
        .join(parcel, parcel.c.shipment_id == _S.id)
        .where(among(_S.order_id, orders))
        .group_by(_S.order_id, _S.location_id)
    )
    both = sa.union_all(units, parcels).subquery()
    return (
        sa.select(
            both.c.order_id,
            both.c.location_id,
            location.c.code,
            sa.func.sum(both.c.units).cast(sa.Integer),
            sa.func.sum(both.c.parcels).cast(sa.Integer),
        )
        .join(location, location.c.id == both.c.location_id)
        .group_by(both.c.order_id, both.c.location_id, location.c.code)
        .order_by(both.c.order_id, location.c.code)
    )


def _punctuality(orders: Sequence[UUID]) -> sa.Select[*tuple[Any, ...]]:
    """By order: works with a due date that are done, and how many were by then. Due is the cut-off
    of the location, or the date promised to the customer if that is later.
    """
    promised = (
        sa.select(sa.func.max(promise.c.promised_at))
        .where(promise.c.order_id == _F.order_id, promise.c.location_id == _F.location_id)
        .scalar_subquery()
    )
    shipped = (
        sa.select(sa.func.max(_S.shipped_at))
        .where(_S.fulfillment_order_id == _F.id)
        .scalar_subquery()
    )
    due = sa.func.greatest(_F.due_at, promised)
    done = sa.func.coalesce(shipped, order_pickup.c.ready_at)
    works = (
        sa.select(_F.order_id, (done <= due).label("in_time"))
        .outerjoin(order_pickup, order_pickup.c.order_id == _F.order_id)
        .where(among(_F.order_id, orders), _F.status.in_(_DONE))
        .subquery()
    )
    return sa.select(
        works.c.order_id,
        sa.func.count(works.c.in_time).label("measured"),
        sa.func.count().filter(works.c.in_time).label("on_time"),
    ).group_by(works.c.order_id)
