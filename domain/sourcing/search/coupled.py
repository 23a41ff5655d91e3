"""The best servings by a fixed set of supplies whose rows share stock or a limit of units."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import lcm

from domain.sourcing.search.flow import Arc, cheapest_flow
from domain.sourcing.search.instance import Instance, Limits, Pool

ROUNDS = 24
"""How often prices are moved, at most."""
BOXES_BETWEEN_QUESTIONS = 16

Units = list[list[int]]
"""Units per supply of the set, in order, and row."""


def used(pool: Pool, taken: Sequence[int]) -> int:
    """Units of the pool that these servings take."""
    return sum(each * taken[row] for row, each in pool.takes)


@dataclass(frozen=True, slots=True)
class _Box:
    """Servings between `least` and `most` units per supply and row. `profits` are what each supply
    can earn in it by the prices.
    """

    least: Units
    most: Units
    profits: list[int]


class Coupled:
    """Branch and bound over boxes of servings. A box is relaxed to a flow, in which a row draws on
    one pool of a supply at most; that is exact unless kits share several SKUs or take several units
    of one. Then a serving of a pool that is overdrawn splits the box, and prices bound it as well.

    A unit served has a weight below 0: what it saves, then one for each unit, then its supply's
    place, scaled so that none of them outweighs the one before.
    """

    def __init__(
        self,
        instance: Instance,
        chosen: Sequence[int],
        at_most: int | None,
        ask: Callable[[], None] | None,
    ) -> None:
        self._quantities = instance.quantities
        self._rows = range(len(instance.quantities))
        self._limits = [instance.limits.get(supply, Limits(None, ())) for supply in chosen]
        self._room = [[room[supply] for room in instance.room] for supply in chosen]
        self._ask = ask
        units, places = sum(instance.quantities), len(chosen)
        per_unit = units * places + 1
        per_cost = units * per_unit + 1
        self._weights = [
            [
                (costs[supply] - most) * per_cost - per_unit + at
                for costs, most in zip(instance.costs, instance.unfilled, strict=True)
            ]
            for at, supply in enumerate(chosen)
        ]
        self._best: Units | None = None
        self._weight = 1
        if at_most is not None:
            nothing = sum(instance.parcels[supply] for supply in chosen) + sum(
                most * quantity
                for most, quantity in zip(instance.unfilled, instance.quantities, strict=True)
            )
            self._weight = min(1, (at_most - nothing) * per_cost + 1)
        self._prices = [0] * len(self._rows)
        self._base = 0

    def best(self) -> Units | None:
        """The best servings, None if they cost too much; equal instances get equal ones."""
        nothing = [[0] * len(self._rows) for _ in self._room]
        root = self._tightened(nothing, self._room)
        if root is None or self._solved(root) is None:
            return self._best
        self._set_prices(root)
        boxes = [_Box(root.least, root.most, self._profits(root))]
        looked_at = 0
        while boxes:
            looked_at += 1
            if self._ask is not None and looked_at % BOXES_BETWEEN_QUESTIONS == 0:
                self._ask()
            box = boxes.pop()
            if self._base - sum(box.profits) >= self._weight:
                continue
            split = self._solved(box)
            if split is not None:
                boxes += self._split(box, *split)
        return self._best

    def _solved(self, box: _Box) -> tuple[Units, int, Pool] | None:
        """The servings of the box relaxed, and the place in the set and the pool of which they take
        too much. None when the box is done: its best servings are known or not good enough.
        """
        units = self._relaxed(box)
        weight = self._weight_of(units)
        if weight >= self._weight:
            return None
        for at, limits in enumerate(self._limits):
            for pool in limits.pools:
                if used(pool, units[at]) > pool.units:
                    return units, at, pool
        self._best, self._weight = units, weight
        return None

    def _weight_of(self, units: Units) -> int:
        return sum(
            weight * each
            for weights, taken in zip(self._weights, units, strict=True)
            for weight, each in zip(weights, taken, strict=True)
        )

    def _tightened(self, least: Units, most: Units) -> _Box | None:
        """The box without servings that its least units leave no stock for; None if it is empty."""
        most = [list(each) for each in most]
        for at, limits in enumerate(self._limits):
            for pool in limits.pools:
                left = pool.units - used(pool, least[at])
                if left < 0:
                    return None
                for row, each in pool.takes:
                    most[at][row] = min(most[at][row], least[at][row] + left // each)
        return _Box(least, most, [])

    def _split(self, box: _Box, units: Units, at: int, pool: Pool) -> list[_Box]:
        """The box with less of one serving than these units, and with at least as much."""
        row = max(
            (row for row, _ in pool.takes if units[at][row] > box.least[at][row]),
            key=lambda row: (units[at][row] - box.least[at][row], -row),
        )
        most, least = list(box.most), list(box.least)
        most[at] = [*box.most[at][:row], units[at][row] - 1, *box.most[at][row + 1 :]]
        least[at] = [*box.least[at][:row], units[at][row], *box.least[at][row + 1 :]]
        halves = [self._tightened(box.least, most), self._tightened(least, box.most)]
        found: list[_Box] = []
        for half in halves:
            if half is not None:
                profits = list(box.profits)
                profits[at] = self._profit(at, half)
                found.append(_Box(half.least, half.most, profits))
        return found

    # ------------------------------------------------------------ prices

    def _set_prices(self, box: _Box) -> None:
        """Prices per row by which little is gained on the bound (see `bounds`)."""
        prices, best = list(self._prices), None
        share, stalled = 1.0, 0
        for _ in range(ROUNDS):
            value, steps = self._priced(box, prices)
            if best is None or value > best:
                best, self._prices, stalled = value, prices, 0
            else:
                stalled += 1
            length = sum(step * step for step in steps)
            if not length or value >= self._weight:
                break
            stride = int(share * (self._weight - value))
            if stalled == 2:
                share, stalled = share / 2, 0
            prices = [
                min(0, price + stride * step // length)
                for price, step in zip(prices, steps, strict=True)
            ]
        self._base = sum(
            quantity * price for quantity, price in zip(self._quantities, self._prices, strict=True)
        )

    def _priced(self, box: _Box, prices: list[int]) -> tuple[int, list[int]]:
        """The bound by these prices, and the units of each row that nobody would serve."""
        left = list(self._quantities)
        value = sum(quantity * price for quantity, price in zip(left, prices, strict=True))
        for at in range(len(self._room)):
            profit, taken = self._earned(at, box, prices)
            value -= profit
            left = [units - each for units, each in zip(left, taken, strict=True)]
        steps = [
            0 if units > 0 and price >= 0 else units
            for units, price in zip(left, prices, strict=True)
        ]
        return value, steps

    def _profits(self, box: _Box) -> list[int]:
        return [self._profit(at, box) for at in range(len(self._room))]

    def _profit(self, at: int, box: _Box) -> int:
        return self._earned(at, box, self._prices)[0]

    def _earned(self, at: int, box: _Box, prices: Sequence[int]) -> tuple[int, list[int]]:
        """At least what a supply can earn in the box, and about the units it would serve."""
        least, most = box.least[at], box.most[at]
        gains = [price - weight for price, weight in zip(prices, self._weights[at], strict=True)]
        taken = list(least)
        profit = sum(gain * units for gain, units in zip(gains, least, strict=True))
        joined: set[int] = set()
        for pool in self._limits[at].pools:
            left = pool.units - used(pool, least)
            takes = [(row, each) for row, each in pool.takes if row not in joined]
            joined.update(row for row, _ in takes)
            parts = lcm(*(each for _, each in takes))
            worth = [(gains[row] * (parts // each), row, each) for row, each in takes]
            for _, row, each in sorted(worth, reverse=True):
                if gains[row] > 0:
                    part = min(left, (most[row] - least[row]) * each)
                    profit -= -gains[row] * part // each
                    taken[row] += part // each
                    left -= part
        for row in self._rows:
            if row not in joined and gains[row] > 0:
                profit += gains[row] * (most[row] - least[row])
                taken[row] = most[row]
        return profit, taken

    # ------------------------------------------------------------ flow

    def _relaxed(self, box: _Box) -> Units:
        """The best servings of the box when each row heeds its first pool only."""
        network = _Network(len(self._rows), len(self._room))
        for row, quantity in enumerate(self._quantities):
            network.demand(row, quantity - sum(least[row] for least in box.least))
        for at in range(len(self._room)):
            self._join(network, box, at)
        return network.solve(box.least)

    def _join(self, network: "_Network", box: _Box, at: int) -> None:
        limits, least, most = self._limits[at], box.least[at], box.most[at]
        total = sum(most) if limits.max_units is None else limits.max_units
        network.supply(at, total - sum(least))
        joined: set[int] = set()
        for pool in limits.pools:
            takes = [(row, each) for row, each in pool.takes if row not in joined]
            if not takes:
                continue
            left = pool.units - used(pool, least)
            node = network.pool(at, left // min(each for _, each in takes))
            for row, _ in takes:
                network.serving(at, row, node, most[row] - least[row], self._weights[at][row])
            joined.update(row for row, _ in takes)
        for row in self._rows:
            if row not in joined:
                node = network.node_of(at)
                network.serving(at, row, node, most[row] - least[row], self._weights[at][row])


class _Network:
    """Source, a node per row, a node per supply, sink, and pools between rows and supplies."""

    def __init__(self, rows: int, supplies: int) -> None:
        self._rows = rows
        self._sink = 1 + rows + supplies
        self._nodes = self._sink + 1
        self._arcs: list[Arc] = []
        self._servings: list[tuple[int, int, int]] = []

    def node_of(self, at: int) -> int:
        """The node of the supply at this place of the set."""
        return 1 + self._rows + at

    def demand(self, row: int, units: int) -> None:
        """A row wants at most these units."""
        self._arcs.append(Arc(0, 1 + row, units, 0))

    def supply(self, at: int, units: int) -> None:
        """A supply serves at most these units in all."""
        self._arcs.append(Arc(self.node_of(at), self._sink, units, 0))

    def pool(self, at: int, units: int) -> int:
        """A new node through which at most these units of the supply go."""
        node = self._nodes
        self._nodes += 1
        self._arcs.append(Arc(node, self.node_of(at), units, 0))
        return node

    def serving(self, at: int, row: int, node: int, units: int, weight: int) -> None:
        """A row may be served through the node, at most these units, each at the weight."""
        if units > 0:
            self._servings.append((len(self._arcs), at, row))
            self._arcs.append(Arc(1 + row, node, units, weight))

    def solve(self, least: Units) -> Units:
        """These servings and those of the cheapest flow together."""
        flow = cheapest_flow(self._nodes, self._arcs, 0, self._sink)
        units = [list(each) for each in least]
        for arc, at, row in self._servings:
            units[at][row] += flow[arc]
        return units
