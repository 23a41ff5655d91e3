"""Customers: what they want and where, and how they change their minds."""

from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import Any

from app.client import Caller, Payload, Refused
from app.simulation.scene import popularity
from app.simulation.world import Place, Placed, World

CHANNELS = ("web", "pos", "call-center", "marketplace", "social")
_SHARES = (60, 20, 8, 8, 4)
_MODES = ("SHIP", "PICKUP", "SHIP_TO_STORE", "PICKUP_POINT")
_MODE_SHARES = (60, 26, 9, 5)
_POLICIES = ("REFUSE", "BACKORDER", "BACKORDER_REST", "SPLIT", "SHIP_COMPLETE", "CANCEL_REST")
_POLICY_SHARES = (40, 15, 15, 10, 10, 10)
_HOURS = range(8, 23)
_BUSY = (2, 4, 6, 8, 8, 7, 6, 6, 6, 7, 8, 10, 12, 9, 5)
"""How busy the hours are online; stores sell from 10 to 19 only."""
_FIRST = ("Ada", "Bruno", "Carmen", "Dario", "Elena", "Hugo", "Lucia", "Marta", "Paolo", "Sara")
_LAST = ("Bassi", "Conti", "Ferrer", "Greco", "Lopez", "Moreno", "Neri", "Rossi", "Serra", "Soler")
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_APPROVED, _TIMED_OUT = "tok_approve", "tok_timeout"


class Shopping:
    """The demand of a day."""

    def __init__(self, world: World, orders: int) -> None:
        self._world = world
        self._orders = orders
        self._shares = dict(zip(world.skus, popularity(world.skus), strict=True))

    def plan(self) -> None:
        """All orders of today are on the agenda."""
        for number in range(self._orders):
            channel = self._world.random.choices(CHANNELS, _SHARES)[0]
            moment = self._moment(channel)
            self._world.agenda.at(moment, lambda n=number, c=channel: self._shop(n, c))

    def _moment(self, channel: str) -> datetime:
        random = self._world.random
        hour = random.randint(10, 18) if channel == "pos" else random.choices(_HOURS, _BUSY)[0]
        return self._world.on(0, time(hour)) + random.random() * _HOUR

    async def _shop(self, number: int, channel: str) -> None:
        world = self._world
        home = world.random.choice(world.stores)
        wish = self._wish(channel, home)
        seller = self._seller(channel, home)
        try:
            payload = await world.call(seller, "placeOrder", **wish)
        except Refused as error:
            refused = error
            if "orderId" in refused.details:
                world.tally.events["payments not approved"] += 1
                world.agenda.after(10 * _MINUTE, lambda: self._pay(refused, seller, wish))
            elif channel == "pos":
                await self._endless_aisle(seller, home, wish)
            return
        self._placed(payload["order"], wish)

    async def _endless_aisle(self, till: Caller, home: Place, wish: Payload) -> None:
        """The store has it not: the clerk orders it to the customer's home."""
        delivery = {"mode": "SHIP", "address": self._address(home)}
        again = {**wish, "delivery": delivery, "payment": {"tender": "TERMINAL"}}
        payload = await self._world.attempt(till, "placeOrder", **again)
        if payload:
            self._world.tally.events["endless aisle"] += 1
            self._placed(payload["order"], again)

    async def _pay(self, refused: Refused, seller: Caller, wish: Payload) -> None:
        """Two in three try again; the others leave."""
        if self._world.chance(0.34):
            return
        again = {"orderId": refused.details["orderId"]}
        if refused.code == "PAYMENT_DECLINED":
            again["payment"] = {"tender": "CARD", "token": _APPROVED}
        payload = await self._world.attempt(seller, "payOrder", **again)
        if payload:
            self._placed(payload["order"], wish)

    def _placed(self, order: Payload, wish: Payload) -> None:
        delivery = wish["delivery"]
        store = delivery.get("locationId")
        placed = Placed(
            order["id"], order["customerId"], delivery["mode"], store, delivery.get("address")
        )
        self._world.orders[placed.id] = placed
        if placed.mode != "TAKE_AWAY":
            self._change_minds(placed, order)

    def _change_minds(self, placed: Placed, order: Payload) -> None:
        world, rates = self._world, self._world.rates
        me = world.cast.customer(placed.customer)
        given = {"orderId": placed.id}
        if world.chance(rates.cancelled_soon):
            self._later(me, 3 * _MINUTE, 14 * _MINUTE, "cancelOrder", **given)
        elif world.chance(rates.cancel_asked):
            self._later(me, _HOUR, 5 * _HOUR, "requestCancel", **given)
        elif world.chance(rates.lines_cancelled):
            line = world.random.choice(order["lines"])
            lines = [{"orderLineId": line["id"], "quantity": 1}]
            self._later(me, 3 * _MINUTE, _HOUR, "cancelOrderLines", lines=lines, **given)
        elif placed.address and world.chance(rates.moved):
            address = placed.address | {"street": "Via Nuova 7"}
            self._later(me, 3 * _MINUTE, _HOUR, "editOrderAddress", address=address, **given)
        elif world.chance(rates.held):
            hold = {"hold": "FRAUD", **given}
            self._later(world.cast.agent, _MINUTE, 10 * _MINUTE, "holdOrder", **hold)
            self._later(world.cast.agent, 2 * _HOUR, 3 * _HOUR, "releaseHold", **hold)

    def _later(
        self, who: Caller, least: timedelta, most: timedelta, name: str, **given: Any
    ) -> None:
        async def act() -> None:
            if await self._world.attempt(who, name, **given):
                self._world.tally.events[name] += 1

        self._world.agenda.after(self._world.between(least, most), act)

    def _seller(self, channel: str, home: Place) -> Caller:
        match channel:
            case "pos":
                return self._world.cast.till(home.id)
            case "call-center":
                return self._world.cast.agent
            case _:
                return self._world.cast.channel(channel)

    def _wish(self, channel: str, home: Place) -> dict[str, Any]:
        random = self._world.random
        person = random.randrange(max(1, self._orders // 2))
        delivery = self._delivery(channel, home)
        chosen = self._basket(home if "locationId" in delivery else None)
        return {
            "channel": channel,
            "customer": {
                "email": f"customer{person}@example.com",
                "firstName": _FIRST[person % len(_FIRST)],
                "lastName": _LAST[person // len(_FIRST) % len(_LAST)],
            },
            "lines": [
                {"sku": sku, "quantity": random.choices((1, 2, 3), (80, 15, 5))[0]}
                for sku in chosen
            ],
            "delivery": delivery,
            "payment": self._payment(channel),
            "unfilledPolicy": "REFUSE"
            if channel == "pos"
            else random.choices(_POLICIES, _POLICY_SHARES)[0],
        }

    def _basket(self, store: Place | None) -> Collection[str]:
        """SKUs by their popularity; in a store, or from its page, mostly what it has on display."""
        random = self._world.random
        seen = self._world.shelves[store.id] if store and not self._world.chance(0.1) else ()
        skus = seen or self._world.skus
        shares = [self._shares[sku] for sku in skus]
        return dict.fromkeys(random.choices(skus, shares, k=random.choice((1, 1, 1, 2, 2, 3))))

    def _delivery(self, channel: str, home: Place) -> dict[str, Any]:
        random = self._world.random
        if channel == "pos":
            return {"mode": "TAKE_AWAY", "locationId": home.id}
        mode = "SHIP"
        if channel in {"web", "social"}:
            mode = random.choices(_MODES, _MODE_SHARES)[0]
        if mode in {"PICKUP", "SHIP_TO_STORE"}:
            return {"mode": mode, "locationId": home.id}
        return {"mode": mode, "address": self._address(home)}

    def _address(self, home: Place) -> dict[str, Any]:
        """Somewhere near the store."""
        random, site = self._world.random, home.site
        return {
            "recipient": f"{random.choice(_FIRST)} {random.choice(_LAST)}",
            "street": f"Via {random.choice(_LAST)} {random.randint(1, 99)}",
            "city": site.city,
            "postalCode": site.postal_code,
            "country": site.country,
            "latitude": site.latitude + random.uniform(-0.3, 0.3),
            "longitude": site.longitude + random.uniform(-0.3, 0.3),
        }

    def _payment(self, channel: str) -> dict[str, Any]:
        random, rates = self._world.random, self._world.rates
        match channel:
            case "pos":
                return {"tender": random.choice(("CASH", "TERMINAL"))}
            case "marketplace":
                return {"tender": "EXTERNAL"}
            case _:
                outcome = random.random()
                if outcome < rates.declined:
                    return {"tender": "CARD", "token": "tok_decline"}
                late = outcome < rates.declined + rates.timed_out
                return {"tender": "CARD", "token": _TIMED_OUT if late else _APPROVED}
