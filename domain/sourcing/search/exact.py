"""The cheapest plan: sets of supplies by their size, cut by bounds."""

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush, nsmallest
from math import comb

from domain.sourcing.problem import Problem, Proof, ProofStatus, Proposal, Solution
from domain.sourcing.search.bounds import Bound, Field, better_prices, bound_of, field_of
from domain.sourcing.search.coupled import Units
from domain.sourcing.search.instance import Instance, instance_of, proposal_of
from domain.sourcing.search.one_unit import is_one_unit, solve_one_unit
from domain.sourcing.search.serving import relaxed_cost, served
from domain.sourcing.search.sets import Chosen, Sets

NODES_BETWEEN_QUESTIONS = 64
ROUNDS = 30
"""How often prices are moved, at most, for one bound."""
AIM = 64
"""Prices aim at a bound that is this part of the cost above it: then ties are ruled out as well."""
PATIENCE = 3
"""Rounds without a better bound, after which the steps get smaller."""
FEW_SETS = 24
"""So many sets are looked at one by one rather than bounded better."""
FIRST_PLAN_POOL = 24
NEIGHBOURS = 8
MOST_WORKED_OUT = 8
"""Sets that are hard to serve from, and that are worked out only to be shown as others."""


def solve(
    problem: Problem, *, others: int = 3, out_of_time: Callable[[], bool] | None = None
) -> Solution:
    """The cheapest plan, by the rule of ties that `Problem` states, and the proof of it.

    Of servings by one set of supplies that cost the same, those of more units are chosen, then
    those by supplies with lower numbers. `nodes` counts the sets, and beginnings of sets, that were
    looked at.

    `others` are at most that many plans by other sets than the best one's, the cheapest first. Each
    is the cheapest of its set, each of its supplies serves something, and if all or nothing is
    asked for all is served. They are the cheapest of the sets that were looked at. Every single
    supply is among these, and so are the best set with one supply less, more or another, for the
    supplies that are best alone; a plan of several parcels that was never looked at may be cheaper.
    Where a supply is short of what demands share, or of `max_units`, only a few sets of several
    are worked out for this. So there is at least one other whenever a single other supply may serve
    a unit for no more than leaving it costs, its parcel aside, and all or nothing is not asked for.

    `out_of_time` is asked now and then, first when there is a good plan already. Once it says True
    the best plan so far comes back, with the status GAP and a bound.

    Equal problems get equal solutions, but for what `out_of_time` says.
    """
    if is_one_unit(problem):
        return solve_one_unit(problem, others)
    search = _Search(instance_of(problem), out_of_time or _never)
    status = ProofStatus.OPTIMAL
    try:
        search.run()
    except _OutOfTime:
        status = ProofStatus.GAP
    best = search.best()
    bound = best.cost if status is ProofStatus.OPTIMAL else min(best.cost, search.floor)
    return Solution(best, search.others(best, others), Proof(status, bound, search.nodes))


class _OutOfTime(Exception):
    """The search was told to end."""


def _never() -> bool:
    return False


class _Search:
    """What is known so far. `floor` is at most the cost of every plan."""

    def __init__(self, instance: Instance, out_of_time: Callable[[], bool]) -> None:
        self.nodes = 0
        self.floor = instance.nothing
        self._instance = instance
        self._out_of_time = out_of_time
        self._next_question = NODES_BETWEEN_QUESTIONS
        self._has_first_plan = False
        self._cost = instance.nothing
        self._best: Chosen = ()
        self._units: Units = []
        self._known: dict[Chosen, int] = {}
        self._singles: list[tuple[int, int]] = []

    def best(self) -> Proposal:
        """The best plan so far."""
        return proposal_of(self._instance, self._best, self._units)

    def run(self) -> None:
        """The best plan is the cheapest one afterwards.

        Raises: `_OutOfTime`.
        """
        most = self._instance.max_parcels
        if most == 0:
            return
        field = field_of(self._instance)
        self._see_singles(field)
        self._first_plan()
        self._has_first_plan = True
        first = bound_of(self._instance.quantities, field, self._starting_prices(), 1, most)
        self.floor = min(self._cost, first.value)
        self._ask()
        self._finish_singles()
        if most > 1 and len(field.supplies) > 1:
            self._search_sizes(field, first.prices, most)

    # ------------------------------------------------------------ first plans

    def _see_singles(self, field: Field) -> None:
        """The cost of each supply alone is known, that of one with limits at least from below."""
        bound = bound_of(self._instance.quantities, field, self._instance.unfilled, 1, 1)
        self._singles = [
            (bound.base - profit, number)
            for profit, number in zip(bound.profits, field.supplies, strict=True)
        ]
        self._singles.sort()
        self._known = {(number,): cost for cost, number in self._singles}
        self.nodes += len(self._singles)

    def _finish_singles(self) -> None:
        for cost, number in self._singles:
            if cost > self._cost:
                break
            self._look((number,))

    def _first_plan(self) -> None:
        """The best single supply, then what comes of adding the best one while that is better."""
        instance = self._instance
        pool = self._promising()
        chosen: Chosen = (self._singles[0][1],)
        cost = self._singles[0][0]
        self._look(chosen)
        while len(chosen) < instance.max_parcels:
            wider = (tuple(sorted((*chosen, each))) for each in pool if each not in chosen)
            tried = min(((relaxed_cost(instance, one), one) for one in wider), default=None)
            if tried is None or tried[0] >= cost:
                break
            cost, chosen = tried
            self._look(chosen)

    def _promising(self) -> list[int]:
        """The cheapest alone, and those that serve a row best, without repetition."""
        instance = self._instance
        found = [number for _, number in self._singles[:FIRST_PLAN_POOL]]
        for costs, room in zip(instance.costs, instance.room, strict=True):
            found += nsmallest(
                NEIGHBOURS,
                (each for each in instance.useful if room[each]),
                key=lambda each: (-room[each], costs[each] + instance.parcels[each]),
            )
        return list(dict.fromkeys(found))

    def _starting_prices(self) -> list[int]:
        """Prices by which the best plan so far just pays: the dearest unit of a row and its share
        of the parcels.
        """
        instance = self._instance
        chosen, units = self._best, self._units
        total = sum(sum(each) for each in units) or 1
        share = sum(instance.parcels[each] for each in chosen) // total
        prices: list[int] = []
        for row, most in enumerate(instance.unfilled):
            paid = [
                instance.costs[row][each]
                for each, taken in zip(chosen, units, strict=True)
                if taken[row]
            ]
            filled = sum(taken[row] for taken in units) == instance.quantities[row]
            prices.append(min(most, max(paid) + share) if paid and filled else most)
        return prices

    # ------------------------------------------------------------ proof

    def _search_sizes(self, field: Field, prices: list[int], most: int) -> None:
        """All sets of 2 to `most` supplies are looked at or ruled out."""
        field, prices = self._tuned(field, prices, 2, most, is_overall=True)
        for size in range(2, most + 1):
            if len(field.supplies) < size:
                break
            rest = bound_of(self._instance.quantities, field, prices, size, most)
            if self._is_ruled_out(rest.value, size, ()):
                break
            self._search_size(field, prices, size)

    def _search_size(self, field: Field, prices: list[int], size: int) -> None:
        field, prices = self._tuned(field, prices, size, size)
        if len(field.supplies) < size:
            return
        bound = bound_of(self._instance.quantities, field, prices, size, size)
        if bound.value <= self._cost:
            floor = bound.floor(self._cost)
            kept = field.without(bound.profits, floor)
            profits = [each for each in bound.profits if each >= floor]
            Sets(self._visit, kept.supplies, profits, size).extend((), 0, bound.base)

    def _tuned(
        self, field: Field, prices: list[int], fewest: int, most: int, *, is_overall: bool = False
    ) -> tuple[Field, list[int]]:
        """The supplies that may still be in a best plan of so many parcels, and prices whose bound
        is high. No supplies, if no such plan is better than what is known.
        """
        best, best_value, share, stalled = prices, None, 1.0, 0
        for _ in range(ROUNDS):
            if len(field.supplies) < fewest:
                break
            bound = bound_of(self._instance.quantities, field, prices, fewest, most)
            self._look(tuple(sorted(field.supplies[at] for at in bound.chosen)))
            if best_value is None or bound.value > best_value:
                best, best_value, stalled = prices, bound.value, 0
                if is_overall:
                    self.floor = max(self.floor, min(self._cost, bound.value))
            else:
                stalled += 1
            if bound.value > self._cost:
                return field.without(bound.profits, max(bound.profits) + 1), best
            self._ask()
            aim = self._cost + abs(self._cost) // AIM + 1
            moved = better_prices(self._instance, field, bound, aim, share)
            field = self._thinned(field, bound)
            if moved is None or moved == prices or comb(len(field.supplies), fewest) <= FEW_SETS:
                break
            prices = moved
            if stalled == PATIENCE:
                prices, share, stalled = best, share / 2, 0
        return field, best

    def _thinned(self, field: Field, bound: Bound) -> Field:
        floor = bound.floor(self._cost)
        if sum(profit >= floor for profit in bound.profits) * 5 <= len(field.supplies) * 4:
            return field.without(bound.profits, floor)
        return field

    def _is_ruled_out(self, value: int, size: int, beginning: Chosen) -> bool:
        """Whether no set of this size that begins so, and costs at least `value`, is preferred."""
        if value != self._cost:
            return value > self._cost
        if len(self._best) != size:
            return len(self._best) < size
        return self._best[: len(beginning)] < beginning

    def _visit(self, value: int, size: int, beginning: Chosen) -> bool:
        """Whether a beginning of a set, or a set, is worth looking at; a whole set is looked at."""
        self.nodes += 1
        if self.nodes >= self._next_question:
            self._ask()
        if self._is_ruled_out(value, size, beginning):
            return False
        if len(beginning) == size:
            self._look(beginning)
        return True

    def _ask(self) -> None:
        self._next_question = self.nodes + NODES_BETWEEN_QUESTIONS
        if self._has_first_plan and self._out_of_time():
            raise _OutOfTime

    def _look(self, chosen: Chosen) -> None:
        """The set's cost is known, at least from below if it cannot be the best one."""
        if not self._is_better(self._at_least(chosen), chosen):
            return
        found = served(self._instance, chosen, at_most=self._cost, ask=self._ask)
        if found is None:
            self._known[chosen] = self._cost + 1
            return
        self._known[chosen] = found[0]
        if self._is_better(found[0], chosen):
            self._best, (self._cost, self._units) = chosen, found

    def _at_least(self, chosen: Chosen) -> int:
        """What the set costs at least, as far as is known."""
        known = self._known.get(chosen)
        if known is None:
            self.nodes += 1
            known = self._known[chosen] = relaxed_cost(self._instance, chosen)
        return known

    def _is_better(self, cost: int, chosen: Chosen) -> bool:
        return (cost, len(chosen), chosen) < (self._cost, len(self._best), self._best)

    # ------------------------------------------------------------ other plans

    def others(self, best: Proposal, count: int) -> tuple[Proposal, ...]:
        """The cheapest known plans of other sets, `count` at most."""
        if count <= 0:
            return ()
        for chosen in self._neighbours(best.supplies):
            self._at_least(chosen)
        heap = [(cost, len(chosen), chosen) for chosen, cost in self._known.items()]
        heapify(heap)
        found: list[Proposal] = []
        worked_out: set[Chosen] = set()
        while heap and len(found) < count:
            cost, _, chosen = heappop(heap)
            if self._is_gap(cost):
                break
            if chosen == best.supplies:
                continue
            is_hard = len(chosen) > 1 and self._has_limits(chosen)
            if is_hard and chosen not in worked_out:
                if len(worked_out) >= MOST_WORKED_OUT:
                    continue
                worked_out.add(chosen)
            plan = self._plan(chosen)
            if plan is None:
                continue
            if plan.supplies == chosen and plan.cost != cost:
                self._known[chosen] = plan.cost
                heappush(heap, (plan.cost, len(chosen), chosen))
                continue
            if plan.supplies == chosen and not (self._is_strict and any(plan.unfilled)):
                found.append(plan)
            elif plan.supplies and plan.supplies not in self._known:
                self._known[plan.supplies] = plan.cost
                heappush(heap, (plan.cost, len(plan.supplies), plan.supplies))
        return tuple(found)

    def _plan(self, chosen: Chosen) -> Proposal | None:
        """The cheapest plan of a set; None when there is no time to find it."""
        try:
            found = served(self._instance, chosen, ask=self._ask)
        except _OutOfTime:
            return None
        return found and proposal_of(self._instance, chosen, found[1])

    def _has_limits(self, chosen: Chosen) -> bool:
        return not self._instance.limits.keys().isdisjoint(chosen)

    @property
    def _is_strict(self) -> bool:
        return self._instance.problem.all_or_nothing

    def _is_gap(self, cost: int) -> bool:
        """Whether units are left where none may be."""
        return self._is_strict and cost >= max(self._instance.unfilled, default=0)

    def _neighbours(self, best: Chosen) -> Iterable[Chosen]:
        """The best set with one supply less, more, or another."""
        near = [number for _, number in self._singles[:NEIGHBOURS] if number not in best]
        if 0 < len(best) < self._instance.max_parcels:
            for each in near:
                yield tuple(sorted((*best, each)))
        for gone in best if len(best) > 1 else ():
            rest = tuple(each for each in best if each != gone)
            yield rest
            for each in near:
                yield tuple(sorted((*rest, each)))
