"""Use case: orders of the past are in the system, as if it had followed them from the start."""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.quote import Offer, quote
from domain.common.errors import NotFound, ValidationFailed
from domain.common.faults import constraint_of
from domain.common.ids import ChannelCode, LocationId, Sku
from domain.common.sql import together
from domain.common.transaction import Tx
from domain.customers.bulk import customer_ids
from domain.customers.resolve import ResolvedCustomer
from domain.events.outbox import publish
from domain.identity.model import Actor
from domain.integrations.evolution import Past, past_of
from domain.integrations.model import HistoricOrder, HistoricState
from domain.locations.bulk import location_ids
from domain.locations.model import LocationCode
from domain.orders.baskets import Draft, priced_lines
from domain.orders.commands import PlaceOrder
from domain.orders.draft import build_order
from domain.orders.errors import DuplicateExternalReference
from domain.orders.events import changed_work, order_changed, work_changed
from domain.orders.model import Group, Line, Order
from domain.orders.placing_rules import check_order, in_actor_scope
from domain.orders.saving import history_row
from domain.orders.saving import whole as whole_orders
from domain.orders.states import HOLDS_STOCK, GroupState
from domain.orders.stock_needs import demand_of_groups
from domain.orders.tables import sales_order
from domain.shipments.bulk import whole as whole_shipments
from domain.shipments.errors import DuplicateTrackingNumber
from domain.shipments.events import shipment_changed
from domain.sourcing.model import Assignment, Plan, SourcingReason
from domain.stock.allocation import allocate, deallocate, issue
from domain.stock.model import Demand, MovementReason

MAX_ORDERS = 200


async def load_orders(
    tx: Tx, actor: Actor, told: Sequence[HistoricOrder], *, carrier: str, reference: str
) -> int:
    """The number of orders that are new: stored in their historic state, with a version, a history
    entry and an event for each moment that the data tell of, and the stock they took.

    Orders whose external reference is known to the channel are left as they are. At most 200, all
    of one channel and country; prices and shipping fees are as told, taxes those of the moment of
    the first. Each line is served by the seller that is told. `reference` names the load in the
    stock ledger, where the units of a level are one movement. Commands must name customers by
    reference.

    Raises:
        NotFound: a customer, location or channel does not exist.
        InsufficientStock: a seller does not have the units.
        DuplicateExternalReference: another transaction loads the same orders.
        DuplicateTrackingNumber: a parcel of the carrier has a number that one of theirs would have.
        ValidationFailed, Forbidden, ProductNotFound, ProductNotSellable: see `accept`.

    Locks: stock levels in (location, sku) order.
    """
    if len(told) > MAX_ORDERS:
        raise ValidationFailed("orders", f"more than {MAX_ORDERS}")
    if not told:
        return 0
    channel = told[0].command.channel
    known = await known_references(tx.connection, channel, [each.reference for each in told])
    fresh = [each for each in told if each.reference not in known]
    if not fresh:
        return 0
    for each in fresh:
        check_order(actor, in_actor_scope(actor, each.command))
    pasts = await _pasts(tx, fresh, carrier)
    await _move_stock(tx, fresh, pasts, reference)
    await _store(tx, pasts)
    return len(fresh)


async def known_references(
    connection: AsyncConnection, channel: ChannelCode, references: Sequence[str]
) -> set[str]:
    """Those of the external references that orders of the channel have. One statement."""
    wanted = sa.literal(list(references), ARRAY(sa.Text))
    found = await connection.scalars(
        sa.select(sales_order.c.external_reference).where(
            sales_order.c.channel == channel,
            sales_order.c.external_reference == sa.any_(wanted),
        )
    )
    return {reference for reference in found if reference is not None}


async def _pasts(tx: Tx, told: Sequence[HistoricOrder], carrier: str) -> list[Past]:
    first = told[0]
    assert first.command.delivery.address is not None  # `check_order` refused it otherwise
    country = first.command.delivery.address.country
    skus = {line.sku for each in told for line in each.command.lines}
    offers = await quote(tx.connection, skus, first.command.channel, None, country, first.placed_at)
    customers = await _customers(tx, [each.command for each in told])
    codes = sorted({code for each in told for code in each.sellers})
    locations = await location_ids(tx, codes)
    if missing := set(codes) - locations.keys():
        raise NotFound("location", min(missing))
    return [
        past_of(
            _built(
                tx, each, offers, customers[each.command.customer.reference], country, locations
            ),
            each,
            carrier,
        )
        for each in told
    ]


async def _customers(
    tx: Tx, commands: Sequence[PlaceOrder]
) -> Mapping[str | None, ResolvedCustomer]:
    source = commands[0].customer.source or ""
    wanted = {command.customer.reference or "" for command in commands}
    found = await customer_ids(tx.connection, source, wanted)
    if missing := wanted - found.keys():
        raise NotFound("customer", min(missing))
    language = commands[0].language or "en"
    return {
        name: ResolvedCustomer(customer_id, language, created=False)
        for name, customer_id in found.items()
    }


def _built(
    tx: Tx,
    told: HistoricOrder,
    offers: Mapping[Sku, Offer],
    customer: ResolvedCustomer,
    country: str,
    locations: Mapping[LocationCode, LocationId],
) -> Order:
    draft = Draft(
        offers=offers,
        customer=customer,
        country=country,
        placed_by=tx.actor_key,
        placed_at=told.placed_at,
        updated_at=told.placed_at,
        pay_until=told.placed_at,
    )
    lines = priced_lines(told.command, draft)
    return build_order(told.command, draft, lines, _plan(told, lines, locations))


def _plan(
    told: HistoricOrder, lines: Sequence[Line], locations: Mapping[LocationCode, LocationId]
) -> Plan:
    served = [
        Assignment(line.id, locations[code], line.ordered_quantity)
        for line, code in zip(lines, told.sellers, strict=True)
    ]
    return Plan(served, {}, SourcingReason.REQUIRED_LOCATION)


async def _move_stock(
    tx: Tx, told: Sequence[HistoricOrder], pasts: Sequence[Past], reference: str
) -> None:
    """What was set aside is allocated; of that, what was cancelled is given back and what is not
    there any more was shipped.
    """
    taken: list[Demand] = []
    given_back: list[Demand] = []
    left: list[Demand] = []
    for each, past in zip(told, pasts, strict=True):
        if not each.takes_stock:
            continue
        demand = demand_of_groups(past.order, past.order.groups)
        taken += demand
        if each.state is HistoricState.CANCELLED:
            given_back += demand
        else:
            left += demand_of_groups(past.order, list(_gone(past.order)))
    await allocate(tx, taken, owner=reference, reference=reference)
    await deallocate(tx, given_back, reason=MovementReason.CANCELLED, reference=reference)
    await issue(tx, left, reason=MovementReason.SHIPPED, reference=reference)


def _gone(order: Order) -> Iterable[Group]:
    return (
        group
        for group in order.groups
        if group.state not in HOLDS_STOCK and group.state is not GroupState.CANCELLED
    )


async def _store(tx: Tx, pasts: Sequence[Past]) -> None:
    for past in pasts:
        await _announce(tx, past)
    history = [
        history_row(tx.actor_key, version.order, version.action, {"imported": True}, version.reason)
        for past in pasts
        for version in past.versions
    ]
    last = {sent.id: sent for past in pasts for sent in past.shipments}
    events = [event for past in pasts for event in past.events]
    outbox = tx.drain_events()
    assert outbox is not None  # every past has a version, and every version an event
    writes = [
        *whole_orders([past.order for past in pasts], history),
        *whole_shipments(list(last.values()), events),
        outbox,
    ]
    try:
        await tx.connection.execute(together(*writes))
    except IntegrityError as error:
        if constraint_of(error) == "uq_sales_order_channel_external_reference":
            raise DuplicateExternalReference("of a loaded order") from error
        if constraint_of(error) == "uq_parcel_carrier_tracking_number":
            carrier = next(iter(last.values())).carrier
            raise DuplicateTrackingNumber(carrier, "of a loaded order") from error
        raise


async def _announce(tx: Tx, past: Past) -> None:
    """Every version is published, in order, with the work and the shipments that it touched."""
    before: Order | None = None
    for version in past.versions:
        order = version.order
        touched = changed_work(before, order)
        works = [work for work in order.fulfillment_orders if work.id in touched]
        await publish(
            tx,
            order_changed(order, version.action, version.reason),
            *[work_changed(order, work) for work in works],
        )
        before = order
    await publish(tx, *[shipment_changed(sent, past.order.customer_id) for sent in past.shipments])
