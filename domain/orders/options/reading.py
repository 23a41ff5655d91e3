"""All that options are made of, read in few statements whatever the number of lines and stores."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.carriers.repository import all_tariffs
from domain.catalog.quote import Offer, quote
from domain.common.errors import NotFound
from domain.common.ids import LocationId, OrderLineId, Sku, new_id
from domain.common.transaction import database_time
from domain.identity.model import Actor
from domain.locations.model import Location
from domain.locations.repository import all_locations_by_id, locations_by_id
from domain.orders.candidates import limited
from domain.orders.capacity import works_today
from domain.orders.commands import OrderedLine
from domain.orders.errors import ProductNotFound, ProductNotSellable
from domain.orders.options.model import AskOptions, Option, checked
from domain.orders.options.offering import Curves, Facts, offered
from domain.orders.options.planning import Cart, Planned, planned
from domain.orders.postal_points import point_near
from domain.orders.states import CARRIED, DeliveryMode
from domain.sourcing.model import Wanted
from domain.sourcing.ruled import Sourcing
from domain.stock.repository import candidates
from domain.supply.outlook import curves


async def delivery_options(
    connection: AsyncConnection, actor: Actor, ask: AskOptions, sourcing: Sourcing
) -> list[Option]:
    """How the cart can be delivered as things are now, by the same policy as placing; nothing is
    kept for it. Twelve statements at most, no locks.

    Raises:
        ValidationFailed, Forbidden: see `checked`. NotFound: there is no such channel, or no such
            store that is active and that the actor may see.
        ProductNotFound, ProductNotSellable: a SKU is unknown or withdrawn.
    """
    ask = checked(ask, actor)
    store = await _store(connection, actor, ask.store_id)
    now = await database_time(connection)
    country = ask.address.country if ask.address else store.country if store else ""
    skus = {line.sku for line in ask.lines}
    offers = await quote(connection, skus, ask.channel, ask.currency, country, now)
    _check_offers(skus, offers)
    wanted = _wanted(ask.lines, offers)
    components = {sku for line in wanted for sku in line.components}
    levels = await candidates(connection, components, ask.channel)
    cart = Cart(
        channel=ask.channel,
        wanted=wanted,
        address=ask.address,
        near=await point_near(connection, ask.address),
        store=store,
        levels=levels,
        works=await works_today(connection, limited(levels)),
        policy=await sourcing.policy(connection, now),
        now=now,
    )
    plans = planned(cart)
    currency = next(iter(offers.values())).currency
    return offered(plans, await _facts(connection, cart, plans, currency))


async def _store(
    connection: AsyncConnection, actor: Actor, store_id: LocationId | None
) -> Location | None:
    if store_id is None:
        return None
    found = (await locations_by_id(connection, [store_id], seen_by=actor)).get(store_id)
    if found is None or not found.active:
        raise NotFound("location", str(store_id))
    return found


def _check_offers(skus: Collection[Sku], offers: Mapping[Sku, Offer]) -> None:
    unknown = set(skus) - offers.keys()
    if unknown:
        raise ProductNotFound(unknown)
    withdrawn = {sku for sku in skus if not offers[sku].sellable}
    if withdrawn:
        raise ProductNotSellable(withdrawn, "withdrawn")


def _wanted(lines: Iterable[OrderedLine], offers: Mapping[Sku, Offer]) -> list[Wanted]:
    return [
        Wanted(
            line_id=OrderLineId(new_id()),
            quantity=line.quantity,
            components=offers[line.sku].components,
            sku=line.sku,
            tags=frozenset(offers[line.sku].tags),
            weight_g=offers[line.sku].weight_g,
        )
        for line in lines
    ]


async def _facts(
    connection: AsyncConnection, cart: Cart, plans: Sequence[Planned], currency: str
) -> Facts:
    places = {part.location_id for each in plans for part in each.plan.assignments}
    stores = {each.store_id for each in plans if each.store_id is not None}
    carried = any(each.mode in CARRIED for each in plans)
    return Facts(
        wanted=cart.wanted,
        now=cart.now,
        currency=currency,
        address=cart.address,
        locations=await all_locations_by_id(connection, places | stores),
        tariffs=await all_tariffs(connection) if carried else (),
        incoming=await _incoming(connection, cart, plans, in_store=False),
        incoming_at=await _incoming(connection, cart, plans, in_store=True),
    )


async def _incoming(
    connection: AsyncConnection, cart: Cart, plans: Iterable[Planned], *, in_store: bool
) -> Curves:
    """What comes in for units that plans leave over: in the store, or anywhere on the channel."""
    lines = {
        line_id
        for each in plans
        if (each.mode is DeliveryMode.PICKUP) == in_store
        for line_id in each.plan.unfilled
    }
    skus = {line.sku for line in cart.wanted if line.line_id in lines}
    if not skus:
        return {}
    place = cart.store.id if in_store and cart.store is not None else None
    channel = cart.channel if place is None else None
    return await curves(connection, skus, location_id=place, channel=channel)
