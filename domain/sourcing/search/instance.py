"""A problem as flat lists of whole numbers, which is what the search works on."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.common.ids import Sku
from domain.sourcing.problem import Demand, Problem, Proposal, Serving, Supply


@dataclass(frozen=True, slots=True)
class Pool:
    """Units of a SKU that several rows draw on: `takes` has rows and the units each unit takes."""

    units: int
    takes: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What couples the rows of one supply: units it may serve in all, and its short pools."""

    max_units: int | None
    pools: tuple[Pool, ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """Demands that cost the same everywhere are one row; `rows` has the demand numbers of each.

    `costs` and `room` have one list per row, with one entry per supply: what a unit costs, and how
    many units could be served if nothing else was. `limits` names the supplies whose room cannot be
    used in all rows at once. `useful` are the supplies that have room, in order. When all or
    nothing is asked for, `unfilled` is so high that no plan with a gap is worth it; `nothing` is
    what serving nothing really costs.
    """

    problem: Problem
    rows: tuple[tuple[int, ...], ...]
    quantities: list[int]
    unfilled: list[int]
    costs: list[list[int]]
    room: list[list[int]]
    parcels: list[int]
    useful: list[int]
    limits: Mapping[int, Limits]
    max_parcels: int
    nothing: int


def instance_of(problem: Problem) -> Instance:
    """The problem, ready to be searched."""
    rows = _rows(problem)
    demands = [problem.demands[numbers[0]] for numbers in rows]
    quantities = [sum(problem.demands[each].quantity for each in numbers) for numbers in rows]
    nothing = sum(each.quantity * each.unfilled_cost for each in problem.demands)
    unfilled = [demand.unfilled_cost for demand in demands]
    if problem.all_or_nothing:
        unfilled = [_prohibitive(problem, nothing)] * len(demands)
    costs: list[list[int]] = []
    room: list[list[int]] = []
    for numbers, demand, quantity, most in zip(rows, demands, quantities, unfilled, strict=True):
        asked = [supply.unit_costs[numbers[0]] for supply in problem.supplies]
        costs.append([0 if cost is None else cost for cost in asked])
        room.append(_room(problem.supplies, asked, demand, quantity, most))
    limits = _limits(problem.supplies, demands, room)
    useful = [number for number, units in enumerate(zip(*room, strict=True)) if any(units)]
    return Instance(
        problem=problem,
        rows=rows,
        quantities=quantities,
        unfilled=unfilled,
        costs=costs,
        room=room,
        parcels=[supply.parcel_cost for supply in problem.supplies],
        useful=useful,
        limits=limits,
        max_parcels=_max_parcels(problem, len(useful), sum(quantities)),
        nothing=nothing,
    )


def proposal_of(
    instance: Instance, chosen: Sequence[int], units: Sequence[Sequence[int]]
) -> Proposal:
    """The plan in which each chosen supply serves these units per row; its real cost. Of demands
    that are one row, those with a lower number are served first, by the supplies in order.
    """
    problem = instance.problem
    left = [demand.quantity for demand in problem.demands]
    servings: list[Serving] = []
    for supply, served in zip(chosen, units, strict=True):
        for numbers, quantity in zip(instance.rows, served, strict=True):
            rest = quantity
            for demand in numbers:
                taken = min(left[demand], rest)
                if taken:
                    servings.append(Serving(supply, demand, taken))
                    left[demand] -= taken
                    rest -= taken
    servings.sort(key=lambda each: (each.supply, each.demand))
    return Proposal(tuple(servings), tuple(left), cost_of(problem, servings, left))


def cost_of(problem: Problem, servings: Sequence[Serving], left: Sequence[int]) -> int:
    """What these servings cost, with the units left of each demand."""
    cost = sum(
        demand.unfilled_cost * units for demand, units in zip(problem.demands, left, strict=True)
    )
    for each in servings:
        unit_cost = problem.supplies[each.supply].unit_costs[each.demand]
        assert unit_cost is not None
        cost += unit_cost * each.quantity
    return cost + sum(problem.supplies[each].parcel_cost for each in {s.supply for s in servings})


def _rows(problem: Problem) -> tuple[tuple[int, ...], ...]:
    """Numbers of the demands that want anything, those together that are alike everywhere."""
    wanting = [number for number, each in enumerate(problem.demands) if each.quantity > 0]
    uses = Counter(sku for number in wanting for sku in problem.demands[number].components)
    alike: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for number in wanting:
        demand = problem.demands[number]
        if any(uses[sku] > 1 for sku in demand.components):
            costs = tuple(supply.unit_costs[number] for supply in problem.supplies)
            parts = tuple(sorted(demand.components.items()))
            alike[parts, demand.unfilled_cost, costs].append(number)
        else:
            alike[number,].append(number)
    return tuple(tuple(numbers) for numbers in alike.values())


def _prohibitive(problem: Problem, nothing: int) -> int:
    """A cost per unit left that makes every plan with a gap dearer than serving nothing, and than
    every plan without one.
    """
    spread = 0
    for number, demand in enumerate(problem.demands):
        asked = [abs(supply.unit_costs[number] or 0) for supply in problem.supplies]
        spread += demand.quantity * max(asked, default=0)
    return nothing + sum(supply.parcel_cost for supply in problem.supplies) + 2 * spread + 1


def _room(
    supplies: Sequence[Supply],
    asked: Sequence[int | None],
    demand: Demand,
    quantity: int,
    most: int,
) -> list[int]:
    """Units that each supply could serve, 0 where it may not or where leaving them costs less."""
    parts = [(sku, each) for sku, each in demand.components.items() if each > 0]
    if len(parts) == 1 and parts[0][1] == 1:
        sku = parts[0][0]
        stock = [supply.available.get(sku, 0) for supply in supplies]
    else:
        stock = [
            min((supply.available.get(sku, 0) // each for sku, each in parts), default=quantity)
            for supply in supplies
        ]
    room = [
        0 if cost is None or cost > most or units <= 0 else units if units < quantity else quantity
        for cost, units in zip(asked, stock, strict=True)
    ]
    for number, supply in enumerate(supplies):
        if supply.max_units is not None and room[number] > supply.max_units:
            room[number] = max(0, supply.max_units)
    return room


def _limits(
    supplies: Sequence[Supply], demands: Sequence[Demand], room: Sequence[Sequence[int]]
) -> dict[int, Limits]:
    takers: defaultdict[Sku, list[tuple[int, int]]] = defaultdict(list)
    for row, demand in enumerate(demands):
        for sku, each in sorted(demand.components.items()):
            if each > 0:
                takers[sku].append((row, each))
    shared = sorted((sku, takes) for sku, takes in takers.items() if len(takes) > 1)
    limits: dict[int, Limits] = {}
    for number, supply in enumerate(supplies):
        if not shared and supply.max_units is None:
            continue
        max_units = supply.max_units
        if max_units is not None and sum(units[number] for units in room) <= max_units:
            max_units = None
        pools = tuple(_short(supply, number, shared, room))
        if pools or max_units is not None:
            limits[number] = Limits(max_units, pools)
    return limits


def _short(
    supply: Supply,
    number: int,
    shared: Sequence[tuple[Sku, list[tuple[int, int]]]],
    room: Sequence[Sequence[int]],
) -> list[Pool]:
    """The shared SKUs of which the supply has less than all its room together would take."""
    pools: list[Pool] = []
    for sku, takes in shared:
        used = tuple((row, each) for row, each in takes if room[row][number])
        units = supply.available.get(sku, 0)
        if sum(each * room[row][number] for row, each in used) > units:
            pools.append(Pool(units, used))
    return pools


def _max_parcels(problem: Problem, useful: int, units: int) -> int:
    most = min(useful, units)
    return most if problem.max_parcels is None else max(0, min(most, problem.max_parcels))
