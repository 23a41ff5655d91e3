"""Prices by zone and weight: which row of a table of rates counts for a parcel. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.carriers.model import Place, Rate
from domain.common.postal import postal_key

MAX_WEIGHT_G = 1_000_000
ANYWHERE = ""


@dataclass(frozen=True, slots=True)
class RateRow:
    """One step of a service's prices: parcels up to `max_weight_g` into a zone.

    The zone is a country, and of it the postal codes that begin with `postal_prefix`; ANYWHERE is
    every country that has no zone of its own in the service.
    """

    service: str
    country: str
    postal_prefix: str
    max_weight_g: int
    price_minor: int
    currency: str
    transit_days: int | None = None


def rate_for(rows: Iterable[RateRow], recipient: Place, weight_g: int) -> RateRow | None:
    """The row of one service that counts for a parcel: of the most precise zone that the recipient
    is in, the lowest step that bears the weight. None when the service does not carry it.
    """
    here = [row for row in rows if _in_zone(row, recipient)]
    if not here:
        return None
    zone = max(_precision(row) for row in here)
    steps = [row for row in here if _precision(row) == zone and row.max_weight_g >= weight_g]
    return min(steps, key=lambda row: row.max_weight_g, default=None)


def _in_zone(row: RateRow, recipient: Place) -> bool:
    if row.country == ANYWHERE:
        return True
    prefix = postal_key(recipient.postal_code).startswith(row.postal_prefix)
    return row.country == recipient.country and prefix


def _precision(row: RateRow) -> tuple[bool, int]:
    return row.country != ANYWHERE, len(row.postal_prefix)


def rates_for(
    carrier: str, rows: Iterable[RateRow], recipient: Place, weights_g: Sequence[int]
) -> list[Rate]:
    """One rate for each service that carries all of the parcels, the cheapest first."""
    services: dict[str, list[RateRow]] = {}
    for row in rows:
        services.setdefault(row.service, []).append(row)
    found = [
        rate
        for service, steps in services.items()
        if (rate := _sum(carrier, service, [rate_for(steps, recipient, w) for w in weights_g]))
    ]
    return sorted(found, key=lambda rate: (rate.price_minor, rate.service))


def _sum(carrier: str, service: str, rows: Sequence[RateRow | None]) -> Rate | None:
    known = [row for row in rows if row is not None]
    if not known or len(known) < len(rows):
        return None
    days = [row.transit_days for row in known]
    return Rate(
        carrier=carrier,
        service=service,
        price_minor=sum(row.price_minor for row in known),
        currency=known[0].currency,
        transit_days=None if None in days else max(day for day in days if day is not None),
    )
