"""Goods that customers collect in a store: they arrive, wait, and are handed over, or not."""

from datetime import time, timedelta
from typing import Any

from app.client import Caller, Payload
from app.simulation import documents
from app.simulation.world import Placed, World

_OPENS, _CLOSES = time(10, 30), time(13, 30)
_PROXY = "Vera Bassi"


class Collecting:
    """The counter of each store."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._expected: set[str] = set()

    def expect(self, order: Placed, work: Payload) -> None:
        """Goods are on their way to the store: it receives them the next morning."""
        arrival = self._world.on(1, _OPENS) + timedelta(hours=2) * self._world.random.random()
        self._world.agenda.at(arrival, lambda: self._receive(order, work))

    async def _receive(self, order: Placed, work: Payload) -> None:
        world = self._world
        assert order.store
        given: Payload = {"fulfillmentOrderId": work["id"]}
        if world.chance(world.rates.transfer_short):
            first, *rest = work["lines"]
            lines = [{**first, "quantity": first["quantity"] - 1}, *rest]
            given["lines"] = [
                {key: line[key] for key in ("orderLineId", "quantity")} for line in lines
            ]
            world.tally.events["transfers received short"] += 1
        if await world.attempt(world.cast.manager(order.store), "receivePickupTransfer", **given):
            self.plan(order)

    def plan(self, order: Placed) -> None:
        """Goods wait for the customer, who comes one of the next days, or never."""
        world = self._world
        if order.id in self._expected:
            return
        self._expected.add(order.id)
        me = world.cast.customer(order.customer)
        if world.chance(world.rates.proxy):
            world.agenda.after(
                timedelta(hours=1),
                lambda: self._say(me, "namePickupProxy", order, name=_PROXY),
            )
        if world.chance(world.rates.extended):
            world.agenda.after(
                timedelta(hours=5), lambda: self._say(me, "extendPickup", order, days=3)
            )
        if world.chance(world.rates.no_show):
            world.tally.events["customers who never came"] += 1
            return
        span = timedelta(hours=_CLOSES.hour - _OPENS.hour)
        moment = world.on(world.random.randint(1, 3), _OPENS) + span * world.random.random()
        world.agenda.at(moment, lambda: self._hand_over(order))

    async def _say(self, who: Caller, name: str, order: Placed, /, **given: Any) -> None:
        await self._world.attempt(who, name, orderId=order.id, **given)

    async def _hand_over(self, order: Placed) -> None:
        world = self._world
        assert order.store
        self._expected.discard(order.id)
        seen = await world.ask(world.cast.customer(order.customer), documents.CODE, id=order.id)
        if not seen or not seen["pickupCode"]:
            return
        if await world.attempt(
            world.cast.till(order.store),
            "collectPickup",
            orderId=order.id,
            code=seen["pickupCode"],
        ):
            world.tally.events["pickups collected"] += 1
