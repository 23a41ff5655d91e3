"""S1 and S2: the processor time of deciding one order, exactly and with proof, for 60 and for 1,000
locations; and what a MILP library needs for the same.
"""

import time
from collections.abc import Callable, Sequence
from random import Random

from bench.figures import Figure, percentile
from domain.common.ids import Sku
from domain.sourcing.problem import Demand, Problem, ProofStatus, Proposal, Supply
from domain.sourcing.search.exact import solve
from domain.sourcing.search.milp import solve_by_milp

DEMANDS = 5
MOST_PARCELS = 3
FEW, MANY = 60, 1_000
"""Locations of a chain, and of a big one."""


async def measure(problems: int, big_problems: int, compared: int) -> list[Figure]:
    """So many problems of each size, each proved; so many of the small ones by the library too.

    Raises: AssertionError when a cost is not proved, or the library finds another one.
    """
    random = Random(20_261_001)
    small = [_problem(random, FEW) for _ in range(problems)]
    big = [_problem(random, MANY) for _ in range(big_problems)]
    for problem in small[:10]:
        solve(problem)
    small_ms, big_ms = _each_ms(_decide, small), _each_ms(_decide, big)
    return [
        _figure("S1", "sourcing, 60 locations, p50", small_ms, 0.5, 5),
        _figure("S1", "sourcing, 60 locations, p99", small_ms, 0.99, 20),
        _figure("S2", "sourcing, 1,000 locations, p99", big_ms, 0.99, 50),
        _compared(small[:compared], small_ms[:compared]),
    ]


def _figure(
    code: str, name: str, spent_ms: Sequence[float], share: float, at_most: float
) -> Figure:
    detail = f"CPU of {len(spent_ms)} orders, {DEMANDS} lines, {MOST_PARCELS} parcels, all proved"
    return Figure(name, percentile(spent_ms, share), "ms", detail, code, at_most=at_most)


def _compared(problems: Sequence[Problem], spent_ms: Sequence[float]) -> Figure:
    solve_by_milp(problems[0])  # loads the library
    library_ms = _each_ms(solve_by_milp, problems)
    for problem in problems:
        assert solve_by_milp(problem).cost == _decide(problem).cost
    detail = f"CPU of HiGHS for {len(problems)} of the orders of S1, equal costs, over that of ours"
    return Figure("sourcing, MILP library", sum(library_ms) / sum(spent_ms), "times", detail)


def _decide(problem: Problem) -> Proposal:
    solution = solve(problem)
    assert solution.proof.status is ProofStatus.OPTIMAL
    return solution.best


def _each_ms(decide: Callable[[Problem], Proposal], problems: Sequence[Problem]) -> list[float]:
    spent: list[float] = []
    for problem in problems:
        began = time.process_time_ns()
        decide(problem)
        spent.append((time.process_time_ns() - began) / 1e6)
    return spent


def _problem(random: Random, locations: int) -> Problem:
    """An order of five lines; each location stocks 60 to 80 % of them, in few units."""
    skus = [Sku(f"SKU-{number}") for number in range(DEMANDS)]
    share = random.uniform(0.6, 0.8)
    return Problem(
        demands=tuple(Demand(random.choice([1, 1, 1, 2, 3]), {sku: 1}, 100_000) for sku in skus),
        supplies=tuple(
            Supply(
                {sku: random.randint(1, 4) for sku in skus if random.random() < share},
                random.randint(300, 900),
                tuple(random.randint(0, 300) for _ in skus),
            )
            for _ in range(locations)
        ),
        max_parcels=MOST_PARCELS,
    )
