"""A single unit needs no search, and is decided as the search would."""

from dataclasses import replace
from unittest.mock import patch

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.sourcing.problem import Problem
from domain.sourcing.search import exact
from domain.sourcing.search.one_unit import is_one_unit, solve_one_unit
from tests.domain.sourcing.search.problems import small_problems, tied_problems


def of_one_unit(problem: Problem) -> Problem:
    """The first demand of the problem, for one unit."""
    first = replace(problem.demands[0], quantity=1)
    supplies = [replace(each, unit_costs=each.unit_costs[:1]) for each in problem.supplies]
    return replace(problem, demands=(first,), supplies=tuple(supplies))


@settings(max_examples=200)
@given(st.one_of(small_problems(), tied_problems()), st.integers(0, 4))
def test_it_is_decided_as_by_the_search(given_problem: Problem, others: int) -> None:
    assume(given_problem.demands)
    problem = of_one_unit(given_problem)
    assert is_one_unit(problem)
    with patch.object(exact, "is_one_unit", return_value=False):
        searched = exact.solve(problem, others=others)
    assert solve_one_unit(problem, others) == searched
    assert exact.solve(problem, others=others) == searched
