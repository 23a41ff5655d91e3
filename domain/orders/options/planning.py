"""Who would serve a cart in each way of delivery: the plans that placing would make. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.common.ids import ChannelCode, LocationId, Sku
from domain.locations.model import Location, LocationKind
from domain.orders.asking import question_of
from domain.orders.candidates import candidates_among
from domain.orders.candidates import near as point_named
from domain.orders.commands import Delivery
from domain.orders.model import Address
from domain.orders.states import DeliveryMode
from domain.sourcing.model import Place, Plan, SourcingPolicy, Wanted, distance_km
from domain.stock.repository import CandidateLevel

MAX_STORES = 5
"""Stores that are offered when none is named."""
MAX_TRIED = 25
"""Stores that have everything for which a plan is made, since rules may be against some."""


@dataclass(frozen=True, slots=True)
class Cart:
    """What was read of a cart. `near` is about where its address is; `works` are the fulfillment
    orders that a location has today.
    """

    channel: ChannelCode
    wanted: Sequence[Wanted]
    address: Address | None
    near: Place | None
    store: Location | None
    levels: Sequence[CandidateLevel]
    works: Mapping[LocationId, int]
    policy: SourcingPolicy
    now: datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """Who would serve the cart in one way of delivery; `store_id` is where it is collected."""

    mode: DeliveryMode
    plan: Plan
    store_id: LocationId | None = None
    distance_km: float | None = None


def planned(cart: Cart) -> list[Planned]:
    """A plan for each way of delivery that comes into question: to the address, if there is one;
    to the store that is named, or in the nearest stores that have everything.
    """
    found: list[Planned] = []
    if cart.address is not None:
        for mode in (DeliveryMode.SHIP, DeliveryMode.PICKUP_POINT):
            delivery = Delivery(mode, address=cart.address)
            found.append(Planned(mode, _plan(cart, delivery, cart.address.country, cart.levels)))
    if cart.store is None:
        return found + _nearest(cart)
    if not _serves(cart.store, cart.channel):
        return found
    for mode in (DeliveryMode.PICKUP, DeliveryMode.SHIP_TO_STORE):
        delivery = Delivery(mode, location_id=cart.store.id)
        plan = _plan(cart, delivery, cart.store.country, cart.levels)
        if mode is DeliveryMode.PICKUP or _comes_from_elsewhere(plan, cart.store.id):
            place = Place(cart.store.latitude, cart.store.longitude)
            found.append(Planned(mode, plan, cart.store.id, _distance(cart, place)))
    return found


def _serves(store: Location, channel: ChannelCode) -> bool:
    return store.can_pickup and channel in store.channels


def _comes_from_elsewhere(plan: Plan, store_id: LocationId) -> bool:
    return any(part.location_id != store_id for part in plan.assignments)


def _nearest(cart: Cart) -> list[Planned]:
    found: list[Planned] = []
    for levels in _full_stores(cart)[:MAX_TRIED]:
        store = levels[0]
        delivery = Delivery(DeliveryMode.PICKUP, location_id=store.location_id)
        plan = _plan(cart, delivery, store.country, levels)
        if not plan.unfilled:
            away = _distance(cart, Place(store.latitude, store.longitude))
            found.append(Planned(DeliveryMode.PICKUP, plan, store.location_id, away))
        if len(found) == MAX_STORES:
            break
    return found


def _full_stores(cart: Cart) -> list[list[CandidateLevel]]:
    """The levels of each store that has everything, the nearest first; then by priority and code.
    Suppliers hand nothing out.
    """
    needed: Counter[Sku] = Counter()
    for line in cart.wanted:
        for sku, each in line.components.items():
            needed[sku] += each * line.quantity
    stores: dict[LocationId, list[CandidateLevel]] = {}
    for level in cart.levels:
        if level.can_pickup and level.kind != LocationKind.SUPPLIER.value:
            stores.setdefault(level.location_id, []).append(level)

    def rank(levels: Sequence[CandidateLevel]) -> tuple[float, int, str]:
        away = _distance(cart, Place(levels[0].latitude, levels[0].longitude))
        return away or 0.0, levels[0].priority, levels[0].code

    return sorted((each for each in stores.values() if _has(each, needed)), key=rank)


def _has(levels: Iterable[CandidateLevel], needed: Mapping[Sku, int]) -> bool:
    available = {level.sku: level.available for level in levels}
    return all(available.get(sku, 0) >= units for sku, units in needed.items())


def _distance(cart: Cart, place: Place) -> float | None:
    point = point_named(cart.address) or cart.near
    return None if point is None else distance_km(point, place)


def _plan(cart: Cart, delivery: Delivery, country: str, levels: Sequence[CandidateLevel]) -> Plan:
    """As `place.plan_of` plans the order."""
    question = question_of(
        cart.channel,
        country,
        delivery,
        cart.wanted,
        candidates_among(levels, cart.works, delivery),
        cart.now,
        near=cart.near if delivery.address is not None else None,
    )
    return cart.policy.plan(question)
