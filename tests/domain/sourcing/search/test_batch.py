"""Orders that are decided together cost the least in sum, and no unit is given twice."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from domain.common.ids import Sku
from domain.sourcing.problem import Demand, Problem, Proposal, Supply
from domain.sourcing.search.batch import solve_together
from domain.sourcing.search.exact import solve
from tests.domain.sourcing.search.enumeration import violations

HAT, SCARF = Sku("HAT"), Sku("SCARF")


def one_unit(*costs: int) -> Problem:
    """One hat, from stores of one hat each."""
    supplies = tuple(Supply({HAT: 1}, 0, (cost,)) for cost in costs)
    return Problem((Demand(1, {HAT: 1}, 1_000),), supplies)


def test_the_best_assignment_of_three_orders_to_three_stores() -> None:
    """The example of Grid Dynamics on batches: one after the other costs 39, together 28."""
    problems = [one_unit(2, 5, 6), one_unit(7, 19, 20), one_unit(8, 15, 18)]
    assert sum(plan.cost for plan in one_after_the_other(problems)) == 39
    together = solve_together(problems)
    assert [plan.supplies for plan in together] == [(2,), (0,), (1,)]
    assert sum(plan.cost for plan in together) == 28


def test_places_may_be_listed_in_any_order() -> None:
    first, second = one_unit(2, 5), one_unit(6, 2)
    together = solve_together([first, second], [["ROME", "MILAN"], ["MILAN", "ROME"]])
    assert sum(plan.cost for plan in together) == 7
    assert [plan.supplies for plan in together] == [(1,), (1,)]


def test_places_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="places of 1 problems"):
        solve_together([one_unit(1), one_unit(1)], [["ROME"]])
    with pytest.raises(ValueError, match="problem 0 has 1 supplies, not 2"):
        solve_together([one_unit(1)], [["ROME", "MILAN"]])


def test_no_orders_no_plans() -> None:
    assert solve_together([]) == ()


@pytest.mark.parametrize("seed", range(150))
def test_together_is_never_dearer_than_one_after_the_other_and_the_best_of_all(seed: int) -> None:
    problems = orders(Random(seed))
    together = solve_together(problems)
    for problem, plan in zip(problems, together, strict=True):
        assert violations(problem, plan) == []
    assert not oversold(problems, together)
    total = sum(plan.cost for plan in together)
    assert total <= sum(plan.cost for plan in one_after_the_other(problems))
    assert total == least(problems)


def orders(random: Random) -> list[Problem]:
    """Two or three tiny orders of the same two or three stores."""
    stock = [
        {HAT: random.randint(0, 2), SCARF: random.randint(0, 2)}
        for _ in range(random.randint(2, 3))
    ]
    return [order(random, stock) for _ in range(random.randint(2, 3))]


def order(random: Random, stock: Sequence[dict[Sku, int]]) -> Problem:
    """One or two lines, or a kit."""
    kinds = [{HAT: 1}, {SCARF: 1}, {HAT: 1, SCARF: 1}]
    demands = tuple(
        Demand(1, random.choice(kinds), random.choice([4, 50])) for _ in range(random.randint(1, 2))
    )
    supplies = tuple(
        Supply(units, random.randint(0, 5), tuple(random.randint(0, 9) for _ in demands))
        for units in stock
    )
    return Problem(demands, supplies, random.choice([None, 1]), random.random() < 0.3)


def one_after_the_other(problems: Sequence[Problem]) -> list[Proposal]:
    """Each order takes what is best for it of what those before it left."""
    taken = Counter[tuple[int, Sku]]()
    plans: list[Proposal] = []
    for problem in problems:
        supplies = tuple(
            replace(each, available={sku: n - taken[at, sku] for sku, n in each.available.items()})
            for at, each in enumerate(problem.supplies)
        )
        plans.append(solve(replace(problem, supplies=supplies)).best)
        taken += taken_by(problem, plans[-1])
    return plans


def taken_by(problem: Problem, plan: Proposal) -> Counter[tuple[int, Sku]]:
    """Units by supply and SKU."""
    taken = Counter[tuple[int, Sku]]()
    for serving in plan.servings:
        for sku, each in problem.demands[serving.demand].components.items():
            taken[serving.supply, sku] += each * serving.quantity
    return taken


def oversold(problems: Sequence[Problem], plans: Sequence[Proposal]) -> bool:
    """Whether more is taken than there is."""
    taken = Counter[tuple[int, Sku]]()
    for problem, plan in zip(problems, plans, strict=True):
        taken += taken_by(problem, plan)
    supplies = problems[0].supplies
    return any(n > supplies[at].available.get(sku, 0) for (at, sku), n in taken.items())


def least(problems: Sequence[Problem]) -> int:
    """The least sum of costs, by trying every supply for every line of one unit."""
    return min(
        cost
        for choice in product(*(choices(problem) for problem in problems))
        if (cost := cost_of(problems, choice)) is not None
    )


def choices(problem: Problem) -> Iterator[tuple[int | None, ...]]:
    """The supply of each line, or None."""
    return product(*([None, *range(len(problem.supplies))] for _ in problem.demands))


def cost_of(problems: Sequence[Problem], choice: Sequence[tuple[int | None, ...]]) -> int | None:
    """What these plans cost in sum; None when they are not allowed."""
    taken = Counter[tuple[int, Sku]]()
    total = 0
    for problem, chosen in zip(problems, choice, strict=True):
        serving = {supply for supply in chosen if supply is not None}
        if problem.max_parcels is not None and len(serving) > problem.max_parcels:
            return None
        if problem.all_or_nothing and serving and None in chosen:
            return None
        total += sum(problem.supplies[supply].parcel_cost for supply in serving)
        for line, (demand, supply) in enumerate(zip(problem.demands, chosen, strict=True)):
            if supply is None:
                total += demand.unfilled_cost
                continue
            total += problem.supplies[supply].unit_costs[line] or 0
            for sku, each in demand.components.items():
                taken[supply, sku] += each
    stock = problems[0].supplies
    is_allowed = all(n <= stock[at].available.get(sku, 0) for (at, sku), n in taken.items())
    return total if is_allowed else None
