"""Head office and call center: they release orders, ask customers, settle failures and buy."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, time, timedelta

from app.client import Payload
from app.simulation import documents
from app.simulation.world import World

_HOUR = timedelta(hours=1)
_PATIENCE = timedelta(hours=3)
_LINES = 100
_UNSERVED_AT_STORE = {"REJECTED", "SHORT_PICKED"}
_UNSERVED = _UNSERVED_AT_STORE | {"BACKORDERED", "PENDING_SOURCE"}


class Office:
    """The people who see all orders."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._asked: set[str] = set()
        self._not_before: dict[str, datetime] = {}

    async def release(self, order: str) -> None:
        """The locations are asked to work on an order, unless something is against it."""
        now = self._world.agenda.now
        if now < self._not_before.get(order, now):
            return
        if await self._world.attempt(self._world.cast.operations, "releaseOrder", orderId=order):
            self._world.tally.events["orders released"] += 1
        else:
            self._not_before[order] = now + _PATIENCE

    def ask_customer(self, order: str) -> None:
        """A store has not all that a customer wants to collect there: what now?"""
        placed = self._world.orders.get(order)
        if placed and placed.store and order not in self._asked:
            self._asked.add(order)
            pause = self._world.between(_HOUR, 3 * _HOUR)
            self._world.agenda.after(pause, lambda: self._choose(order))

    async def _choose(self, order: str) -> None:
        world = self._world
        self._asked.discard(order)
        placed = world.orders[order]
        me = world.cast.customer(placed.customer)
        other = world.random.choice(world.stores)
        if placed.mode == "PICKUP" and other.id != placed.store and world.chance(0.6):
            done = await world.attempt(
                me, "choosePickupAlternative", orderId=order, choice="OTHER_STORE",
                locationId=other.id,
            )  # fmt: skip
            if done:
                placed.store = other.id
                world.tally.events["customers who chose another store"] += 1
                return
        if await world.attempt(me, "choosePickupAlternative", orderId=order, choice="REFUND"):
            world.tally.events["customers who chose their money"] += 1

    async def settle_failure(self, order: str) -> None:
        """A parcel did not arrive: the customer gets another one, or the money."""
        world = self._world
        wish = "RESHIP" if world.chance(0.5) else "REFUND"
        for choice in dict.fromkeys((wish, "REFUND")):
            if await world.attempt(
                world.cast.agent, "resolveFailedDelivery", orderId=order, resolution=choice
            ):
                world.tally.events[f"failed deliveries: {choice.lower()}"] += 1
                return

    def plan_buying(self, days: int) -> None:
        """What orders wait for arrives twice a day at a distribution centre."""
        for day in range(days):
            for hour in (11, 16):
                self._world.agenda.at(self._world.on(day, time(hour)), self._receive)

    async def _receive(self) -> None:
        world = self._world
        wanted, world.wanted = world.wanted, Counter()
        lines = [{"sku": sku, "quantity": units} for sku, units in sorted(wanted.items())]
        place = world.random.choice(world.warehouses)
        for start in range(0, len(lines), _LINES):
            part = lines[start : start + _LINES]
            reference = f"PO-{world.agenda.now:%d%H}"
            who = world.cast.warehouse(place.id)
            given = {"locationId": place.id, "lines": part, "reference": reference}
            if await world.attempt(who, "receiveStock", **given):
                world.tally.events["deliveries from suppliers"] += 1

    def plan_reviews(self, days: int, patience: int) -> None:
        """Every morning from tomorrow all open orders are looked at; after `patience` days what
        still waits for stock is cancelled.
        """
        for day in range(1, days):
            moment = self._world.on(day, time(9))
            self._world.agenda.at(moment, lambda late=day > patience: self._review(give_up=late))

    async def _review(self, *, give_up: bool) -> None:
        world = self._world
        after, more = None, True
        found: list[Payload] = []
        while more:
            page = await world.ask(world.cast.operations, documents.OPEN_ORDERS, after=after)
            found += [edge["node"] for edge in page["edges"]]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        for order in found:
            if give_up:
                await self._give_up(order)
            elif _units(order, _UNSERVED_AT_STORE):
                self.ask_customer(order["id"])

    async def _give_up(self, order: Payload) -> None:
        world = self._world
        waits = _units(order, _UNSERVED)
        lines = [{"orderLineId": line, "quantity": units} for line, units in waits.items()]
        given = {"orderId": order["id"], "lines": lines, "reason": "not in stock"}
        if lines and await world.attempt(world.cast.agent, "cancelOrderLines", **given):
            world.tally.events["orders given up in part or whole"] += 1


def _units(order: Payload, states: Collection[str]) -> Counter[str]:
    """Units of an order in any of those states, by line."""
    found = Counter[str]()
    for line in order["lines"]:
        for group in line["groups"]:
            if group["state"] in states:
                found[line["id"]] += group["quantity"]
    return found
