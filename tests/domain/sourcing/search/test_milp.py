"""The search against another solver, on problems that are too big for enumeration."""

import sys
from random import Random

import pytest

from domain.common.ids import Sku
from domain.sourcing.problem import Demand, Problem, ProofStatus, Proposal, Supply
from domain.sourcing.search.exact import solve
from domain.sourcing.search.milp import MilpMissing, solve_by_milp
from tests.domain.sourcing.search.enumeration import violations
from tests.domain.sourcing.search.problems import everyday_problem, varied_problem

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("block", range(10))
def test_varied_problems_cost_the_same(block: int) -> None:
    random = Random(block)
    for _ in range(170):
        _agree(varied_problem(random))


@pytest.mark.parametrize("block", range(10))
def test_everyday_problems_cost_the_same(block: int) -> None:
    random = Random(100 + block)
    for _ in range(30):
        _agree(everyday_problem(random, 10))


def _agree(problem: Problem) -> None:
    solution, other = solve(problem), solve_by_milp(problem)
    assert violations(problem, solution.best) == []
    assert violations(problem, other) == []
    assert solution.best.cost == other.cost, problem
    assert solution.proof.status is ProofStatus.OPTIMAL
    assert solution.proof.bound == other.cost
    for plan in solution.others:
        assert violations(problem, plan) == []
        assert plan.cost >= other.cost


def test_nothing_is_asked_of_the_library_when_nothing_is_there() -> None:
    assert solve_by_milp(Problem((), ())) == Proposal((), (), 0)
    wanted = Demand(2, {Sku("HAT"): 1}, 7)
    assert solve_by_milp(Problem((wanted,), ())) == Proposal((), (2,), 14)
    assert solve_by_milp(Problem((wanted,), (Supply({}, 5, (1,)),))).cost == 14


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "highspy", None)
    with pytest.raises(MilpMissing, match=r"unico\[milp\]"):
        solve_by_milp(Problem((), ()))
