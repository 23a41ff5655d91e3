"""From a question and the rules of the moment to the cheapest plan, with how it came about. Pure,
but for the clock that ends a search which takes too long.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter, perf_counter_ns

from domain.common.ids import LocationId, OrderLineId, Sku
from domain.sourcing.costing import Prices, prices_of, summed, times, total
from domain.sourcing.decision import (
    CostKind,
    CostTerm,
    Elimination,
    EliminationReason,
    Parcel,
    ParcelLine,
    RuleSetUsed,
    Trace,
    TracedPlan,
)
from domain.sourcing.model import (
    Assignment,
    Candidate,
    Plan,
    Question,
    SourcingReason,
    Wanted,
    distance_km,
)
from domain.sourcing.problem import Demand, Problem, Proposal, Supply
from domain.sourcing.recording import plan_hash
from domain.sourcing.rules.choosing import the_one_for
from domain.sourcing.rules.judging import Bar, Verdict, judge
from domain.sourcing.rules.model import STANDARD_COSTS, CostSettings, RuleSetVersion
from domain.sourcing.search.exact import solve

MAX_SECONDS = 1.0
"""A search that takes longer ends with the best plan so far and what is proved of it."""
NO_CAPACITY_NEEDED = "TAKE_AWAY"
"""Goods that the customer takes from the shelf are no work of the location."""


@dataclass(frozen=True, slots=True)
class RuledPolicy:
    """Chooses by the rule sets that count at one moment, else by the standard costs alone."""

    versions: Sequence[RuleSetVersion] = ()

    def plan(self, question: Question) -> Plan:
        """See `SourcingPolicy.plan`."""
        return decided(question, the_one_for(self.versions, question.circumstances))

    def forced(self, question: Question, location_id: LocationId) -> Plan:
        """See `SourcingPolicy.forced`."""
        version = the_one_for(self.versions, question.circumstances)
        return decided(question, version, forced=location_id)


def decided(
    question: Question, version: RuleSetVersion | None, *, forced: LocationId | None = None
) -> Plan:
    """The cheapest plan of the question by that version of the rules, with its trace. When one
    location is `forced`, all that it can serve comes from there, and rules and capacities are not
    asked.

    A location with all the fulfillment orders that its own capacity allows is passed over, unless
    units would stay unfilled: no sale is refused because people are busy today. A capacity that a
    rule sets is never exceeded.
    """
    began = perf_counter_ns()
    costs = version.costs if version else STANDARD_COSTS
    verdict = judge(version.rules, question, version.time_zone) if version else Verdict()
    ranked = _ranked(question)
    if forced is not None:
        verdict = replace(verdict, barred={}, max_parcels=None, capacities={}, max_share={})
        ranked = [
            replace(each, daily_capacity=None) for each in ranked if each.location_id == forced
        ]
    open_ones, eliminated = _parted(question, ranked, verdict)
    case = _case(question, open_ones, verdict, costs)
    solution = solve(case.problem, out_of_time=_deadline())
    if any(solution.best.unfilled) and any(_is_busy(question, each, verdict) for each in ranked):
        ranked = [replace(each, daily_capacity=None) for each in ranked]
        open_ones, eliminated = _parted(question, ranked, verdict)
        case = _case(question, open_ones, verdict, costs)
        solution = solve(case.problem, out_of_time=_deadline())
    used = RuleSetUsed(str(version.id), version.name, version.number) if version else None
    chosen = case.traced(solution.best)
    trace = Trace(
        rule_set=used,
        currency=costs.currency,
        chosen=chosen,
        others=tuple(case.traced(each) for each in solution.others),
        eliminated=tuple(eliminated),
        binding=tuple(_binding(question, ranked, verdict, costs, case, solution.best)),
        proof=solution.proof,
        plan_hash=plan_hash(question, used, chosen),
        microseconds=(perf_counter_ns() - began) // 1000,
    )
    return _plan(case, solution.best, trace)


def _deadline() -> Callable[[], bool]:
    end = perf_counter() + MAX_SECONDS
    return lambda: perf_counter() > end


def _ranked(question: Question) -> list[Candidate]:
    """The candidates, nearest first; then by priority (lower first) and code."""
    near = question.circumstances.near

    def rank(each: Candidate) -> tuple[bool, float, int, str]:
        away = distance_km(each.place, near) if near else 0.0
        return (not each.is_home, away, each.priority, each.code)

    return sorted(question.candidates, key=rank)


def _parted(
    question: Question, ranked: Sequence[Candidate], verdict: Verdict
) -> tuple[list[Candidate], list[Elimination]]:
    """The candidates that can serve something, and why the others cannot."""
    open_ones: list[Candidate] = []
    eliminated = [
        Elimination(place, "", EliminationReason.FAILED_BEFORE) for place in question.failed
    ]
    for each in ranked:
        against = _against(question, each, verdict)
        if against is None:
            open_ones.append(each)
        else:
            eliminated.append(against)
    return open_ones, eliminated


def _against(question: Question, each: Candidate, verdict: Verdict) -> Elimination | None:
    stocked = [line for line in question.wanted if _has(each, line)]
    out = Elimination(each.location_id, each.code, EliminationReason.NO_STOCK)
    if not stocked:
        return out
    if verdict.barred:
        bars = [verdict.barred.get((each.location_id, line.line_id)) for line in stocked]
        first = bars[0]
        if first is not None and None not in bars:
            return _by_rule(out, first)
    if _is_busy(question, each, verdict):
        return replace(
            out,
            reason=EliminationReason.AT_CAPACITY,
            value=str(each.used_today),
            threshold=str(_capacity(each, verdict)),
        )
    return None


def _is_busy(question: Question, each: Candidate, verdict: Verdict) -> bool:
    """Whether the location has all the fulfillment orders of today that it can take."""
    limit = _capacity(each, verdict)
    full = limit is not None and each.used_today >= limit
    return full and question.circumstances.delivery_mode != NO_CAPACITY_NEEDED


def _by_rule(out: Elimination, bar: Bar) -> Elimination:
    return replace(
        out,
        reason=EliminationReason.RULE,
        rule=bar.rule,
        value=bar.value,
        threshold=bar.threshold,
    )


def _has(candidate: Candidate, line: Wanted) -> bool:
    """Whether it has one unit of the line at least."""
    available = candidate.available
    return all(available.get(sku, 0) >= each for sku, each in line.components.items())


def _capacity(candidate: Candidate, verdict: Verdict) -> int | None:
    """Fulfillment orders of a day: the location's own limit, or a lower one of the rules."""
    limits = [candidate.daily_capacity, verdict.capacities.get(candidate.location_id)]
    return min((limit for limit in limits if limit is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Case:
    """A question as arithmetic, and the way back. `lines` are the numbers of the lines that a
    demand stands for: those that take the same goods at the same costs are one demand.
    """

    question: Question
    candidates: Sequence[Candidate]
    prices: Prices
    lines: Sequence[Sequence[int]]
    problem: Problem
    unfilled_minor: int

    def assigned(self, proposal: Proposal) -> tuple[list[tuple[int, int, int]], dict[int, int]]:
        """(candidate, line, units) as the proposal serves them, and units left by line: earlier
        candidates serve earlier lines.
        """
        wanted = self.question.wanted
        left = {number: line.quantity for number, line in enumerate(wanted) if line.quantity}
        given: list[tuple[int, int, int]] = []
        for serving in proposal.servings:
            units = serving.quantity
            for line in self.lines[serving.demand]:
                part = min(units, left.get(line, 0))
                if part:
                    given.append((serving.supply, line, part))
                    left[line] -= part
                    units -= part
        return given, {line: units for line, units in left.items() if units}

    def traced(self, proposal: Proposal) -> TracedPlan:
        """The proposal in the words of the question, with all its costs."""
        given, left = self.assigned(proposal)
        numbers = sorted({supply for supply, _, _ in given})
        parcels = [
            self._parcel(
                number, [(line, units) for supply, line, units in given if supply == number]
            )
            for number in numbers
        ]
        missing = CostTerm(CostKind.UNFILLED, sum(left.values()) * self.unfilled_minor)
        terms = summed([*(term for each in parcels for term in each.terms), missing])
        unfilled = tuple(self._line(line, units) for line, units in left.items())
        return TracedPlan(tuple(parcels), unfilled, terms, total(terms))

    def _parcel(self, number: int, given: Sequence[tuple[int, int]]) -> Parcel:
        terms = list(self.prices.parcels[number])
        for line, units in given:
            terms += times(units, self.prices.unit_terms(number, line))
        return Parcel(
            location_id=self.candidates[number].location_id,
            code=self.candidates[number].code,
            lines=tuple(self._line(line, units) for line, units in given),
            terms=summed(terms),
            distance_km=self.prices.distances[number],
        )

    def _line(self, number: int, units: int) -> ParcelLine:
        line = self.question.wanted[number]
        return ParcelLine(line.line_id, line.sku, units)


def _case(
    question: Question, candidates: Sequence[Candidate], verdict: Verdict, costs: CostSettings
) -> _Case:
    wanted = question.wanted
    prices = prices_of(
        candidates,
        wanted,
        question.circumstances,
        costs,
        preferences=verdict.preferences,
        markdowns=verdict.markdowns,
    )
    columns = _unit_costs(wanted, candidates, prices, verdict)
    lines = _alike(wanted, columns)
    units = sum(line.quantity for line in wanted)
    problem = Problem(
        demands=tuple(
            Demand(
                sum(wanted[line].quantity for line in alike),
                wanted[alike[0]].components,
                costs.unfilled_minor,
            )
            for alike in lines
        ),
        supplies=tuple(
            Supply(
                each.available,
                total(prices.parcels[number]),
                tuple(columns[alike[0]][number] for alike in lines),
                _share(each, units, verdict),
            )
            for number, each in enumerate(candidates)
        ),
        max_parcels=verdict.max_parcels,
        all_or_nothing=question.circumstances.ship_complete,
    )
    return _Case(question, candidates, prices, lines, problem, costs.unfilled_minor)


def _unit_costs(
    wanted: Sequence[Wanted], candidates: Sequence[Candidate], prices: Prices, verdict: Verdict
) -> list[tuple[int | None, ...]]:
    """For each line what a unit costs from each candidate; None where a rule forbids it."""
    rows = [prices.unit_costs(number) for number in range(len(candidates))]
    barred = verdict.barred
    return [
        tuple(
            None if barred and (each.location_id, line.line_id) in barred else row[number]
            for each, row in zip(candidates, rows, strict=True)
        )
        for number, line in enumerate(wanted)
    ]


def _alike(wanted: Sequence[Wanted], columns: Sequence[tuple[int | None, ...]]) -> list[list[int]]:
    found: dict[tuple[tuple[tuple[Sku, int], ...], tuple[int | None, ...]], list[int]] = {}
    for number, line in enumerate(wanted):
        key = (tuple(sorted(line.components.items())), columns[number])
        found.setdefault(key, []).append(number)
    return list(found.values())


def _share(candidate: Candidate, units: int, verdict: Verdict) -> int | None:
    percent = verdict.max_share.get(candidate.location_id)
    return None if percent is None else units * percent // 100


def _binding(
    question: Question,
    ranked: Sequence[Candidate],
    verdict: Verdict,
    costs: CostSettings,
    case: _Case,
    best: Proposal,
) -> list[str]:
    """The limits without which a cheaper plan would have been possible, one by one."""

    def cheaper(candidates: Sequence[Candidate], without: Verdict) -> bool:
        free = _case(question, candidates, without, costs)
        return solve(free.problem, others=0, out_of_time=_deadline()).best.cost < best.cost

    found: list[str] = []
    if verdict.max_parcels is not None and cheaper(
        case.candidates, replace(verdict, max_parcels=None)
    ):
        found.append("MAX_PARCELS")
    if verdict.max_share and cheaper(case.candidates, replace(verdict, max_share={})):
        found.append("SHARE")
    if verdict.barred:
        unruled = replace(verdict, barred={})
        if cheaper(_parted(question, ranked, unruled)[0], unruled):
            found.append("RULES")
    if any(_is_busy(question, each, verdict) for each in ranked):
        unlimited = replace(verdict, capacities={})
        idle = [replace(each, daily_capacity=None) for each in ranked]
        if cheaper(_parted(question, idle, unlimited)[0], unlimited):
            found.append("CAPACITY")
    return found


def _plan(case: _Case, best: Proposal, trace: Trace) -> Plan:
    given, left = case.assigned(best)
    wanted = case.question.wanted
    unfilled: Mapping[OrderLineId, int] = {wanted[line].line_id: left[line] for line in left}
    assignments = tuple(
        Assignment(wanted[line].line_id, case.candidates[supply].location_id, units)
        for supply, line, units in sorted(given, key=lambda part: (part[1], part[0]))
    )
    return Plan(assignments, unfilled, _reason(best, unfilled), case.question, trace)


def _reason(best: Proposal, unfilled: Mapping[OrderLineId, int]) -> SourcingReason:
    if not best.servings:
        return SourcingReason.NOTHING_AVAILABLE
    if unfilled:
        return SourcingReason.PARTIAL
    single = len(best.supplies) == 1
    return SourcingReason.SINGLE_LOCATION if single else SourcingReason.SPLIT
