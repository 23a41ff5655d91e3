"""Whole decisions, with dates, expected stock and carriers' rates, by enumeration and by HiGHS.

The costs of each pairing are worked out here a second time, from the definition of the terms.
"""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from math import ceil, floor
from random import Random

import pytest

from domain.carriers.rating import RateRow
from domain.sourcing.carriage import Rates
from domain.sourcing.deciding import RuledPolicy
from domain.sourcing.model import Candidate, Question, Wanted, distance_km
from domain.sourcing.problem import Demand, Problem, ProofStatus, Supply
from domain.sourcing.rules.model import STANDARD_COSTS, CostSettings, Effect, EffectKind, Rule
from domain.sourcing.search.milp import solve_by_milp
from tests.domain.sourcing.search.enumeration import best_key
from tests.support.sourcing import MADRID, MILAN, NOW, ROME, candidate, question, version, wanted

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


@pytest.mark.parametrize("block", range(10))
def test_no_plan_costs_less(block: int) -> None:
    random = Random(block)
    for _ in range(200):
        rates, costs, asked, most = an_instance(random)
        rules = [] if most is None else [Rule("cap", Effect(EffectKind.CAP_PARCELS, most))]
        plan = RuledPolicy([version(*rules, costs=costs)], rates).plan(asked)
        assert plan.trace is not None
        problem = by_definition(rates, costs, asked, most)
        least, *_ = best_key(problem)
        assert plan.trace.chosen.cost_minor == least, asked
        assert solve_by_milp(problem).cost == least, asked
        assert plan.trace.proof.status is ProofStatus.OPTIMAL
        assert plan.trace.proof.bound == least


def an_instance(random: Random) -> tuple[Rates, CostSettings, Question, int | None]:
    """Up to 4 locations and 2 lines, one of which may be a kit; many have ties."""
    lines = [
        wanted(number, random.randint(1, 2), *skus, weight_g=random.choice([0, 100, 700]))
        for number, skus in enumerate(random.sample([("HAT",), ("SCARF",), ("HAT", "SCARF")], 2))
    ][: random.randint(1, 2)]
    places = [
        replace(
            candidate(
                f"C{number}",
                random.choice([ROME, MILAN, MADRID]),
                {"HAT": random.randint(0, 3), "SCARF": random.randint(0, 3)},
            ),
            expected_at=random.choice([None, None, NOW + timedelta(hours=random.randint(0, 99))]),
            arrives_at=random.choice([None, NOW + timedelta(hours=random.randint(0, 200))]),
        )
        for number in range(random.randint(1, 4))
    ]
    by = random.choice([None, NOW + timedelta(hours=random.randint(0, 120))])
    asked = question(lines, places, deliver_by=by, postal_code="00118")
    costs = replace(
        STANDARD_COSTS,
        late_minor=random.choice([0, 30, 200, 900]),
        carrier_rates=random.random() < 0.7,
        unfilled_minor=random.choice([400, 3_000, 1_000_000]),
    )
    return rates(random), costs, asked, random.choice([None, None, 1, 2])


def rates(random: Random) -> Rates:
    """Steps of two services; sometimes none bears the weight."""
    return {
        "GLS": [
            RateRow(service, "IT", random.choice(["", "00"]), top, random.randint(0, 900), "EUR")
            for service in ("A", "B")
            for top in (200, 1_000, random.choice([1_500, 9_000]))
        ]
    }


def by_definition(rates: Rates, costs: CostSettings, asked: Question, most: int | None) -> Problem:
    """The problem that the question is, by the definition of each term."""
    tariff = cheapest(rates, asked) if costs.carrier_rates else None
    weight_g = sum(line.quantity * line.weight_g for line in asked.wanted)

    def shipping(line: Wanted) -> int:
        if tariff is None:
            return half_up(Fraction(costs.per_kg_minor * line.weight_g, 1000))
        light, whole = tariff
        return half_up(Fraction((whole - light) * line.weight_g, weight_g)) if weight_g else 0

    def parcel(place: Candidate) -> int:
        if tariff is not None:
            return tariff[0]
        return costs.parcel_minor + round(
            distance_km(place.place, ROME) * costs.per_100km_minor / 100
        )

    return Problem(
        tuple(
            Demand(line.quantity, line.components, costs.unfilled_minor) for line in asked.wanted
        ),
        tuple(
            Supply(
                place.available,
                parcel(place),
                tuple(shipping(line) + late(place, asked, costs) for line in asked.wanted),
            )
            for place in asked.candidates
        ),
        max_parcels=most,
    )


def late(place: Candidate, asked: Question, costs: CostSettings) -> int:
    """What lateness costs a unit from there."""
    by, at = asked.circumstances.deliver_by, place.arrives_at
    if by is None or at is None:
        return 0
    return costs.late_minor * max(0, ceil((at - by) / DAY))


def cheapest(rates: Rates, asked: Question) -> tuple[int, int] | None:
    """Price of the lightest parcel and of one with everything, by the service that asks least for
    that; of two zones the one of the postal code.
    """
    weight_g = sum(line.quantity * line.weight_g for line in asked.wanted)
    found: list[tuple[int, str, int]] = []
    for service in ("A", "B"):
        rows = [row for row in rates["GLS"] if row.service == service]
        zone = [row for row in rows if row.postal_prefix] or rows
        steps = sorted(zone, key=lambda row: row.max_weight_g)
        whole = next((row.price_minor for row in steps if row.max_weight_g >= weight_g), None)
        if whole is not None:
            found.append((whole, service, steps[0].price_minor))
    return (min(found)[2], min(found)[0]) if found else None


def half_up(amount: Fraction) -> int:
    """The nearest whole number; away from zero when two are as near."""
    return floor(amount + Fraction(1, 2)) if amount >= 0 else -floor(-amount + Fraction(1, 2))
