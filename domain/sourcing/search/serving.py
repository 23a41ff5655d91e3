"""The best servings by a fixed set of supplies, all of whose parcels are paid.

Of servings that cost the same, those of more units are chosen, then those by the supplies with
lower numbers: the sum of their places in the set is least.
"""

from collections.abc import Callable, Sequence

from domain.sourcing.search.coupled import Coupled, Units, used
from domain.sourcing.search.instance import Instance


def relaxed_cost(instance: Instance, chosen: Sequence[int]) -> int:
    """The cost of the best servings if the rows did not share stock or a limit: never more than
    `served` finds, and the same when no chosen supply has limits.
    """
    parcels = instance.parcels
    total = 0
    for supply in chosen:
        total += parcels[supply]
    for quantity, most, costs, room in zip(
        instance.quantities, instance.unfilled, instance.costs, instance.room, strict=True
    ):
        offers = [(costs[supply], room[supply]) for supply in chosen if room[supply]]
        offers.sort()
        left = quantity
        for cost, units in offers:
            if units >= left:
                total += cost * left
                left = 0
                break
            total += cost * units
            left -= units
        total += left * most
    return total


def served(
    instance: Instance,
    chosen: Sequence[int],
    *,
    at_most: int | None = None,
    ask: Callable[[], None] | None = None,
) -> tuple[int, Units] | None:
    """The cost of the best servings by the supplies, sorted by number, and the servings; None if
    they cost more than `at_most`. `ask` is called now and then, and may raise.
    """
    units = _cheapest_first(instance, chosen)
    if any(not _fits(instance, supply, units[at]) for at, supply in enumerate(chosen)):
        units = Coupled(instance, chosen, at_most, ask).best()
        if units is None:
            return None
    cost = _cost(instance, chosen, units)
    return (cost, units) if at_most is None or cost <= at_most else None


def _cost(instance: Instance, chosen: Sequence[int], units: Units) -> int:
    total = sum(instance.parcels[supply] for supply in chosen)
    for row, quantity in enumerate(instance.quantities):
        served_units = 0
        for supply, taken in zip(chosen, units, strict=True):
            total += instance.costs[row][supply] * taken[row]
            served_units += taken[row]
        total += (quantity - served_units) * instance.unfilled[row]
    return total


def _cheapest_first(instance: Instance, chosen: Sequence[int]) -> Units:
    units = [[0] * len(instance.quantities) for _ in chosen]
    for row, quantity in enumerate(instance.quantities):
        costs, room = instance.costs[row], instance.room[row]
        left = quantity
        for at in sorted(range(len(chosen)), key=lambda at: costs[chosen[at]]):
            taken = min(left, room[chosen[at]])
            units[at][row] = taken
            left -= taken
    return units


def _fits(instance: Instance, supply: int, taken: Sequence[int]) -> bool:
    limits = instance.limits.get(supply)
    if limits is None:
        return True
    if limits.max_units is not None and sum(taken) > limits.max_units:
        return False
    return all(used(pool, taken) <= pool.units for pool in limits.pools)
