"""Several orders that came within a short while, decided together: first come, first served may
give one order the unit that another one needs more.
"""

from collections.abc import Hashable, Sequence

from domain.sourcing.problem import Problem, Proposal
from domain.sourcing.search.milp import solve_jointly


def solve_together(
    problems: Sequence[Problem], places: Sequence[Sequence[Hashable]] | None = None
) -> tuple[Proposal, ...]:
    """A plan for each problem, same order, so that the sum of their costs is least and no place
    gives a unit twice. Limits on parcels and units are each problem's own.

    `places` names the place that each supply of each problem stands for, for problems that list
    them in different orders or not all of them; without it supplies of the same number are the same
    place. Its stock of a SKU is the most that any of the problems states.

    Raises: `MilpMissing` without the extra `milp`; ValueError when `places` does not fit.
    """
    if places is None:
        places = [range(len(problem.supplies)) for problem in problems]
    if len(places) != len(problems):
        raise ValueError(f"places of {len(places)} problems, but there are {len(problems)}")
    return solve_jointly(problems, places)
