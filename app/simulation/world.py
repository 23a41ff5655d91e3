"""What everybody in a simulation shares: time, chance, the places, and a tally of what happened."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from app.client import Caller, Payload, Refused
from app.demo.places import Site
from app.simulation.agenda import Agenda
from app.simulation.cast import Cast
from app.simulation.documents import MUTATIONS
from app.simulation.rates import Rates
from domain.locations.model import LocationKind

DEFECT = "INTERNAL"
"""The code of a failure that is nobody's decision."""


@dataclass(frozen=True, slots=True)
class Place:
    """A location of the chain. `id` is its global id."""

    id: str
    site: Site

    @property
    def is_store(self) -> bool:
        """Whether customers come here."""
        return self.site.kind is LocationKind.STORE


@dataclass
class Placed:
    """An order as the one who placed it knows it. `store` is where it is collected: global ids."""

    id: str
    customer: str
    mode: str
    store: str | None
    address: dict[str, Any] | None


@dataclass
class Tally:
    """What happened: events by name, and refusals by mutation and code."""

    events: Counter[str] = field(default_factory=Counter[str])
    refused: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    calls: int = 0

    @property
    def defects(self) -> int:
        """Calls that failed inside, which must be 0."""
        return sum(number for (_, code), number in self.refused.items() if code == DEFECT)


@dataclass
class World:
    """The chain while it is simulated."""

    agenda: Agenda
    cast: Cast
    places: Sequence[Place]
    skus: Sequence[str]
    shelves: Mapping[str, Sequence[str]]
    """SKUs by location id that were there at first."""
    random: Random
    rates: Rates
    zone: ZoneInfo
    tally: Tally = field(default_factory=Tally)
    orders: dict[str, Placed] = field(default_factory=dict[str, Placed])
    wanted: Counter[str] = field(default_factory=Counter[str])
    """Units by SKU that orders wait for, until the buyer has ordered them."""
    waiting: set[str] = field(default_factory=set[str])
    """Orders of which units were waiting for stock when last seen."""
    _keys: int = 0

    @property
    def stores(self) -> Sequence[Place]:
        """All stores."""
        return [place for place in self.places if place.is_store]

    @property
    def warehouses(self) -> Sequence[Place]:
        """All distribution centres."""
        return [place for place in self.places if not place.is_store]

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self.random.random() < probability

    def between(self, least: timedelta, most: timedelta) -> timedelta:
        """Any time span in between."""
        return least + (most - least) * self.random.random()

    def on(self, days: int, at: time) -> datetime:
        """That time of day, so many days from today."""
        today = self.agenda.now.astimezone(self.zone).date()
        return datetime.combine(today + timedelta(days=days), at, self.zone)

    async def attempt(self, who: Caller, name: str, /, **given: Any) -> Payload | None:
        """The payload of a mutation in somebody's name; None when it was refused, which counts."""
        try:
            return await self.call(who, name, **given)
        except Refused:
            return None

    async def call(self, who: Caller, name: str, /, **given: Any) -> Payload:
        """The payload of a mutation in somebody's name.

        Raises:
            Refused: it was refused, which counts.
        """
        self._keys += 1
        self.tally.calls += 1
        key = {"idempotencyKey": f"simulated-{self._keys}"}
        try:
            payload = await who.do(MUTATIONS[name], key | given)
        except Refused as refused:
            self.tally.refused[name, refused.code] += 1
            raise
        if "order" in payload:
            self._look_at(payload["order"])
        return payload

    async def ask(self, who: Caller, document: str, **variables: Any) -> Any:
        """The value of a query in somebody's name."""
        self.tally.calls += 1
        return await who.ask(document, variables)

    def _look_at(self, order: Payload) -> None:
        """Remember what an order waits for now."""
        waits = Counter[str]()
        for line in order["lines"]:
            for group in line["groups"]:
                if group["state"] in {"BACKORDERED", "PENDING_SOURCE"}:
                    waits[line["sku"]] += group["quantity"]
        if waits and order["id"] not in self.waiting:
            self.wanted += waits
            self.waiting.add(order["id"])
        if not waits:
            self.waiting.discard(order["id"])
