"""The problem as a mixed integer program for HiGHS, the optional extra `milp`: for orders that are
decided together, for problems that are too big for the search, and to check the search.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType

from domain.common.ids import Sku
from domain.sourcing.problem import Problem, Proposal, Serving
from domain.sourcing.search.instance import cost_of

INFINITE = float("inf")
LESS_THAN_A_UNIT = 0.4
"""All costs are whole: a plan that is so close to the bound is the best one."""


class MilpMissing(RuntimeError):
    """HiGHS is not installed: `pip install unico[milp]`."""

    def __init__(self) -> None:
        super().__init__(
            "highspy is not installed; it comes with the extra: pip install unico[milp]"
        )


class MilpFailed(RuntimeError):
    """HiGHS ended without a proved optimum, which a problem of this kind always has."""


def solve_by_milp(problem: Problem) -> Proposal:
    """A plan of least cost. Among plans of equal cost it is any one, the same each time.

    Raises: `MilpMissing` without the extra.
    """
    return solve_jointly([problem], [range(len(problem.supplies))])[0]


def solve_jointly(
    problems: Sequence[Problem], places: Sequence[Sequence[Hashable]]
) -> tuple[Proposal, ...]:
    """A plan for each problem, same order, so that the sum of their costs is least. `places` names
    the place that each supply of each problem stands for; supplies of one place share its stock,
    which is the most that any of them states.

    Raises: `MilpMissing` without the extra.
    """
    program = _Program()
    pairings = [
        _join(program, number, problem, places[number]) for number, problem in enumerate(problems)
    ]
    _share_stock(program, problems, places, pairings)
    values = program.solve()
    return tuple(
        _proposal(problem, columns, values)
        for problem, columns in zip(problems, pairings, strict=True)
    )


Pairings = Mapping[tuple[int, int], int]
"""The column that says how many units a supply serves of a demand."""


@dataclass(slots=True)
class _Program:
    """Minimise cost over whole numbers; each row is a sum of columns that has an upper bound, and a
    lower one too.
    """

    costs: list[int] = field(default_factory=list[int])
    uppers: list[int] = field(default_factory=list[int])
    row_lowers: list[float] = field(default_factory=list[float])
    row_uppers: list[float] = field(default_factory=list[float])
    starts: list[int] = field(default_factory=lambda: [0])
    indices: list[int] = field(default_factory=list[int])
    values: list[int] = field(default_factory=list[int])

    def column(self, cost: int, upper: int) -> int:
        """The number of a new column from 0 to `upper`."""
        self.costs.append(cost)
        self.uppers.append(upper)
        return len(self.costs) - 1

    def row(self, terms: Iterable[tuple[int, int]], upper: float, lower: float = -INFINITE) -> None:
        """The sum over the terms, columns and factors, is between the bounds."""
        for column, factor in terms:
            self.indices.append(column)
            self.values.append(factor)
        self.starts.append(len(self.indices))
        self.row_uppers.append(upper)
        self.row_lowers.append(lower)

    def solve(self) -> list[int]:
        """The values of the columns at an optimum."""
        highspy = _highspy()
        if not self.costs:
            return []
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.costs), len(self.row_uppers)
        lp.col_cost_ = [float(each) for each in self.costs]
        lp.col_lower_ = [0.0] * len(self.costs)
        lp.col_upper_ = [float(each) for each in self.uppers]
        lp.row_lower_, lp.row_upper_ = self.row_lowers, self.row_uppers
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = self.starts, self.indices
        lp.a_matrix_.value_ = [float(each) for each in self.values]
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(self.costs)
        solver = highspy.Highs()
        for name, value in (
            ("output_flag", False),
            ("threads", 1),
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", LESS_THAN_A_UNIT),
        ):
            solver.setOptionValue(name, value)
        solver.passModel(lp)
        solver.run()
        status = solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise MilpFailed(solver.modelStatusToString(status))
        return [round(value) for value in solver.getSolution().col_value]


def _highspy() -> ModuleType:
    try:
        import highspy  # the extra may be missing, and it is slow to load
    except ImportError as missing:
        raise MilpMissing from missing
    return highspy


def _join(program: _Program, number: int, problem: Problem, places: Sequence[Hashable]) -> Pairings:
    """The columns and rows of one problem, but for the stock that is shared."""
    if len(places) != len(problem.supplies):
        raise ValueError(
            f"problem {number} has {len(problem.supplies)} supplies, not {len(places)}"
        )
    pairings: dict[tuple[int, int], int] = {}
    is_open: list[int] = []
    for at, supply in enumerate(problem.supplies):
        is_open.append(program.column(supply.parcel_cost, 1))
        for wanted, demand in enumerate(problem.demands):
            cost, room = supply.unit_costs[wanted], _room(problem, at, wanted)
            if cost is not None and room > 0:
                column = program.column(cost - demand.unfilled_cost, room)
                program.row([(column, 1), (is_open[at], -room)], 0)
                pairings[at, wanted] = column
    _bound_supplies(program, problem, pairings)
    if problem.max_parcels is not None:
        program.row([(each, 1) for each in is_open], max(0, problem.max_parcels))
    _bound_demands(program, problem, pairings)
    return pairings


def _room(problem: Problem, at: int, wanted: int) -> int:
    supply, demand = problem.supplies[at], problem.demands[wanted]
    room = [demand.quantity]
    room += [supply.available.get(sku, 0) // each for sku, each in demand.components.items()]
    return min(room if supply.max_units is None else [*room, supply.max_units])


def _bound_supplies(program: _Program, problem: Problem, pairings: Pairings) -> None:
    for at, supply in enumerate(problem.supplies):
        if supply.max_units is not None:
            columns = [column for (by, _), column in pairings.items() if by == at]
            program.row([(column, 1) for column in columns], max(0, supply.max_units))


def _bound_demands(program: _Program, problem: Problem, pairings: Pairings) -> None:
    """Each demand is served in full at most; if all or nothing is asked for, in full or not."""
    is_all = program.column(0, 1) if problem.all_or_nothing else None
    columns: defaultdict[int, list[int]] = defaultdict(list)
    for (_, wanted), column in pairings.items():
        columns[wanted].append(column)
    for wanted, demand in enumerate(problem.demands):
        terms = [(column, 1) for column in columns[wanted]]
        if is_all is None:
            program.row(terms, demand.quantity)
        else:
            program.row([*terms, (is_all, -demand.quantity)], 0, 0)


def _share_stock(
    program: _Program,
    problems: Sequence[Problem],
    places: Sequence[Sequence[Hashable]],
    pairings: Sequence[Pairings],
) -> None:
    """What is taken of a SKU at a place, over all problems, is what is there at most."""
    stock: dict[tuple[Hashable, Sku], int] = {}
    takes: defaultdict[tuple[Hashable, Sku], list[tuple[int, int]]] = defaultdict(list)
    for problem, names, columns in zip(problems, places, pairings, strict=True):
        for (at, wanted), column in columns.items():
            for sku, each in problem.demands[wanted].components.items():
                key = (names[at], sku)
                stock[key] = max(stock.get(key, 0), problem.supplies[at].available.get(sku, 0))
                takes[key].append((column, each))
    for key, terms in takes.items():
        if len(terms) > 1:
            program.row(terms, stock[key])


def _proposal(problem: Problem, pairings: Pairings, values: Sequence[int]) -> Proposal:
    left = [demand.quantity for demand in problem.demands]
    servings: list[Serving] = []
    for (at, wanted), column in sorted(pairings.items()):
        if values[column]:
            servings.append(Serving(at, wanted, values[column]))
            left[wanted] -= values[column]
    return Proposal(tuple(servings), tuple(left), cost_of(problem, servings, left))
