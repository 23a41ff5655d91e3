"""Returned goods arrive at a location, whichever sent them: they wait there for an inspection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from domain.common.errors import Forbidden, NotFound, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import LineGroupId, LocationId, OrderId, OrderLineId, new_id
from domain.common.transaction import Tx
from domain.identity.model import Actor, Role
from domain.locations.repository import all_locations_by_id
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import COMING_BACK, Action, move
from domain.orders.model import Order
from domain.orders.repository import locked_order, order_by_number
from domain.orders.saving import save_among
from domain.orders.stock_needs import demand_of_groups
from domain.orders.units import one_of, parted, per_line
from domain.orders.visibility import may_see
from domain.returns.commands import BagOrder, ReceiveBag, ReceiveReturn
from domain.returns.errors import ReceivedElsewhere
from domain.returns.model import Return, ReturnMethod, advanced, groups_of
from domain.returns.opening import check_lines, opened
from domain.returns.repository import locked_return, store
from domain.returns.results import BagReceived, ReturnChange
from domain.stock.allocation import move as move_stock
from domain.stock.locking import lock_levels
from domain.stock.model import Bucket, Demand, MovementReason
from domain.stock.receive import open_levels

RECEIVERS = frozenset({Role.POS, Role.STORE_MANAGER, Role.WAREHOUSE, Role.OPERATIONS, Role.ADMIN})
MAX_ORDERS = 20
"""Orders of which goods may be in one bag."""


async def receive_return(tx: Tx, actor: Actor, command: ReceiveReturn) -> ReturnChange:
    """The return, whose named units are at the location, waiting for an inspection; the others may
    still come.

    Raises:
        NotFound: no such return, or the actor does not work at the location.
        Forbidden: the actor's role does not receive goods. ReceivedElsewhere: other units of it are
            at another location.
        QuantityExceeded: fewer units of a line are to come.
        IllegalTransition: nothing is to come any more.
        ValidationFailed, VersionConflict, IdempotencyConflict: see there.

    Locks: the order, then stock levels of the location in (location, sku) order.
    """
    require_receiver(actor)
    wanted = None if command.lines is None else per_line(command.lines)

    async def work() -> ReturnChange:
        await require_place(tx, actor, command.location_id)
        before, given = await locked_return(tx.connection, command.return_id)
        check_version(command.expected_version, given.version)
        if given.location_id not in (None, command.location_id):
            raise ReceivedElsewhere
        after, units = _arrived(before, given, wanted)
        return await take_in(tx, before, after, given, units, command.location_id)

    return await once(tx, "receiveReturn", command, ReturnChange, work)


async def receive_bag(tx: Tx, actor: Actor, command: ReceiveBag) -> BagReceived:
    """The returns of all that somebody brought: one for each order, linked by the visit; each is
    authorised and received at once.

    Raises:
        NotFound: no such order, or the actor does not work at the location.
        Forbidden: the actor's role does not receive goods.
        NotReturnable, QuantityExceeded, IllegalTransition: see `opening.request_return`.
        ValidationFailed: no orders or too many, or one is named twice.
        IdempotencyConflict: see `once`.

    Locks: the orders by id, then stock levels of the location in (location, sku) order.
    """
    require_receiver(actor)
    if not 1 <= len(command.orders) <= MAX_ORDERS:
        raise ValidationFailed("orders", f"must be 1 to {MAX_ORDERS}")
    for each in command.orders:
        check_lines(each.lines)

    async def work() -> BagReceived:
        await require_place(tx, actor, command.location_id)
        orders = await _locked(tx, actor, command.orders)
        visit_id = new_id() if len(orders) > 1 else None
        brought = [
            await _brought(tx, before, named, visit_id)
            for before, named in zip(orders, command.orders, strict=True)
        ]
        goods = [_goods(each.after, each.units, command.location_id) for each in brought]
        together = [demand for demands in goods for demand in demands]
        await open_levels(tx, together)
        await lock_levels(tx, together)
        return BagReceived(
            tuple([await _taken_in(tx, each, command.location_id) for each in brought])
        )

    return await once(tx, "receiveReturnBag", command, BagReceived, work)


def require_receiver(actor: Actor) -> None:
    """Nothing, when the actor's role receives goods.

    Raises:
        Forbidden: otherwise.
    """
    if actor.role not in RECEIVERS:
        raise Forbidden("this role does not receive returns")


async def require_place(tx: Tx, actor: Actor, location_id: LocationId) -> None:
    """Nothing, when the actor works there and it takes returns.

    Raises:
        NotFound: no such location, or the actor does not work there.
        ValidationFailed: it takes no returns.
    """
    found = await all_locations_by_id(tx.connection, [location_id])
    if location_id not in found or not actor.works_at(location_id):
        raise NotFound("location", str(location_id))
    if not found[location_id].can_receive_returns:
        raise ValidationFailed("locationId", "does not take returns")


async def take_in(
    tx: Tx,
    before: Order,
    after: Order,
    given: Return,
    units: frozenset[LineGroupId],
    location_id: LocationId,
) -> ReturnChange:
    """The return, whose `units` were received by `after`: stored, and its goods in the location's
    stock, for inspection.

    Locks: stock levels of the location in (location, sku) order; the order's lock must be held.
    """
    demands = _goods(after, units, location_id)
    await open_levels(tx, demands)
    return await _taken_in(tx, _Brought(before, after, given, units), location_id)


@dataclass(frozen=True, slots=True)
class _Brought:
    """A return whose units arrived, before it is stored."""

    before: Order
    after: Order
    given: Return
    units: frozenset[LineGroupId]


async def _taken_in(tx: Tx, each: _Brought, location_id: LocationId) -> ReturnChange:
    now, new = await tx.now(), each.given.version == 0
    demands = _goods(each.after, each.units, location_id)
    await move_stock(
        tx,
        Bucket.EXTERNAL,
        Bucket.INSPECTION,
        demands,
        MovementReason.RETURNED,
        each.given.number,
    )
    here = replace(each.given, location_id=location_id, received_at=each.given.received_at or now)
    saved = await store(tx, advanced(here, each.after, now), each.before.customer_id)
    action = Action.REQUEST_RETURN if new else Action.RECEIVE_RETURN
    detail = {"return": saved.number, "state": saved.state.value}
    await save_among(tx, each.before, each.after, action.value, detail=detail)
    return ReturnChange(saved.id, each.before.id, saved.version)


async def _brought(tx: Tx, before: Order, named: BagOrder, visit_id: UUID | None) -> _Brought:
    after, new = await opened(
        tx,
        before,
        named.lines,
        ReturnMethod.STORE_DROP_OFF,
        by_staff=True,
        visit_id=visit_id,
    )
    after, units = _arrived(after, new, None)
    return _Brought(before, after, replace(new, code=None, version=0), units)


async def _locked(tx: Tx, actor: Actor, named: Sequence[BagOrder]) -> list[Order]:
    """The orders in the order in which they are named, locked by id."""
    ids: list[OrderId] = []
    for each in named:
        if (each.order_id is None) == (each.number is None):
            raise ValidationFailed("orders.orderId", "give this or the number, and not both")
        if each.number is None:
            ids.append(_known(each.order_id))
            continue
        found = await order_by_number(tx.connection, each.number)
        if found is None:
            raise NotFound("order", each.number)
        ids.append(found.id)
    if len(set(ids)) < len(ids):
        raise ValidationFailed("orders", "name an order twice")
    orders = {each: await locked_order(tx.connection, each) for each in sorted(ids)}
    for order_id, each in zip(ids, named, strict=True):
        if each.number is None and not may_see(actor, orders[order_id]):
            raise NotFound("order", str(order_id))
    return [orders[order_id] for order_id in ids]


def _known(order_id: OrderId | None) -> OrderId:
    assert order_id is not None  # the other one was not given
    return order_id


def _arrived(
    order: Order, given: Return, wanted: Mapping[OrderLineId, int] | None
) -> tuple[Order, frozenset[LineGroupId]]:
    """`order` with the wanted units of the return received (None: all that are to come), and the
    groups that they are in.

    Raises:
        QuantityExceeded: more are wanted of a line than are to come.
        IllegalTransition: none are to come, or none are wanted.
    """
    coming = [group for group in groups_of(order, given.id) if group.state in COMING_BACK]
    if wanted is None:
        parts, chosen = order, frozenset(group.id for group in coming)
    else:
        parts, chosen = parted(order, coming, wanted)
    if not chosen:
        raise IllegalTransition(Action.RECEIVE_RETURN.value, given.state.value)
    return move(parts, Action.RECEIVE_RETURN, one_of(chosen)), chosen


def _goods(order: Order, units: frozenset[LineGroupId], location_id: LocationId) -> list[Demand]:
    """What these units are in stock, at the location."""
    here = [replace(group, location_id=location_id) for group in order.groups if group.id in units]
    return demand_of_groups(order, here)
