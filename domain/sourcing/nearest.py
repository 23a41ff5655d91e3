"""Best single location; else the fewest that do together; else as much as there is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from domain.common.ids import OrderLineId, Sku
from domain.sourcing.model import (
    Assignment,
    Candidate,
    Place,
    Plan,
    SourcingReason,
    Wanted,
    distance_km,
)

MAX_ENUMERATED_SPLIT = 3
MAX_ENUMERATED_CANDIDATES = 40


@dataclass(frozen=True, slots=True)
class NearestFirst:
    """Ranks locations by distance to the customer, then priority (lower first), then code.

    One location that has everything wins. Otherwise all sets of 2 and then 3 of the 40 best ranked
    are tried in rank order and the first that covers the demand wins. Otherwise locations are
    filled in rank order, and what is left is unfilled. Kits are served whole per location.
    """

    def plan(
        self, wanted: Sequence[Wanted], candidates: Sequence[Candidate], near: Place | None
    ) -> Plan:
        """See `SourcingPolicy.plan`."""
        ranked = sorted(candidates, key=lambda c: _rank(c, near))
        useful = [c for c in ranked if _fill(wanted, [c])[0]]
        for size in range(1, MAX_ENUMERATED_SPLIT + 1):
            for chosen in combinations(useful[:MAX_ENUMERATED_CANDIDATES], size):
                assignments, unfilled = _fill(wanted, chosen)
                if not unfilled:
                    return Plan(assignments, {}, _reason(size))
        assignments, unfilled = _fill(wanted, useful)
        if not assignments:
            return Plan((), unfilled, SourcingReason.NOTHING_AVAILABLE)
        reason = SourcingReason.PARTIAL if unfilled else SourcingReason.FEWEST_SPLIT
        return Plan(assignments, unfilled, reason)


def _rank(candidate: Candidate, near: Place | None) -> tuple[float, int, str]:
    distance = distance_km(candidate.place, near) if near else 0.0
    return (distance, candidate.priority, candidate.code)


def _reason(size: int) -> SourcingReason:
    return SourcingReason.SINGLE_NEAREST if size == 1 else SourcingReason.FEWEST_SPLIT


def _fill(
    wanted: Sequence[Wanted], chosen: Iterable[Candidate]
) -> tuple[list[Assignment], dict[OrderLineId, int]]:
    """Give each line to the chosen locations in order; demand of one SKU over lines is summed."""
    stock = [(candidate, dict(candidate.available)) for candidate in chosen]
    assignments: list[Assignment] = []
    unfilled: dict[OrderLineId, int] = {}
    for line in wanted:
        left = line.quantity
        for candidate, available in stock:
            units = min(left, _units(line, available))
            if units > 0:
                _take(line, available, units)
                assignments.append(Assignment(line.line_id, candidate.location_id, units))
                left -= units
        if left:
            unfilled[line.line_id] = left
    return assignments, unfilled


def _units(line: Wanted, available: dict[Sku, int]) -> int:
    return min(available.get(sku, 0) // each for sku, each in line.components.items())


def _take(line: Wanted, available: dict[Sku, int], units: int) -> None:
    for sku, each in line.components.items():
        available[sku] -= units * each
