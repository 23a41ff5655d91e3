"""The search against all plans there are."""

from dataclasses import replace
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.common.ids import Sku
from domain.sourcing.problem import Demand, Problem, ProofStatus, Proposal, Serving, Supply
from domain.sourcing.search.exact import solve
from tests.domain.sourcing.search.enumeration import best_key, key_of, violations
from tests.domain.sourcing.search.problems import (
    everyday_problem,
    reordered,
    small_problems,
    tied_problems,
    varied_problem,
)

pytestmark = pytest.mark.slow

HAT, SCARF = Sku("HAT"), Sku("SCARF")
MANY = settings(max_examples=2_000)
SOME = settings(max_examples=150)


@MANY
@given(small_problems())
def test_the_best_plan_is_the_first_of_all_plans_by_the_rule_of_ties(problem: Problem) -> None:
    solution = solve(problem)
    assert violations(problem, solution.best) == []
    assert key_of(problem, solution.best) == best_key(problem)
    assert solution.proof.status is ProofStatus.OPTIMAL
    assert solution.proof.bound == solution.best.cost


@SOME
@given(tied_problems())
def test_of_many_plans_that_cost_the_same_the_first_one_is_found(problem: Problem) -> None:
    assert key_of(problem, solve(problem).best) == best_key(problem)


@SOME
@given(small_problems())
def test_other_plans_are_of_other_sets_and_the_cheapest_come_first(problem: Problem) -> None:
    solution = solve(problem, others=5)
    plans = [solution.best, *solution.others]
    assert [violations(problem, plan) for plan in plans] == [[]] * len(plans)
    assert len({plan.supplies for plan in plans}) == len(plans)
    costs = [plan.cost for plan in plans]
    assert costs == sorted(costs)
    assert all(plan.servings for plan in solution.others)


@SOME
@given(small_problems(), st.integers(0, 3))
def test_the_best_other_single_supply_is_among_the_others(problem: Problem, index: int) -> None:
    problem = replace(problem, all_or_nothing=False, max_parcels=None)
    if index >= len(problem.supplies):
        return
    alone = solve(_only(problem, index), others=1).best
    solution = solve(problem, others=1)
    if alone.servings and solution.best.supplies != (index,):
        assert solution.others[0].cost <= alone.cost


@SOME
@given(small_problems())
def test_the_same_problem_has_the_same_solution(problem: Problem) -> None:
    solution = solve(problem)
    assert solve(problem) == solution
    assert solve(reordered(problem)) == solution


@SOME
@given(small_problems(), st.integers(0, 3), st.sampled_from([HAT, SCARF]))
def test_more_stock_never_costs_more(problem: Problem, index: int, sku: Sku) -> None:
    if index >= len(problem.supplies):
        return
    supply = problem.supplies[index]
    more = replace(supply, available={**supply.available, sku: supply.available.get(sku, 0) + 1})
    richer = replace(problem, supplies=_with(problem.supplies, index, more))
    assert solve(richer).best.cost <= solve(problem).best.cost


@SOME
@given(small_problems(), st.integers(0, 3))
def test_a_supply_that_may_serve_nothing_never_serves(problem: Problem, index: int) -> None:
    if index >= len(problem.supplies):
        return
    none = replace(problem.supplies[index], unit_costs=(None,) * len(problem.demands))
    without = replace(problem, supplies=_with(problem.supplies, index, none))
    solution = solve(without)
    assert all(index not in plan.supplies for plan in (solution.best, *solution.others))
    assert solution.best.cost >= solve(problem).best.cost


@pytest.mark.parametrize("seed", range(40))
def test_an_interrupted_search_has_a_plan_and_a_bound(seed: int) -> None:
    problem = varied_problem(Random(seed), supplies=20)
    best = solve(problem).best
    for most in range(3):
        asked = count()
        solution = solve(problem, out_of_time=lambda asked=asked, most=most: next(asked) >= most)
        assert violations(problem, solution.best) == []
        assert solution.proof.bound <= best.cost <= solution.best.cost
        if solution.proof.status is ProofStatus.OPTIMAL:
            assert solution.best == best


def test_a_search_that_has_no_time_at_all_has_a_good_plan() -> None:
    problem = everyday_problem(Random(8), 60)
    hurried = solve(problem, out_of_time=lambda: True)
    assert hurried.proof.status is ProofStatus.GAP
    assert not any(hurried.best.unfilled)
    assert hurried.proof.bound < hurried.best.cost
    assert hurried.best.cost <= solve(problem).best.cost * 3 // 2


def test_equal_supplies_by_the_hundred_are_no_trouble() -> None:
    demand = Demand(3, {HAT: 1}, 1_000)
    problem = Problem((demand,), (Supply({HAT: 1}, 10, (1,)),) * 300, max_parcels=3)
    solution = solve(problem)
    assert solution.best.supplies == (0, 1, 2)
    assert solution.proof.nodes < 10_000


def test_as_many_parcels_as_it_takes() -> None:
    demand = Demand(40, {HAT: 1}, 1_000)
    supplies = tuple(Supply({HAT: 1 + number % 3}, 50 + number, (number,)) for number in range(30))
    best = solve(Problem((demand,), supplies)).best
    assert best.unfilled == (0,)
    assert len(best.supplies) >= 14


def test_the_cheaper_split_wins_only_if_it_is_cheaper() -> None:
    demands = (Demand(1, {HAT: 1}, 9_000), Demand(1, {SCARF: 1}, 9_000))
    near = Supply({HAT: 1}, 400, (10, 10))
    other = Supply({SCARF: 1}, 400, (10, 10))
    far = Supply({HAT: 1, SCARF: 1}, 400, (150, 150))
    problem = Problem(demands, (near, other, far))
    assert solve(problem).best.supplies == (2,)
    dear = replace(far, unit_costs=(300, 300))
    solution = solve(replace(problem, supplies=(near, other, dear)))
    assert solution.best == Proposal((Serving(0, 0, 1), Serving(1, 1, 1)), (0, 0), 820)
    assert solution.others[0] == Proposal((Serving(2, 0, 1), Serving(2, 1, 1)), (0, 0), 1_000)


def test_two_lines_of_a_sku_and_a_kit_draw_on_one_stock() -> None:
    demands = (
        Demand(2, {HAT: 1}, 100),
        Demand(2, {HAT: 1}, 100),
        Demand(1, {HAT: 1, SCARF: 1}, 500),
    )
    problem = Problem(demands, (Supply({HAT: 4, SCARF: 9}, 10, (5, 5, 5)),))
    best = solve(problem).best
    assert best.servings == (Serving(0, 0, 2), Serving(0, 1, 1), Serving(0, 2, 1))
    assert best.unfilled == (0, 1, 0)


def test_nothing_wanted_or_nobody_there() -> None:
    assert solve(Problem((), ())).best == Proposal((), (), 0)
    assert solve(Problem((Demand(2, {HAT: 1}, 7),), ())).best == Proposal((), (2,), 14)
    assert solve(Problem((), (Supply({HAT: 1}, 1, ()),))).best == Proposal((), (), 0)


def _only(problem: Problem, index: int) -> Problem:
    kept = problem.supplies[index]
    none = (None,) * len(problem.demands)
    others = tuple(replace(each, unit_costs=none) for each in problem.supplies)
    return replace(problem, supplies=_with(others, index, kept))


def _with(supplies: tuple[Supply, ...], index: int, supply: Supply) -> tuple[Supply, ...]:
    return (*supplies[:index], supply, *supplies[index + 1 :])
