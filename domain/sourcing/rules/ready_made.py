"""Policies that many retailers want, as drafts to start from. Pure.

They steer by tags of SKUs (`end_of_season`, `hot`) and of locations (`overstocked`, `scarce`,
`replenish`), which operations give. Amounts are minor units of EUR, chosen against the standard
costs: 20.00 outweighs a second parcel, 50.00 a parcel abroad and a long way too.
"""

from dataclasses import dataclass
from datetime import date

from domain.sourcing.rules.conditions import (
    All,
    Among,
    Fact,
    IsHome,
    LocationAmong,
    LocationFact,
    Match,
    OnDates,
    Tagged,
)
from domain.sourcing.rules.model import (
    ANY_ORDER,
    STANDARD_COSTS,
    CostSettings,
    Effect,
    EffectKind,
    Rule,
    Scope,
)

FIRST = 2_000
STRONGLY = 5_000
_SENT = Among(Fact.DELIVERY_MODE, ("PICKUP_POINT", "SHIP"))


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """A policy under a stable key; `note` says what it does and what it needs."""

    key: str
    name: str
    note: str
    rules: tuple[Rule, ...]
    scope: Scope = ANY_ORDER
    costs: CostSettings = STANDARD_COSTS


def ready_made(home_country: str = "IT", stores_from: date | None = None) -> list[ReadyMade]:
    """All of them: for a merchant in `home_country`, who ships from stores as of `stores_from`."""
    return [
        end_of_season(),
        hot_items(),
        click_and_collect(),
        abroad(home_country),
        ship_from_stores(stores_from),
        avoid_markdowns(),
        replenish_by_returns(),
    ]


def end_of_season() -> ReadyMade:
    """Stores first for what the season leaves over."""
    return ReadyMade(
        "END_OF_SEASON",
        "Stores first at the end of the season",
        "SKUs with the tag end_of_season come from stores as long as these have them, so that "
        "fewer are left there to be marked down.",
        (
            Rule(
                "End of season from stores",
                Effect(EffectKind.PREFER, FIRST),
                _tagged("end_of_season"),
                _of_kind("STORE"),
            ),
        ),
    )


def hot_items() -> ReadyMade:
    """Distribution centres for what sells fast."""
    return ReadyMade(
        "HOT_ITEMS",
        "Hot items from the distribution centre",
        "SKUs with the tag hot come from distribution centres as long as these have them; stores "
        "keep theirs for customers at the counter.",
        (
            Rule(
                "Hot items from the centre",
                Effect(EffectKind.PREFER, STRONGLY),
                _tagged("hot"),
                _of_kind("DC"),
            ),
        ),
    )


def click_and_collect() -> ReadyMade:
    """The store of collection first."""
    return ReadyMade(
        "CLICK_AND_COLLECT",
        "Click & collect from the local store",
        "Orders that are collected come from the shelf of the store of collection as long as it "
        "has the goods.",
        (
            Rule(
                "The store of collection first",
                Effect(EffectKind.PREFER, STRONGLY),
                Among(Fact.DELIVERY_MODE, ("PICKUP", "SHIP_TO_STORE")),
                IsHome(yes=True),
            ),
        ),
    )


def abroad(home_country: str = "IT") -> ReadyMade:
    """Suppliers for orders to other countries."""
    return ReadyMade(
        "ABROAD",
        "Orders abroad from the supplier",
        f"Orders to other countries than {home_country} are sent by suppliers as long as these "
        "have the goods.",
        (
            Rule(
                "Suppliers send abroad",
                Effect(EffectKind.PREFER, STRONGLY),
                Among(Fact.COUNTRY, (home_country,), negated=True),
                _of_kind("SUPPLIER"),
            ),
        ),
    )


def ship_from_stores(first: date | None = None) -> ReadyMade:
    """All from stores, as of a day."""
    since = "from the day on that it is scheduled for" if first is None else f"as of {first}"
    return ReadyMade(
        "SHIP_FROM_STORES",
        "Ship from stores",
        f"Orders that are sent come from stores only, {since}.",
        (
            Rule(
                "Only stores",
                Effect(EffectKind.REQUIRE),
                _SENT if first is None else All((_SENT, OnDates(first))),
                _of_kind("STORE"),
            ),
        ),
    )


def avoid_markdowns() -> ReadyMade:
    """Stock is balanced by selling where there is too much."""
    return ReadyMade(
        "AVOID_MARKDOWNS",
        "Balance stock to avoid markdowns",
        "A unit sold at a location with the tag overstocked saves 8.00 of a markdown; one sold at "
        "a location with the tag scarce counts as 5.00 dearer.",
        (
            Rule(
                "Sell what is overstocked",
                Effect(EffectKind.MARKDOWN, 800),
                where=_tagged("overstocked"),
            ),
            Rule(
                "Spare what is scarce",
                Effect(EffectKind.PREFER, -500),
                where=_tagged("scarce"),
            ),
        ),
    )


def replenish_by_returns() -> ReadyMade:
    """Returns stay in stores that ran out."""
    return ReadyMade(
        "REPLENISH_BY_RETURNS",
        "Returns replenish stores that ran out",
        "Orders that are sent avoid stores with the tag replenish, so that what customers bring "
        "back there stays there and fills their shelves. It decides about orders only: goods that "
        "were brought back to another store go to them by transfer.",
        (
            Rule(
                "Leave returns where they are short",
                Effect(EffectKind.PREFER, -FIRST),
                _SENT,
                All((_of_kind("STORE"), _tagged("replenish"))),
            ),
        ),
    )


def _tagged(tag: str) -> Tagged:
    return Tagged(Match.HAS_ANY, (tag,))


def _of_kind(kind: str) -> LocationAmong:
    return LocationAmong(LocationFact.KIND, (kind,))
