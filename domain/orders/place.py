"""First half of placing: check, price, source, reserve, store the order and its payment intent.

The second half is `settle.py`, the whole is `checkout.py` (ADR 0017).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from domain.catalog.quote import quote
from domain.common.errors import NotFound
from domain.common.idempotency import Command, begun, claim, load, stored
from domain.common.ids import LocationId, OrderId, OrderLineId
from domain.common.sql import among
from domain.common.transaction import Tx
from domain.customers.resolve import resolve_customer
from domain.identity.model import Actor
from domain.locations.tables import location
from domain.orders.arrivals import with_arrivals
from domain.orders.asking import question_of, wanted_of
from domain.orders.baskets import Draft, priced_lines, region_of
from domain.orders.candidates import Found, candidates_for
from domain.orders.commands import PlaceOrder
from domain.orders.decided import kept
from domain.orders.draft import build_order, without_unfilled
from domain.orders.errors import PlanOutdated
from domain.orders.expected import Patience
from domain.orders.model import Line, Order
from domain.orders.placing_rules import check_order, in_actor_scope
from domain.orders.postal_points import point_near
from domain.orders.repository import orders_by_id
from domain.orders.results import Placed
from domain.orders.saving import create
from domain.orders.states import DeliveryMode, GroupState, UnfilledPolicy
from domain.orders.stock_needs import demand_of, reservation_owner
from domain.orders.tendering import is_plain, take
from domain.promotions.coupons import checked_codes, usable, use_coupons
from domain.promotions.repository import promotions_of
from domain.sourcing.model import Plan, SourcingPolicy
from domain.sourcing.ruled import Sourcing
from domain.stock.allocation import reserve
from domain.stock.errors import InsufficientStock

OPERATION = "placeOrder"


@dataclass(frozen=True, slots=True)
class Terms:
    """How orders are taken: who chooses locations, how long a customer may take to pay, and a
    location to accept its work and to answer a request to cancel it.
    """

    sourcing: Sourcing
    payment_window: timedelta
    accept_within: timedelta = timedelta(minutes=30)
    cancel_answer_within: timedelta = timedelta(minutes=15)
    transfer_window: timedelta = timedelta(days=7)
    """How long an order waits for a cheque to clear or a bank transfer to arrive."""


async def accept(
    tx: Tx, actor: Actor, given: PlaceOrder, terms: Terms, *, placed_at: datetime | None = None
) -> Order | Placed:
    """The stored order, PENDING_PAYMENT with its stock reserved; or what the key stands for.

    A used key gives the stored result, or the order of an attempt that was cut off.
    `placed_at` is for imports, without promotions; otherwise it is the database's time.

    Raises:
        ValidationFailed, Forbidden, NotFound, IdempotencyConflict: malformed or not allowed.
        ProductNotFound, ProductNotSellable: a SKU is unknown, withdrawn or without a price.
        InsufficientStock: and the policy is REFUSE. PlanOutdated: stock moved, plan again.
        TenderRefused: a gift card, the store credit or the credit account cannot pay its part.
        CouponNotUsable: a code takes nothing off, or is used up.

    Locks: vouchers and the credit account that pay, then stock levels in (location, sku) order,
    then coupons in order of codes.
    """
    command = in_actor_scope(actor, given)
    check_order(actor, command)
    known = await claim(tx, OPERATION, command)
    if known.result is not None:
        return load(Placed, known.result)
    if known.subject_id is not None:
        return await begun_order(tx, command, known.subject_id)
    draft = await _draft(tx, actor, command, terms, placed_at)
    lines = priced_lines(command, draft)
    skus = {sku for line in lines for sku in line.components}
    found = await candidates_for(tx.connection, skus, command.channel, command.delivery)
    if command.deliver_by is not None:
        wanted = wanted_of(((line, line.ordered_quantity) for line in lines), draft.offers)
        waits = Patience(command.channel, command.unfilled_policy)
        at = draft.updated_at
        found = await with_arrivals(
            tx.connection, found, command.delivery, wanted, command.deliver_by, at, waits
        )
    policy = await terms.sourcing.policy(tx.connection, await tx.now())
    plan = plan_of(command, draft, lines, found, policy)
    order, detail = planned_order(command, draft, lines, plan)
    if not is_plain(command.payments):
        due, window = order.total_minor, terms.transfer_window
        order = await take(tx, order, command.payments, due, window)
    await _reserve(tx, order)
    if order.pricing is not None:
        await use_coupons(tx, order.pricing.coupons, order.id, order.customer_id)
    keeping = kept(order.id, plan)
    return await create(tx, order, "PLACE", detail, keeping, begun(tx, command, order.id))


async def begun_order(tx: Tx, command: Command, order_id: UUID) -> Order | Placed:
    """The order that an attempt which was cut off, or a twin that is under way, works on; or what
    came of it, when the twin has finished meanwhile.

    The result is looked for after the order was read: an order that shows what the twin did is
    never taken for one that waits.
    """
    order = (await orders_by_id(tx.connection, [order_id]))[OrderId(order_id)]
    return await stored(tx, command, Placed) or order


def plan_of(
    command: PlaceOrder,
    draft: Draft,
    lines: Sequence[Line],
    found: Found,
    policy: SourcingPolicy,
) -> Plan:
    """Who of `found` serves what of the lines. Pure.

    Raises:
        InsufficientStock: some units cannot be served, and the order does not wait for them; or
            none can, and the rest is to be cancelled.
    """
    wanted = wanted_of(((line, line.ordered_quantity) for line in lines), draft.offers)
    question = question_of(
        command.channel,
        draft.country,
        command.delivery,
        wanted,
        found,
        draft.updated_at,
        near=draft.near,
        deliver_by=command.deliver_by,
        ship_complete=command.unfilled_policy is UnfilledPolicy.SHIP_COMPLETE,
    )
    plan = policy.plan(question)
    nothing = command.unfilled_policy is UnfilledPolicy.CANCEL_REST and not plan.assignments
    if plan.unfilled and (nothing or not _may_wait(command)):
        raise _shortage(lines, plan.unfilled)
    return plan


def planned_order(
    command: PlaceOrder, draft: Draft, lines: Sequence[Line], plan: Plan
) -> tuple[Order, dict[str, str]]:
    """The order as planned, not stored yet, and the detail of its history. Pure.

    Raises:
        ValidationFailed: see `build_order`.
    """
    detail = {"sourcing": plan.reason.value, "channel": command.channel}
    if command.unfilled_policy is UnfilledPolicy.CANCEL_REST and plan.unfilled:
        detail["cancelled_units"] = str(sum(plan.unfilled.values()))
        lines, plan = without_unfilled(lines, plan, draft)
    return build_order(command, draft, lines, plan), detail


async def _draft(
    tx: Tx, actor: Actor, command: PlaceOrder, terms: Terms, placed_at: datetime | None
) -> Draft:
    now = await tx.now()
    country = tax_country(command, await store_countries(tx, [command]))
    skus = {line.sku for line in command.lines}
    region, codes = region_of(command.delivery.address), checked_codes(command.coupon_codes)
    offers = await quote(
        tx.connection, skus, command.channel, command.currency, country, placed_at or now, [region]
    )
    customer = await resolve_customer(tx, command.customer, command.channel, seen_by=actor)
    stamp = next((offer.stamp for offer in offers.values()), None)
    return Draft(
        offers=offers,
        customer=customer,
        country=country,
        placed_by=tx.actor_key,
        placed_at=placed_at or now,
        updated_at=now,
        pay_until=now + terms.payment_window,
        near=await point_near(tx.connection, command.delivery.address),
        region=region,
        promotions=await promotions_of(tx.connection, None if placed_at else stamp),
        coupons=await usable(tx.connection, codes, customer.id),
    )


async def store_countries(
    tx: Tx, commands: Sequence[PlaceOrder]
) -> Mapping[LocationId | None, str]:
    """The countries of the active locations at which the commands' goods change hands. One
    statement, none when all of them have an address.
    """
    places = {c.delivery.location_id for c in commands if c.delivery.address is None}
    if not places:
        return {}
    query = sa.select(location.c.id, location.c.country).where(
        among(location.c.id, places), location.c.active
    )
    return {LocationId(row.id): row.country for row in await tx.connection.execute(query)}


def tax_country(command: PlaceOrder, stores: Mapping[LocationId | None, str]) -> str:
    """The country whose taxes an order bears; `stores` are those of `store_countries`. Pure.

    Raises:
        NotFound: there is no active location of that id.
    """
    if command.delivery.address is not None:
        return command.delivery.address.country
    place = command.delivery.location_id
    if place not in stores:
        raise NotFound("location", str(place))
    return stores[place]


def _may_wait(command: PlaceOrder) -> bool:
    waits = command.unfilled_policy is not UnfilledPolicy.REFUSE
    return waits and command.delivery.mode is not DeliveryMode.TAKE_AWAY


def _shortage(lines: Sequence[Line], unfilled: Mapping[OrderLineId, int]) -> InsufficientStock:
    short = next(line for line in lines if line.id in unfilled)
    same = [line for line in lines if line.sku == short.sku]
    requested = sum(line.ordered_quantity for line in same)
    missing = sum(unfilled.get(line.id, 0) for line in same)
    return InsufficientStock(short.sku, None, requested, requested - missing)


async def _reserve(tx: Tx, order: Order) -> None:
    """The units of the order are reserved until its payment window ends."""
    demands = demand_of(order, [GroupState.NEW])
    if not demands or order.pay_until is None:
        return
    window = order.pay_until - await tx.now()
    try:
        await reserve(tx, demands, owner=reservation_owner(order.id), ttl=window)
    except InsufficientStock as shortage:
        raise PlanOutdated(shortage) from shortage
