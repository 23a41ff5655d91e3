"""What it costs to serve a line from a location, term by term, in whole minor units. Pure.

The model is linear: a parcel costs a fixed amount and its way, a unit costs by its weight, the
handling of the location's kind, the doubt in its stock figures and the days that it comes late.
Rules add preferences and
markdown credits. All amounts are in the currency of the cost settings and are compared with each
other only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from domain.common.ids import LocationId, OrderLineId
from domain.sourcing.decision import CostKind, CostTerm
from domain.sourcing.model import Candidate, Carriage, Circumstances, Wanted, distance_km
from domain.sourcing.rules.model import MAX_LATE_DAYS, CostSettings

_ONE = Decimal(1)
_DAY = timedelta(days=1)
Pair = tuple[LocationId, OrderLineId]
Terms = tuple[CostTerm, ...]


@dataclass(frozen=True, slots=True)
class Prices:
    """What candidates and lines cost, each looked at once.

    `distances` in km, None without a known address; `parcels` per parcel sent; `places` per unit by
    location; `weights` the shipping of a unit by line, for locations that send it.
    """

    distances: Sequence[float | None]
    parcels: Sequence[Terms]
    places: Sequence[Terms]
    weights: Sequence[int]
    homes: Sequence[bool]
    preferences: Sequence[Mapping[int, int]]
    markdowns: Sequence[Mapping[int, int]]

    def unit_costs(self, candidate: int) -> list[int]:
        """What one unit of each line costs from the candidate of that number, parcel apart."""
        place = total(self.places[candidate])
        sent = not self.homes[candidate]
        costs = [place + weight * sent for weight in self.weights]
        for advantages in (self.preferences[candidate], self.markdowns[candidate]):
            for line, amount in advantages.items():
                costs[line] -= amount
        return costs

    def unit_terms(self, candidate: int, line: int) -> list[CostTerm]:
        """The same for one line, term by term."""
        shipping = 0 if self.homes[candidate] else self.weights[line]
        return [
            *self.places[candidate],
            CostTerm(CostKind.SHIPPING, shipping),
            CostTerm(CostKind.MARKDOWN, -self.markdowns[candidate].get(line, 0)),
            CostTerm(CostKind.PREFERENCE, -self.preferences[candidate].get(line, 0)),
        ]


def prices_of(
    candidates: Sequence[Candidate],
    wanted: Sequence[Wanted],
    circumstances: Circumstances,
    costs: CostSettings,
    *,
    preferences: Mapping[Pair, int],
    markdowns: Mapping[Pair, int],
) -> Prices:
    """The prices of these candidates for these lines; `preferences` and `markdowns` are what rules
    give a unit of the pair, advantages above 0.
    """
    near = circumstances.near
    carriage = circumstances.carriage if costs.carrier_rates else None
    distances = [None if near is None else distance_km(each.place, near) for each in candidates]
    return Prices(
        distances=distances,
        parcels=[
            _parcel(each, km, circumstances.country, carriage, costs)
            for each, km in zip(candidates, distances, strict=True)
        ],
        places=[_place(each, circumstances.deliver_by, costs) for each in candidates],
        weights=[_carried(line, carriage, costs) for line in wanted],
        homes=[each.is_home for each in candidates],
        preferences=_by_number(preferences, candidates, wanted),
        markdowns=_by_number(markdowns, candidates, wanted),
    )


def _carried(line: Wanted, carriage: Carriage | None, costs: CostSettings) -> int:
    """The weight of a unit. By a carrier's rates it is the unit's part of what all goods together
    cost more than the lightest parcel.
    """
    if carriage is None:
        return _rounded(costs.per_kg_minor * line.weight_g, 1000)
    more = carriage.whole_minor - carriage.light_minor
    return _rounded(more * line.weight_g, carriage.weight_g) if carriage.weight_g else 0


def _parcel(
    candidate: Candidate,
    km: float | None,
    country: str,
    carriage: Carriage | None,
    costs: CostSettings,
) -> Terms:
    """A parcel before anything is in it; nothing when the customer collects there. The way is in
    the carrier's price.
    """
    if candidate.is_home:
        return ()
    if carriage is not None:
        return nonzero((CostTerm(CostKind.PARCEL, carriage.light_minor),))
    abroad = candidate.country != country
    parcel = costs.parcel_abroad_minor if abroad else costs.parcel_minor
    way = 0 if km is None else round(km * costs.per_100km_minor / 100)
    return nonzero((CostTerm(CostKind.PARCEL, parcel), CostTerm(CostKind.DISTANCE, way)))


def _place(candidate: Candidate, deliver_by: datetime | None, costs: CostSettings) -> Terms:
    doubt = _ONE - candidate.trust
    risk = _rounded(costs.risk_minor * doubt, 1) if doubt else 0
    handling = costs.handling_minor.get(candidate.kind, 0)
    late = 0
    if deliver_by is not None:
        late = costs.late_minor * min(late_days(candidate, deliver_by), MAX_LATE_DAYS)
    return nonzero(
        (
            CostTerm(CostKind.HANDLING, handling),
            CostTerm(CostKind.RISK, risk),
            CostTerm(CostKind.LATENESS, late),
        )
    )


def late_days(candidate: Candidate, deliver_by: datetime | None) -> int:
    """Begun days of 24 hours by which goods from there come after the wanted date; 0 in time, and
    when no date is wanted or nobody knows.
    """
    arrives_at = candidate.arrives_at
    if deliver_by is None or arrives_at is None or arrives_at <= deliver_by:
        return 0
    return -((deliver_by - arrives_at) // _DAY)


def _by_number(
    pairs: Mapping[Pair, int], candidates: Sequence[Candidate], wanted: Sequence[Wanted]
) -> list[Mapping[int, int]]:
    if not pairs:
        return [{}] * len(candidates)
    return [
        {
            number: amount
            for number, line in enumerate(wanted)
            if (amount := pairs.get((each.location_id, line.line_id), 0))
        }
        for each in candidates
    ]


def nonzero(terms: Iterable[CostTerm]) -> Terms:
    """The terms that say something."""
    return tuple(term for term in terms if term.amount_minor)


def times(units: int, terms: Iterable[CostTerm]) -> list[CostTerm]:
    """The terms of so many units."""
    return [CostTerm(term.kind, term.amount_minor * units) for term in terms]


def summed(terms: Iterable[CostTerm]) -> Terms:
    """One term per kind, in the order of `CostKind`; those that come to nothing are left out."""
    sums: dict[CostKind, int] = {}
    for term in terms:
        sums[term.kind] = sums.get(term.kind, 0) + term.amount_minor
    return nonzero(CostTerm(kind, sums[kind]) for kind in CostKind if kind in sums)


def total(terms: Iterable[CostTerm]) -> int:
    """The sum of the terms, in minor units."""
    return sum(term.amount_minor for term in terms)


def _rounded(amount: Decimal | int, divisor: int) -> int:
    """Half up, as money is rounded everywhere else."""
    return int((Decimal(amount) / divisor).quantize(_ONE, ROUND_HALF_UP))
