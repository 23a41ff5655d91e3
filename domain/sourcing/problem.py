"""The arithmetic of sourcing: demands, supplies and what each pairing costs, in whole minor units.

Nothing here knows orders or locations. `minimise` total cost over integer servings x[s, d] >= 0:

    sum over supplies s that serve anything: parcel_cost[s]
    + sum over s, d: unit_costs[s][d] * x[s, d]
    + sum over d: unfilled_cost[d] * (quantity[d] - sum over s: x[s, d])

so that every demand is served at most in full; units of a SKU taken from a supply, summed over all
demands (`components` units of it for each unit served), are at most what it has; a supply serves no
more units than `max_units`; a pairing whose unit cost is None serves nothing; at most `max_parcels`
supplies serve; and, when `all_or_nothing`, either every demand is served in full or none at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.common.ids import Sku


@dataclass(frozen=True, slots=True)
class Demand:
    """Units wanted; one unit takes `components` from the stock of the supply that serves it whole.

    `unfilled_cost` is the cost of one unit that nobody serves, at least 0.
    """

    quantity: int
    components: Mapping[Sku, int]
    unfilled_cost: int


@dataclass(frozen=True, slots=True)
class Supply:
    """What one place has and asks. `unit_costs` has one entry per demand, None where it may not
    serve; entries may be negative. `parcel_cost`, at least 0, is paid once if it serves anything.
    """

    available: Mapping[Sku, int]
    parcel_cost: int
    unit_costs: tuple[int | None, ...]
    max_units: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """`supplies` are in the order in which equal plans are preferred: of plans of equal cost the
    one with fewer parcels wins, then the one whose sorted supply numbers come first.
    """

    demands: tuple[Demand, ...]
    supplies: tuple[Supply, ...]
    max_parcels: int | None = None
    all_or_nothing: bool = False


@dataclass(frozen=True, slots=True)
class Serving:
    """Units of a demand (its number) that a supply (its number) serves; above 0."""

    supply: int
    demand: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A feasible plan: servings sorted by supply and demand, units left per demand, its cost."""

    servings: tuple[Serving, ...]
    unfilled: tuple[int, ...]
    cost: int

    @property
    def supplies(self) -> tuple[int, ...]:
        """Numbers of the supplies that serve, sorted."""
        return tuple(sorted({each.supply for each in self.servings}))


class ProofStatus(StrEnum):
    """What is known of a plan's cost."""

    OPTIMAL = "OPTIMAL"
    """No feasible plan costs less."""
    GAP = "GAP"
    """Time ran out: no feasible plan costs less than the bound."""


@dataclass(frozen=True, slots=True)
class Proof:
    """`bound` is at most the cost of every feasible plan, equal to the best one's when OPTIMAL.
    `nodes` counts the sets of supplies that were looked at.
    """

    status: ProofStatus
    bound: int
    nodes: int


@dataclass(frozen=True, slots=True)
class Solution:
    """The best plan found, the best plans of other sets of supplies (the cheapest first), and what
    is proved.
    """

    best: Proposal
    others: tuple[Proposal, ...]
    proof: Proof
