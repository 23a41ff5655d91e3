"""What follows when a location does not serve units: stock, other locations, the customer."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.sql.dml import UpdateBase

from domain.common.ids import FulfillmentOrderId, LineGroupId, LocationId
from domain.common.transaction import Tx
from domain.fulfillment.model import FailureReason, bucket_after, makes_suspect
from domain.orders.lifecycle import Action, move
from domain.orders.model import Order
from domain.orders.notices import NoticeKind, notice
from domain.orders.place import Terms
from domain.orders.resourcing import resourced, without_location
from domain.orders.saving import save
from domain.orders.states import COLLECTED_IN_STORE, GroupState
from domain.orders.stock_needs import demand_of_groups
from domain.orders.units import one_of
from domain.orders.work import released
from domain.stock import allocation
from domain.stock.model import Bucket, MovementReason, aggregate
from domain.stock.suspicion import suspect


@dataclass(frozen=True, slots=True)
class Failure:
    """Units that a location does not serve, by what action, and why."""

    action: Action
    work_id: FulfillmentOrderId
    location_id: LocationId
    groups: frozenset[LineGroupId]
    reason: FailureReason
    note: str | None = None

    @property
    def movement(self) -> MovementReason:
        """How the ledger calls it."""
        rejected = self.action is Action.REJECT
        return MovementReason.REJECTED if rejected else MovementReason.SHORT_PICKED


def failed(order: Order, failure: Failure) -> Order:
    """`order` with the units taken from the location, which is not asked for them again. Pure."""
    after = move(order, failure.action, one_of(failure.groups), reason=failure.reason.value)
    return without_location(after, one_of(failure.groups), failed=failure.location_id)


async def give_up_stock(tx: Tx, order: Order, failure: Failure) -> None:
    """The units' allocation is given up; where they go is what the reason says of them. A count
    that cannot be believed blocks the rest of the level too (`domain.stock.suspicion`).

    `order` is the order before the failure. Locks: stock levels in (location, sku) order.
    """
    groups = [group for group in order.groups if group.id in failure.groups]
    demands = aggregate(demand_of_groups(order, groups))
    target = bucket_after(failure.reason)
    levels = await allocation.move(
        tx, Bucket.ALLOCATED, target, demands, failure.movement, order.number
    )
    if makes_suspect(failure.reason):
        held = target is Bucket.QUALITY_HOLD
        units = {(d.location_id, d.sku): d.quantity for d in demands} if held else {}
        await suspect(tx, levels, units, failure.movement, order.number)


def told(order: Order, failure: Failure) -> list[UpdateBase]:
    """The writes that tell the customer of a pickup order that there is a choice to make."""
    if order.delivery_mode not in COLLECTED_IN_STORE:
        return []
    occasion = str(min(failure.groups))
    detail = {"reason": failure.reason.value}
    return [notice(order.id, NoticeKind.PICKUP_CHOICE_NEEDED, occasion, detail)]


async def sourced_again(tx: Tx, order: Order, terms: Terms) -> Order:
    """The saved `order`, its waiting units at other locations if there are any that serve them: a
    version of its own, released at once as the order was. The customer is told of the change.
    """
    if order.delivery_mode in COLLECTED_IN_STORE:
        return order
    after = await resourced(tx, order, terms.sourcing, explained=True)
    if after == order:
        return order
    after = await released_again(tx, order, after, terms.accept_within)
    places = sorted({str(g.location_id) for g in after.groups if g not in order.groups})
    changed = notice(
        order.id, NoticeKind.PROMISE_CHANGED, f"v{order.version}", {"locationIds": places}
    )
    return await save(tx, order, after, "RE_SOURCE", changed, detail={"locations": places})


async def sourced_anew(tx: Tx, order: Order, terms: Terms) -> Order:
    """The saved `order`, its waiting units at locations that have them: a version of its own, the
    new units released at once unless something holds the order. The same order if nobody has any.
    """
    found = await resourced(tx, order, terms.sourcing)
    if found == order:
        return order
    released = await released_again(tx, order, found, terms.accept_within)
    return await save(tx, order, released, "RE_SOURCE")


async def released_again(tx: Tx, before: Order, after: Order, accept_within: timedelta) -> Order:
    """`after` with its newly allocated units released, if nothing holds the order."""
    known = {group.id for group in before.groups if group.state is GroupState.ALLOCATED}
    fresh = {g.id for g in after.groups if g.state is GroupState.ALLOCATED} - known
    if before.holds or not fresh:
        return after
    return await released(tx, after, accept_within, one_of(fresh))


def marked_rejected(order: Order, failure: Failure, now: datetime) -> Order:
    """`order` with the failed work marked as rejected, if no units are left in it."""
    works = tuple(
        replace(work, rejected_at=now, rejection_reason=failure.reason.value)
        if work.id == failure.work_id and not order.groups_of(work.id)
        else work
        for work in order.fulfillment_orders
    )
    return replace(order, fulfillment_orders=works)
