"""When goods from each candidate would be with the customer: asked only where a date is wanted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.carriers.model import Place as Recipient
from domain.carriers.rating import rates_for
from domain.carriers.repository import Tariff, all_tariffs
from domain.common.ids import LocationId
from domain.locations.model import Location
from domain.locations.repository import all_locations_by_id
from domain.orders.candidates import Found
from domain.orders.commands import Delivery
from domain.orders.expected import Expected, Patience, expected_for
from domain.orders.options.dating import TRANSIT_DAYS, carried, collected_from, in_store
from domain.orders.states import CARRIED
from domain.sourcing.model import Candidate, Place, Wanted


async def with_arrivals(
    connection: AsyncConnection,
    found: Found,
    delivery: Delivery,
    wanted: Iterable[Wanted],
    deliver_by: datetime | None,
    at: datetime,
    waits: Patience,
) -> Found:
    """`found` with the earliest arrival from each candidate, when goods are wanted by a date; and
    with what locations expect, if units of the order may wait. Three statements then at most, none
    otherwise.
    """
    if deliver_by is None:
        return found
    lines = list(wanted)
    skus = {sku for line in lines for sku in line.components}
    expected = await expected_for(connection, skus, delivery, waits)
    places = {each.location_id for each in found.candidates} | {place for place, _ in expected}
    if delivery.location_id is not None:
        places.add(delivery.location_id)
    locations = await all_locations_by_id(connection, places)
    tariffs = await all_tariffs(connection) if delivery.mode in CARRIED else ()
    # What is there comes last: where both are asked by location, it is what counts.
    all_of_them = [*_expecting(expected, delivery, locations), *found.candidates]
    candidates = arriving(all_of_them, delivery, lines, at, locations, tariffs)
    return replace(found, candidates=candidates)


def _expecting(
    expected: Expected, delivery: Delivery, locations: Mapping[LocationId, Location]
) -> list[Candidate]:
    """A candidate for each location and moment at which it expects something."""
    return [
        Candidate(
            location_id=place.id,
            code=place.code,
            place=Place(place.latitude, place.longitude),
            priority=place.priority,
            available=units,
            kind=place.kind.value,
            country=place.country,
            tags=frozenset(place.tags),
            trust=place.trust,
            is_home=place.id == delivery.location_id,
            expected_at=moment,
        )
        for (place_id, moment), units in expected.items()
        if (place := locations.get(place_id)) is not None
    ]


def arriving(
    candidates: Iterable[Candidate],
    delivery: Delivery,
    wanted: Iterable[Wanted],
    at: datetime,
    locations: Mapping[LocationId, Location],
    tariffs: Sequence[Tariff],
) -> list[Candidate]:
    """The candidates, each with when its goods are with the customer at the earliest: sent at the
    next cut-off after it has them by the fastest service that carries all of them, or ready in the
    store. Pure.
    """
    days = _days_on_the_way(delivery, wanted, tariffs)
    store = locations.get(delivery.location_id) if delivery.location_id is not None else None

    def arrival(each: Candidate) -> datetime | None:
        sender = locations.get(each.location_id)
        if sender is None:
            return None
        there = at if each.expected_at is None else max(at, each.expected_at)
        if each.is_home:
            return collected_from(sender, there)
        window = carried(sender, there, (days, days))
        return (in_store(store, window) if store is not None else window).earliest

    return [replace(each, arrives_at=arrival(each)) for each in candidates]


def _days_on_the_way(
    delivery: Delivery, wanted: Iterable[Wanted], tariffs: Iterable[Tariff]
) -> int:
    """Of the fastest service; what is usual when no tariff says it."""
    if delivery.mode not in CARRIED or delivery.address is None:
        return TRANSIT_DAYS[0]
    address = delivery.address
    recipient = Recipient("", "", "", address.postal_code, address.country)
    weight_g = sum(line.weight_g * line.quantity for line in wanted)
    known = [
        rate.transit_days
        for tariff in tariffs
        for rate in rates_for(tariff.carrier, tariff.rates, recipient, [weight_g])
        if rate.transit_days is not None
    ]
    return min(known, default=TRANSIT_DAYS[0])
