"""The cheapest place for a single unit, which is what most orders are: no search is needed."""

from domain.sourcing.problem import (
    Problem,
    Proof,
    ProofStatus,
    Proposal,
    Serving,
    Solution,
)


def is_one_unit(problem: Problem) -> bool:
    """Whether there is one demand, of one unit."""
    return len(problem.demands) == 1 and problem.demands[0].quantity == 1


def solve_one_unit(problem: Problem, others: int) -> Solution:
    """The solution that `exact.solve` has for a problem of one unit."""
    unfilled = problem.demands[0].unfilled_cost
    nothing = Proposal((), (1,), unfilled)
    costs = [] if problem.max_parcels == 0 else _costs(problem)
    ranked = [
        Proposal((Serving(number, 0, 1),), (0,), cost) for cost, number in costs[: others + 1]
    ]
    best = ranked.pop(0) if ranked and ranked[0].cost < unfilled else nothing
    proof = Proof(ProofStatus.OPTIMAL, best.cost, len(costs))
    return Solution(best, tuple(ranked[:others]), proof)


def _costs(problem: Problem) -> list[tuple[int, int]]:
    """What the unit costs from each supply that may serve it, and its number; cheapest first."""
    demand = problem.demands[0]
    parts = demand.components.items()
    most = None if problem.all_or_nothing else demand.unfilled_cost
    found: list[tuple[int, int]] = []
    for number, supply in enumerate(problem.supplies):
        cost = supply.unit_costs[0]
        if cost is None or (most is not None and cost > most) or supply.max_units == 0:
            continue
        if all(supply.available.get(sku, 0) >= each for sku, each in parts):
            found.append((supply.parcel_cost + cost, number))
    return sorted(found)
