"""Problems to be solved: small ones of all kinds, and bigger ones as they come in a day."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

from domain.common.ids import Sku
from domain.sourcing.problem import Demand, Problem, Supply

T = TypeVar("T")
SKUS = [Sku(name) for name in ("HAT", "SCARF", "GLOVE")]
KITS: list[dict[Sku, int]] = [
    {SKUS[0]: 1},
    {SKUS[1]: 1},
    {SKUS[2]: 1},
    {SKUS[0]: 2},
    {SKUS[0]: 1, SKUS[1]: 1},
    {SKUS[0]: 1, SKUS[1]: 2},
    {SKUS[1]: 1, SKUS[2]: 1},
    {SKUS[2]: 1, SKUS[0]: 3},
    {},
]
FEW_COSTS = [0, 0, 1, 2, 3, None]
MANY_COSTS = [-4, -1, 0, 2, 3, 5, 8, 13, None]


class _Choices:
    """Reads one choice after the other from bytes, which are quick to draw and shrink well."""

    def __init__(self, source: bytes) -> None:
        self._left = iter(source)

    def of(self, options: Sequence[T]) -> T:
        return options[next(self._left) % len(options)]


def small_problems() -> st.SearchStrategy[Problem]:
    """Up to 4 supplies and 3 demands, of all kinds that `Problem` allows; many have ties."""
    return st.binary(min_size=60, max_size=60).map(_small_problem)


def _small_problem(source: bytes) -> Problem:
    choices = _Choices(source)
    costs = choices.of([FEW_COSTS, MANY_COSTS])
    demands = tuple(_small_demand(choices) for _ in range(choices.of([1, 2, 3, 0, 2, 3])))
    supplies = tuple(
        Supply(
            available={sku: units for sku in SKUS if (units := choices.of([1, 0, 2, 3]))},
            parcel_cost=choices.of([1, 0, 2, 7]),
            unit_costs=tuple(choices.of(costs) for _ in demands),
            max_units=choices.of([None, None, None, 1, 2, 3, 0]),
        )
        for _ in range(choices.of([1, 2, 3, 4, 0, 3, 4]))
    )
    return Problem(
        demands, supplies, choices.of([None, 1, 2, None, 3, 0]), choices.of([False, True, False])
    )


def tied_problems() -> st.SearchStrategy[Problem]:
    """Two demands and 7 supplies that hardly differ: most of their plans cost the same."""
    return st.binary(min_size=48, max_size=48).map(_tied_problem)


def _tied_problem(source: bytes) -> Problem:
    choices = _Choices(source)
    skus = SKUS[:2]
    return Problem(
        demands=tuple(Demand(choices.of([2, 1, 3]), {sku: 1}, 20) for sku in skus),
        supplies=tuple(
            Supply(
                {sku: choices.of([1, 0, 1, 1, 2]) for sku in skus},
                choices.of([2, 1, 2, 3]),
                tuple(choices.of([0, 0, 1, 2]) for _ in skus),
            )
            for _ in range(7)
        ),
        max_parcels=choices.of([None, 2, 3, 4]),
    )


def _small_demand(choices: _Choices) -> Demand:
    return Demand(choices.of([1, 2, 0, 2]), choices.of(KITS), choices.of([0, 2, 6, 30, 30]))


def everyday_problem(random: Random, supplies: int, demands: int = 5) -> Problem:
    """Each SKU is at 60 to 80 % of the supplies, in few units; three parcels at most."""
    skus = [Sku(f"SKU-{number}") for number in range(demands)]
    share = random.uniform(0.6, 0.8)
    return Problem(
        demands=tuple(Demand(random.choice([1, 1, 1, 2, 3]), {sku: 1}, 100_000) for sku in skus),
        supplies=tuple(
            Supply(
                {sku: random.randint(1, 4) for sku in skus if random.random() < share},
                random.randint(300, 900),
                tuple(random.randint(0, 300) for _ in skus),
            )
            for _ in range(supplies)
        ),
        max_parcels=3,
    )


def varied_problem(random: Random, supplies: int = 12) -> Problem:
    """More than can be enumerated: kits, shared SKUs, caps, scarce stock, all or nothing."""
    skus = [Sku(f"SKU-{number}") for number in range(random.randint(2, 5))]
    demands = tuple(_varied_demand(random, skus) for _ in range(random.randint(1, 5)))
    share, most = random.uniform(0.2, 0.9), random.choice([2, 4, 8])
    is_capped = random.random() < 0.3
    return Problem(
        demands=demands,
        supplies=tuple(
            Supply(
                {sku: random.randint(1, most) for sku in skus if random.random() < share},
                random.randint(0, 900),
                tuple(None if random.random() < 0.1 else random.randint(-50, 300) for _ in demands),
                random.randint(0, 5) if is_capped else None,
            )
            for _ in range(random.randint(1, supplies))
        ),
        max_parcels=random.choice([None, None, 1, 2, 3, 4]),
        all_or_nothing=random.random() < 0.3,
    )


def _varied_demand(random: Random, skus: Sequence[Sku]) -> Demand:
    parts = random.sample(skus, 2 if random.random() < 0.25 else 1)
    components = {sku: random.choice([1, 1, 1, 2]) for sku in parts}
    return Demand(random.randint(0, 4), components, random.choice([100, 500, 5_000, 100_000]))


def reordered(problem: Problem) -> Problem:
    """The same problem, with every mapping made in the opposite order."""
    return replace(
        problem,
        demands=tuple(
            replace(each, components=_reversed(each.components)) for each in problem.demands
        ),
        supplies=tuple(
            replace(each, available=_reversed(each.available)) for each in problem.supplies
        ),
    )


def _reversed(units: Mapping[Sku, int]) -> dict[Sku, int]:
    return dict(reversed(list(units.items())))
