"""Which locations may serve an order, as sourcing wants to know it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import ChannelCode, LocationId, Sku
from domain.orders.capacity import works_today
from domain.orders.commands import Delivery
from domain.orders.model import Address, Order
from domain.orders.states import COLLECTED_IN_STORE, DeliveryMode
from domain.sourcing.model import Candidate, Place
from domain.stock.repository import CandidateLevel, candidates


def delivery_of(order: Order) -> Delivery:
    """How and where to an order goes."""
    return Delivery(order.delivery_mode, order.address, order.delivery_location_id)


@dataclass(frozen=True, slots=True)
class Found:
    """The locations that may serve a delivery; `order_type` is the kind of the channel, empty when
    no location has a level of any of the SKUs.
    """

    candidates: Sequence[Candidate]
    order_type: str


async def candidates_for(
    connection: AsyncConnection,
    skus: Iterable[Sku],
    channel: ChannelCode,
    delivery: Delivery,
    excluded: Collection[LocationId] = (),
) -> Found:
    """The locations of the channel that may serve the delivery, with what they can promise of the
    SKUs; without the excluded ones. One statement, and one more when a location has a capacity.
    """
    levels = await candidates(connection, set(skus), channel)
    works = await works_today(connection, limited(levels))
    return candidates_among(levels, works, delivery, excluded)


def limited(levels: Iterable[CandidateLevel]) -> set[LocationId]:
    """The locations that take a limited number of fulfillment orders a day."""
    return {each.location_id for each in levels if each.daily_capacity is not None}


def candidates_among(
    levels: Sequence[CandidateLevel],
    works: Mapping[LocationId, int],
    delivery: Delivery,
    excluded: Collection[LocationId] = (),
) -> Found:
    """Those of the levels' locations that may serve the delivery; as `candidates_for`. `works` are
    the fulfillment orders that a location has today. Pure.
    """
    able = [
        level for level in levels if level.location_id not in excluded and eligible(level, delivery)
    ]
    return Found(
        [
            replace(
                each,
                used_today=works.get(each.location_id, 0),
                is_home=each.location_id == delivery.location_id,
            )
            for each in _by_location(able)
        ],
        levels[0].channel_kind if levels else "",
    )


def near(address: Address | None) -> Place | None:
    """The point that the address names, if it is known."""
    if address is None or address.latitude is None or address.longitude is None:
        return None
    return Place(address.latitude, address.longitude)


class Reach(Protocol):
    """A location, as far as it decides to whom it may send goods."""

    @property
    def location_id(self) -> LocationId:
        """The location."""
        ...

    @property
    def can_ship(self) -> bool:
        """Whether it ships parcels."""
        ...

    @property
    def can_pickup(self) -> bool:
        """Whether customers can collect there."""
        ...


def eligible(level: Reach, delivery: Delivery) -> bool:
    """Whether a location of the channel may serve the delivery."""
    mode = delivery.mode
    if mode is DeliveryMode.TAKE_AWAY:
        return level.location_id == delivery.location_id
    in_store = level.can_pickup and level.location_id == delivery.location_id
    if mode is DeliveryMode.SHIP_TO_STORE:
        return in_store or level.can_ship
    return in_store if mode in COLLECTED_IN_STORE else level.can_ship


def _by_location(levels: Sequence[CandidateLevel]) -> list[Candidate]:
    available: dict[LocationId, dict[Sku, int]] = {}
    for level in levels:
        available.setdefault(level.location_id, {})[level.sku] = level.available
    facts: Mapping[LocationId, CandidateLevel] = {level.location_id: level for level in levels}
    return [
        Candidate(
            location_id=place,
            code=facts[place].code,
            place=Place(facts[place].latitude, facts[place].longitude),
            priority=facts[place].priority,
            available=skus,
            kind=facts[place].kind,
            country=facts[place].country,
            tags=frozenset(facts[place].tags),
            trust=facts[place].trust,
            daily_capacity=facts[place].daily_capacity,
        )
        for place, skus in available.items()
    ]
