"""The problem's definition, word by word: what is allowed, what it costs, what is preferred."""

from collections import Counter
from collections.abc import Iterator
from itertools import product

from domain.sourcing.problem import Problem, Proposal, Supply

Served = tuple[int, ...]
"""Units that one supply serves, per demand."""
Key = tuple[int, int, tuple[int, ...], int, int]
"""Cost, parcels, supplies, units left, and the places in the set of those who serve, summed."""


def violations(problem: Problem, plan: Proposal) -> list[str]:
    """All that is wrong with a plan, in words."""
    wrong: list[str] = []
    if list(plan.servings) != sorted(plan.servings, key=lambda each: (each.supply, each.demand)):
        wrong.append("not sorted")
    if len({(each.supply, each.demand) for each in plan.servings}) < len(plan.servings):
        wrong.append("a pairing twice")
    if any(each.quantity <= 0 for each in plan.servings):
        wrong.append("a serving of nothing")
    units = Counter[int]()
    for each in plan.servings:
        units[each.demand] += each.quantity
    left = tuple(each.quantity - units[d] for d, each in enumerate(problem.demands))
    if left != plan.unfilled or any(each < 0 for each in left):
        wrong.append(f"left {left}, told {plan.unfilled}")
    by_supply = [_of(problem, plan, number) for number in range(len(problem.supplies))]
    for number, served in enumerate(by_supply):
        if not _can_serve(problem, problem.supplies[number], served):
            wrong.append(f"supply {number} cannot serve {served}")
    if problem.max_parcels is not None and len(plan.supplies) > max(0, problem.max_parcels):
        wrong.append("too many parcels")
    if problem.all_or_nothing and plan.servings and any(left):
        wrong.append("neither all nor nothing")
    if not wrong and plan.cost != _cost(problem, by_supply):
        wrong.append(f"costs {_cost(problem, by_supply)}, told {plan.cost}")
    return wrong


def key_of(problem: Problem, plan: Proposal) -> Key:
    """By what plans are compared."""
    return _key(problem, [_of(problem, plan, number) for number in range(len(problem.supplies))])


def best_key(problem: Problem) -> Key:
    """The least key of all plans that are allowed: every one of them is made."""
    return min(keys(problem))


def keys(problem: Problem) -> Iterator[Key]:
    """The keys of all plans that are allowed."""
    wanted = [each.quantity for each in problem.demands]
    for plan in _plans(problem, 0, wanted):
        serving = sum(any(served) for served in plan)
        if problem.max_parcels is not None and serving > problem.max_parcels and serving:
            continue
        total = [sum(column) for column in zip(*plan, strict=True)] if plan else []
        if problem.all_or_nothing and any(total) and total != wanted:
            continue
        yield _key(problem, plan)


def _plans(problem: Problem, number: int, left: list[int]) -> Iterator[list[Served]]:
    if number == len(problem.supplies):
        yield []
        return
    supply = problem.supplies[number]
    for served in product(*(range(units + 1) for units in left)):
        if _can_serve(problem, supply, served):
            rest = [a - b for a, b in zip(left, served, strict=True)]
            for others in _plans(problem, number + 1, rest):
                yield [served, *others]


def _can_serve(problem: Problem, supply: Supply, served: Served) -> bool:
    if not any(served):
        return True
    if supply.max_units is not None and sum(served) > supply.max_units:
        return False
    taken = Counter[str]()
    for units, demand, cost in zip(served, problem.demands, supply.unit_costs, strict=True):
        if units and cost is None:
            return False
        for sku, each in demand.components.items():
            taken[sku] += units * each
    have = {str(sku): units for sku, units in supply.available.items()}
    return all(units <= have.get(sku, 0) for sku, units in taken.items())


def _cost(problem: Problem, plan: list[Served]) -> int:
    total = 0
    for supply, served in zip(problem.supplies, plan, strict=True):
        if any(served):
            total += supply.parcel_cost
        for units, cost in zip(served, supply.unit_costs, strict=True):
            if units:
                assert cost is not None
                total += units * cost
    for number, demand in enumerate(problem.demands):
        filled = sum(served[number] for served in plan)
        total += (demand.quantity - filled) * demand.unfilled_cost
    return total


def _key(problem: Problem, plan: list[Served]) -> Key:
    chosen = tuple(number for number, served in enumerate(plan) if any(served))
    left = sum(each.quantity for each in problem.demands) - sum(map(sum, plan))
    places = sum(place * sum(plan[number]) for place, number in enumerate(chosen))
    return (_cost(problem, plan), len(chosen), chosen, left, places)


def _of(problem: Problem, plan: Proposal, supply: int) -> Served:
    units = Counter({(each.supply, each.demand): each.quantity for each in plan.servings})
    return tuple(units[supply, demand] for demand in range(len(problem.demands)))
