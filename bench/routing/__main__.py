"""`python -m bench.routing FOLDER`: real orders, one policy after the other, and a table.

Every policy gets the same orders in the same order, the same stock and the same costs, and takes
from the stock what it chose before it sees the next order.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import click

from bench.routing.rivals import RIVALS, Policy
from bench.routing.world import COSTS, Shelf, World, question_of, read_world
from domain.common.ids import LocationId, Sku, new_id
from domain.sourcing.costing import Prices, prices_of, total
from domain.sourcing.deciding import decided
from domain.sourcing.model import Assignment, Question
from domain.sourcing.problem import ProofStatus
from domain.sourcing.rules.model import (
    RuleSetId,
    RuleSetStatus,
    RuleSetVersion,
    RuleSetVersionId,
    Scope,
)


@dataclass
class Tally:
    """What a policy did with all orders."""

    name: str
    orders: int = 0
    cost_minor: int = 0
    units: int = 0
    unfilled: int = 0
    parcels: int = 0
    split: int = 0
    km: float = 0.0
    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter[str])

    def add(self, question: Question, plan: Sequence[Assignment], prices: Prices) -> None:
        """Count the plan of one order."""
        numbers = {each.location_id: i for i, each in enumerate(question.candidates)}
        lines = {line.line_id: i for i, line in enumerate(question.wanted)}
        served = sum(part.quantity for part in plan)
        open_ones = {numbers[part.location_id] for part in plan}
        self.orders += 1
        self.units += served
        self.unfilled += sum(line.quantity for line in question.wanted) - served
        self.parcels += len(open_ones)
        self.split += len(open_ones) > 1
        self.km += sum(prices.distances[number] or 0.0 for number in open_ones)
        self.cost_minor += sum(total(prices.parcels[number]) for number in open_ones)
        for part in plan:
            number = numbers[part.location_id]
            unit = prices.unit_costs(number)[lines[part.line_id]]
            self.cost_minor += part.quantity * unit
            self.kinds[question.candidates[number].kind] += part.quantity


def _version() -> RuleSetVersion:
    """No rules, and the costs of this world."""
    now = datetime.now(UTC)
    return RuleSetVersion(
        id=RuleSetVersionId(new_id()),
        rule_set_id=RuleSetId(new_id()),
        name="costs",
        scope=Scope(),
        number=1,
        rules=(),
        costs=COSTS,
        status=RuleSetStatus.ACTIVE,
        valid_from=now,
        valid_until=None,
        author="bench",
        note="",
        created_at=now,
    )


@dataclass
class Ours:
    """Our policy, and how many of its plans were proved to be the cheapest."""

    version: RuleSetVersion = field(default_factory=_version)
    proved: int = 0

    def __call__(self, question: Question) -> list[Assignment]:
        plan = decided(question, self.version)
        assert plan.trace is not None
        self.proved += plan.trace.proof.status is ProofStatus.OPTIMAL
        return list(plan.assignments)


def run(world: World, name: str, policy: Policy) -> Tally:
    """The policy over all orders, on a stock of its own."""
    stock = Counter(world.stock)
    holders: dict[Sku, list[Shelf]] = {}
    shelves = {shelf.location_id: shelf for shelf in world.shelves}
    for place, sku in stock:
        holders.setdefault(sku, []).append(shelves[place])
    tally = Tally(name)
    for wish in world.wishes:
        question = question_of(wish, holders, stock)
        began = process_time()
        plan = policy(question)
        tally.seconds += process_time() - began
        _take(stock, question, plan)
        prices = prices_of(
            question.candidates,
            question.wanted,
            question.circumstances,
            COSTS,
            preferences={},
            markdowns={},
        )
        tally.add(question, plan, prices)
    return tally


def _take(
    stock: Counter[tuple[LocationId, Sku]], question: Question, plan: Sequence[Assignment]
) -> None:
    skus = {line.line_id: line.sku for line in question.wanted}
    for part in plan:
        key = (part.location_id, skus[part.line_id])
        stock[key] -= part.quantity
        assert stock[key] >= 0, "a policy took more than there is"


def table(tallies: Sequence[Tally]) -> str:
    """The figures as a Markdown table; cost per order against the first policy."""
    first = tallies[0]
    heads = (
        "policy", "cost per order (BRL)", "against ours", "parcels", "split orders",
        "km per parcel", "unfilled units", "from stores / DC / sellers", "CPU per order",
    )  # fmt: skip
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for each in tallies:
        per_order = each.cost_minor / each.orders / 100
        more = each.cost_minor / first.cost_minor - 1
        kinds = " / ".join(
            f"{each.kinds[kind] / each.units:.0%}" for kind in ("STORE", "DC", "SUPPLIER")
        )
        rows.append(
            f"| {each.name} | {per_order:.2f} | {more:+.1%} | {each.parcels:,} | {each.split:,} "
            f"| {each.km / each.parcels:,.0f} | {each.unfilled:,} | {kinds} "
            f"| {each.seconds / each.orders * 1000:.2f} ms |"
        )
    return "\n".join(rows)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limit", type=int, help="The first so many orders only.")
def main(folder: Path, limit: int | None) -> None:
    """Compare policies on the Olist orders in FOLDER."""
    world = read_world(folder)
    if limit is not None:
        world = World(world.shelves, world.wishes[:limit], world.stock, world.left_out)
    ours = Ours()
    tallies = [run(world, "Unico", ours), *(run(world, name, policy) for name, policy in RIVALS)]
    units = sum(line.quantity for wish in world.wishes for line in wish.lines)
    click.echo(
        f"{len(world.wishes):,} orders with {units:,} units, {len(world.shelves):,} locations; "
        f"{world.left_out:,} orders left out (no items, or no known point)\n"
    )
    click.echo(table(tallies))
    click.echo(f"\n{ours.proved:,} of {tallies[0].orders:,} plans of ours proved optimal")


if __name__ == "__main__":
    main()
