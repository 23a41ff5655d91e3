"""From plans to options: carriers and prices, dates, and what is missing. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.carriers.model import Place as Recipient
from domain.carriers.model import Rate
from domain.carriers.rating import rates_for
from domain.carriers.repository import Tariff
from domain.common.ids import LocationId, OrderLineId, Sku
from domain.common.money import Money
from domain.locations.model import Location
from domain.orders.model import Address
from domain.orders.options.dating import TRANSIT_DAYS, all_of, carried, collected_from, in_store
from domain.orders.options.model import Option, Parcel, Unfilled, Window
from domain.orders.options.planning import Planned
from domain.orders.states import CARRIED, DeliveryMode
from domain.sourcing.model import Plan, Wanted
from domain.supply.model import Dated

Curves = Mapping[Sku, Sequence[Dated]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What options are made of besides the plans. `currency` is the cart's; `incoming` is what can
    be promised over time at all locations of the channel, `incoming_at` at a store.
    """

    wanted: Sequence[Wanted]
    now: datetime
    currency: str
    address: Address | None
    locations: Mapping[LocationId, Location]
    tariffs: Sequence[Tariff] = ()
    incoming: Curves = field(default_factory=dict[Sku, Sequence[Dated]])
    incoming_at: Curves = field(default_factory=dict[Sku, Sequence[Dated]])


def offered(plans: Iterable[Planned], facts: Facts) -> list[Option]:
    """The options, in the order of the plans; those of carriers the cheapest first, without a price
    in the cart's currency last.
    """
    return [option for each in plans for option in _options(each, facts)]


def _options(each: Planned, facts: Facts) -> list[Option]:
    option = _bare(each, facts)
    if each.mode not in CARRIED:
        return [replace(option, window=_collected(option, facts))]
    if each.mode is DeliveryMode.PICKUP_POINT:
        return _by_carriers(option, facts) if option.parcels else []
    no_tariff = not any(tariff.rates for tariff in facts.tariffs)
    if no_tariff or not option.parcels:
        return [replace(option, window=_carried(option.parcels, TRANSIT_DAYS, facts))]
    return _by_carriers(option, facts)


def _bare(each: Planned, facts: Facts) -> Option:
    """Who serves and what is missing."""
    skus = {line.line_id: line.sku for line in facts.wanted}
    in_store_only = each.mode is DeliveryMode.PICKUP
    return Option(
        mode=each.mode,
        parcels=_parcels(each.plan, skus),
        unfilled=_unfilled(each.plan, skus, facts.incoming_at if in_store_only else facts.incoming),
        window=None,
        store=facts.locations[each.store_id] if each.store_id is not None else None,
        distance_km=each.distance_km,
    )


def _parcels(plan: Plan, skus: Mapping[OrderLineId, Sku]) -> tuple[Parcel, ...]:
    """One parcel per location, in the order in which the lines name them."""
    units: dict[LocationId, Counter[Sku]] = {}
    for part in plan.assignments:
        units.setdefault(part.location_id, Counter())[skus[part.line_id]] += part.quantity
    return tuple(Parcel(place, dict(each)) for place, each in units.items())


def _unfilled(
    plan: Plan, skus: Mapping[OrderLineId, Sku], incoming: Curves
) -> tuple[Unfilled, ...]:
    units: Counter[Sku] = Counter()
    for line_id, quantity in plan.unfilled.items():
        units[skus[line_id]] += quantity
    return tuple(
        Unfilled(sku, quantity, _expected_at(incoming.get(sku, ()), quantity))
        for sku, quantity in units.items()
    )


def _expected_at(curve: Sequence[Dated], units: int) -> datetime | None:
    """When so many units more than now can be promised."""
    return next((each.at for each in curve if each.quantity - curve[0].quantity >= units), None)


def _by_carriers(option: Option, facts: Facts) -> list[Option]:
    """One option for each service that carries all the parcels."""
    assert facts.address is not None  # a carried mode
    recipient = Recipient("", "", "", facts.address.postal_code, facts.address.country)
    weights = [_weight_g(parcel, facts.wanted) for parcel in option.parcels]
    rates = [
        rate
        for tariff in facts.tariffs
        for rate in rates_for(tariff.carrier, tariff.rates, recipient, weights)
    ]

    def rank(rate: Rate) -> tuple[bool, int, str, str]:
        return rate.currency != facts.currency, rate.price_minor, rate.carrier, rate.service

    return [_carried_by(rate, option, facts) for rate in sorted(rates, key=rank)]


def _carried_by(rate: Rate, option: Option, facts: Facts) -> Option:
    days = rate.transit_days
    known = (days, days) if days is not None else TRANSIT_DAYS
    priced = rate.currency == facts.currency
    return replace(
        option,
        carrier=rate.carrier,
        service=rate.service,
        price=Money(rate.price_minor, rate.currency) if priced else None,
        window=_carried(option.parcels, known, facts),
    )


def _weight_g(parcel: Parcel, wanted: Iterable[Wanted]) -> int:
    weights = {line.sku: line.weight_g for line in wanted}
    return sum(weights[sku] * units for sku, units in parcel.units.items())


def _carried(parcels: Iterable[Parcel], days: tuple[int, int], facts: Facts) -> Window | None:
    senders = [facts.locations[parcel.location_id] for parcel in parcels]
    return all_of(carried(sender, facts.now, days) for sender in senders)


def _collected(option: Option, facts: Facts) -> Window | None:
    """When the parcels can be collected: those of the store itself when it has prepared them,
    others when they have come.
    """
    store = option.store
    assert store is not None  # a mode in which goods are collected
    windows: list[Window] = []
    for parcel in option.parcels:
        if parcel.location_id == store.id:
            ready = collected_from(store, facts.now)
            windows.append(Window(ready, ready))
        else:
            sender = facts.locations[parcel.location_id]
            windows.append(in_store(store, carried(sender, facts.now, TRANSIT_DAYS)))
    return all_of(windows)
