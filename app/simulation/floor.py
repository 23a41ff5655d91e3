"""Staff of stores and distribution centres: they come by their work queue and do what it says."""

from datetime import datetime, timedelta

from app.client import Caller, Payload
from app.simulation import documents
from app.simulation.collecting import Collecting
from app.simulation.delivering import CARRIER, Delivering
from app.simulation.office import Office
from app.simulation.world import Place, World

_MINUTE = timedelta(minutes=1)
_REASONS = ("NOT_IN_STOCK", "NOT_IN_STOCK", "DAMAGED", "CAPACITY", "MISMATCH")
_HANDLED = {"PLANNED", "READY_FOR_PICKUP", "TRANSFER_IN_TRANSIT"}


class Floor:
    """What happens at the locations during opening hours."""

    def __init__(
        self, world: World, delivering: Delivering, collecting: Collecting, office: Office
    ) -> None:
        self._world = world
        self._delivering = delivering
        self._collecting = collecting
        self._office = office
        self._ignored: set[str] = set()
        self._unanswered: set[str] = set()

    def plan(self, place: Place, opens: datetime, closes: datetime, every: timedelta) -> None:
        """Staff look at the queue of a place so often during a day."""
        moment = opens + every * self._world.random.random()
        while moment < closes:
            self._world.agenda.at(moment, lambda: self._visit(place))
            moment += every

    async def _visit(self, place: Place) -> None:
        who = self._staff(place)
        queue = await self._world.ask(who, documents.QUEUE, location=place.id)
        for work in queue:
            if work["status"] == "PLANNED":
                await self._office.release(work["orderId"])
            elif work["cancelRequested"]:
                await self._answer(who, work)
            elif work["id"] not in self._ignored and work["status"] not in _HANDLED:
                await self._advance(place, who, work)

    def _staff(self, place: Place) -> Caller:
        cast = self._world.cast
        return cast.manager(place.id) if place.is_store else cast.warehouse(place.id)

    async def _answer(self, who: Caller, work: Payload) -> None:
        if work["id"] in self._unanswered:
            return
        self._unanswered.add(work["id"])
        rates = self._world.rates
        if self._world.chance(rates.cancel_ignored):
            return
        refuses = self._world.chance(rates.cancel_refused)
        name = "refuseCancelRequest" if refuses else "acceptCancelRequest"
        await self._do(who, name, work)

    async def _advance(self, place: Place, who: Caller, work: Payload) -> None:
        """One visit's worth of work: what was accepted last time is found, packed and sent now."""
        if work["status"] == "RELEASED":
            await self._take_on(who, work)
            return
        if work["status"] == "PICKING" and not await self._pick(who, work):
            return
        if work["status"] in {"PICKING", "PICKED"} and not await self._do(
            who, "packFulfillmentOrder", work
        ):
            return
        await self._send(place, who, work)

    async def _take_on(self, who: Caller, work: Payload) -> None:
        world, rates = self._world, self._world.rates
        if work["acceptedAt"] is None:
            if world.chance(rates.silent):
                self._ignored.add(work["id"])
                world.tally.events["requests never answered"] += 1
                return
            if world.chance(rates.rejected):
                reason = world.random.choice(_REASONS)
                if await self._do(who, "rejectFulfillmentOrder", work, reason=reason):
                    world.tally.events["works rejected"] += 1
                    self._office.ask_customer(work["orderId"])
                return
            if not await self._do(who, "acceptFulfillmentOrder", work):
                return
        await self._do(who, "startPicking", work)

    async def _pick(self, who: Caller, work: Payload) -> bool:
        """Whether there is something to pack."""
        world = self._world
        if not world.chance(world.rates.short):
            return await self._do(who, "confirmPick", work)
        missing, *rest = work["lines"]
        found = missing["quantity"] - 1
        lines = [{"orderLineId": missing["orderLineId"], "quantity": found}]
        lines += [{k: line[k] for k in ("orderLineId", "quantity")} for line in rest]
        done = await self._do(who, "reportPick", work, lines=lines)
        if done:
            world.tally.events["short picks"] += 1
            self._office.ask_customer(work["orderId"])
        return done and (found > 0 or bool(rest))

    async def _send(self, place: Place, who: Caller, work: Payload) -> None:
        world = self._world
        order = world.orders.get(work["orderId"])
        if work["deliveryMode"] in {"SHIP", "PICKUP_POINT"}:
            await self._ship(place, who, work)
        elif order and order.store == place.id:
            if await self._do(who, "markReadyForPickup", work):
                self._collecting.plan(order)
        elif order and await self._do(who, "dispatchPickupTransfer", work):
            world.tally.events["transfers for pickup"] += 1
            self._collecting.expect(order, work)

    async def _ship(self, place: Place, who: Caller, work: Payload) -> None:
        world = self._world
        parcels = self._parcels(work)
        done = await self._do(who, "shipFulfillmentOrder", work, carrier=CARRIER, parcels=parcels)
        if done:
            for parcel in parcels:
                world.tally.events["parcels sent"] += 1
                self._delivering.plan(work["orderId"], place, parcel["trackingNumber"])

    def _parcels(self, work: Payload) -> list[Payload]:
        world = self._world
        number = f"VX{world.tally.events['parcels sent'] + 1:08d}"
        lines = [{k: line[k] for k in ("orderLineId", "quantity")} for line in work["lines"]]
        units = sum(line["quantity"] for line in lines)
        if units < 2 or not world.chance(world.rates.two_parcels):
            return [{"trackingNumber": number}]
        first = {**lines[0], "quantity": 1}
        rest = [{**lines[0], "quantity": lines[0]["quantity"] - 1}, *lines[1:]]
        return [
            {"trackingNumber": number, "lines": [first]},
            {"trackingNumber": f"{number}B", "lines": [line for line in rest if line["quantity"]]},
        ]

    async def _do(self, who: Caller, name: str, work: Payload, **given: object) -> bool:
        given["fulfillmentOrderId"] = work["id"]
        payload = await self._world.attempt(who, name, **given)
        if payload and "order" in payload:
            self._world.tally.events[name] += 1
        return payload is not None
