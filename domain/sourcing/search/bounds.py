"""Lower bounds on the cost of all sets of supplies of some sizes, by prices.

Let each row pay its price for each unit it gets. A supply then earns a profit: the prices minus the
costs of the units it would like to serve, minus its parcel. No plan costs less than the prices of
all units wanted minus the profits of the supplies that serve (Lagrangian relaxation of "each row
gets no more than it wants"; for the method see Fisher, Management Science 27, 1981). Prices that
make this bound high also tell the supplies that no good plan contains. All is whole numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

from domain.sourcing.search.instance import Instance, Limits


@dataclass(frozen=True, slots=True)
class Field:
    """The supplies still in question, sorted by number, and their costs and room by row."""

    supplies: list[int]
    parcels: list[int]
    columns: list[tuple[list[int], list[int]]]
    limited: list[tuple[int, Limits]]

    def without(self, floors: Sequence[int], floor: int) -> "Field":
        """The supplies whose entry in `floors` is at least `floor`."""
        kept = [at for at, value in enumerate(floors) if value >= floor]
        places = {before: after for after, before in enumerate(kept)}
        return Field(
            [self.supplies[at] for at in kept],
            [self.parcels[at] for at in kept],
            [
                ([costs[at] for at in kept], [room[at] for at in kept])
                for costs, room in self.columns
            ],
            [(places[at], limits) for at, limits in self.limited if at in places],
        )

    def profits(self, prices: Sequence[int]) -> list[int]:
        """What each supply would earn at most; below 0 when its parcel costs more than that."""
        totals = [-parcel for parcel in self.parcels]
        for price, (costs, room) in zip(prices, self.columns, strict=True):
            totals = [
                total + units * (price - cost) if cost < price else total
                for total, cost, units in zip(totals, costs, room, strict=True)
            ]
        for at, limits in self.limited:
            totals[at] = min(totals[at], self._limited_profit(at, limits, prices))
        return totals

    def _limited_profit(self, at: int, limits: Limits, prices: Sequence[int]) -> int:
        gains = [
            (max(0, price - costs[at]), room[at])
            for price, (costs, room) in zip(prices, self.columns, strict=True)
        ]
        profit = _pooled(gains, limits)
        if limits.max_units is not None:
            profit = min(profit, _first(sorted(gains, reverse=True), limits.max_units))
        return profit - self.parcels[at]


def field_of(instance: Instance) -> Field:
    """All supplies that are of use."""
    useful = instance.useful
    return Field(
        useful,
        [instance.parcels[number] for number in useful],
        [
            ([costs[number] for number in useful], [room[number] for number in useful])
            for costs, room in zip(instance.costs, instance.room, strict=True)
        ],
        [
            (at, instance.limits[number])
            for at, number in enumerate(useful)
            if number in instance.limits
        ],
    )


@dataclass(frozen=True, slots=True)
class Bound:
    """No plan of `fewest` to `most` parcels in the field costs less than `value`.

    `base` is the prices of all units wanted; `chosen` are the places in the field of the supplies
    that the bound is made of, the most profitable first.
    """

    value: int
    base: int
    prices: list[int]
    profits: list[int]
    chosen: list[int]
    most: int

    def floor(self, cost: int) -> int:
        """A supply with a profit below this is in no plan that costs `cost` or less."""
        last = self.profits[self.chosen[-1]]
        given_up = last if len(self.chosen) == self.most else min(last, 0)
        return self.value + given_up - cost


def bound_of(
    quantities: Sequence[int], field: Field, prices: list[int], fewest: int, most: int
) -> Bound:
    """The bound by these prices. The field has at least `fewest` supplies, which is at least 1."""
    profits = field.profits(prices)
    ranked = sorted(range(len(profits)), key=profits.__getitem__, reverse=True)
    taken = fewest
    while taken < most and taken < len(ranked) and profits[ranked[taken]] > 0:
        taken += 1
    chosen = ranked[:taken]
    base = sum(quantity * price for quantity, price in zip(quantities, prices, strict=True))
    value = base - sum(profits[at] for at in chosen)
    return Bound(value, base, prices, profits, chosen, most)


def better_prices(
    instance: Instance, field: Field, bound: Bound, aim: int, share: float
) -> list[int] | None:
    """Prices moved to where rows are served too little or too much, so far that the bound would
    meet `aim` at share 1 if it was straight (Held, Wolfe and Crowder, 1974); None at a summit.
    """
    steps: list[int] = []
    for quantity, most, price, (costs, room) in zip(
        instance.quantities, instance.unfilled, bound.prices, field.columns, strict=True
    ):
        step = quantity - sum(room[at] for at in bound.chosen if costs[at] < price)
        steps.append(0 if step > 0 and price >= most else step)
    length = sum(step * step for step in steps)
    if not length:
        return None
    stride = int(share * (aim - bound.value))
    return [
        min(most, price + stride * step // length)
        for most, price, step in zip(instance.unfilled, bound.prices, steps, strict=True)
    ]


def _pooled(gains: Sequence[tuple[int, int]], limits: Limits) -> int:
    """At least what can be gained when each row heeds its first pool only."""
    profit = 0
    joined: set[int] = set()
    for pool in limits.pools:
        takes = [(row, each) for row, each in pool.takes if row not in joined]
        parts = lcm(*(each for _, each in takes))
        joined.update(row for row, _ in takes)
        left = pool.units
        worth = [(gains[row][0] * (parts // each), row, each) for row, each in takes]
        for _, row, each in sorted(worth, reverse=True):
            gain, room = gains[row]
            used = min(left, room * each)
            profit -= -gain * used // each
            left -= used
    return profit + sum(gain * room for row, (gain, room) in enumerate(gains) if row not in joined)


def _first(gains: Sequence[tuple[int, int]], units: int) -> int:
    profit = 0
    for gain, room in gains:
        taken = min(room, units)
        profit += gain * taken
        units -= taken
    return profit
