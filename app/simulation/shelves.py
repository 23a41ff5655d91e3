"""Stock work: goods move to where they sell, shelves are counted, the WMS tells its own numbers."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from app.simulation import documents
from app.simulation.world import Place, World

TRANSFERS_A_DAY = 10
COUNTED_A_DAY = 3
_WITH_WMS = 30


class Shelves:
    """Transfers, cycle counts and snapshots."""

    def __init__(self, world: World) -> None:
        self._world = world

    def plan(self) -> None:
        """The stock work of today is on the agenda."""
        world = self._world
        for number in range(TRANSFERS_A_DAY):
            world.agenda.at(world.on(0, time(9 + number % 8)), self._send)
        for store in world.stores:
            world.agenda.at(world.on(0, time(19, 30)), lambda s=store: self._count(s))
        for warehouse in world.warehouses:
            world.agenda.at(world.on(0, time(21)), lambda w=warehouse: self._look(w))

    async def _send(self) -> None:
        world = self._world
        source, target = world.random.choice(world.warehouses), world.random.choice(world.stores)
        lines = [
            {"sku": sku, "quantity": world.random.randint(1, 6)}
            for sku in world.random.sample(list(world.skus), 3)
        ]
        who = world.cast.warehouse(source.id)
        made = await world.attempt(
            who, "createTransfer", sourceId=source.id, destinationId=target.id, lines=lines
        )
        if not made:
            return
        transfer = made["transfer"]["id"]
        if await world.attempt(who, "shipTransfer", transferId=transfer):
            world.tally.events["store transfers"] += 1
            arrival = world.on(1, time(9, 30))
            world.agenda.at(arrival, lambda: self._receive(target, transfer, lines))

    async def _receive(self, target: Place, transfer: str, lines: Sequence[dict[str, Any]]) -> None:
        world = self._world
        counted = None
        if world.chance(world.rates.transfer_short):
            first, *rest = lines
            counted = [{**first, "quantity": first["quantity"] - 1}, *rest]
            world.tally.events["store transfers received short"] += 1
        await world.attempt(
            world.cast.manager(target.id), "receiveTransfer", transferId=transfer, counted=counted
        )

    async def _count(self, store: Place) -> None:
        world = self._world
        clerk, manager = world.cast.till(store.id), world.cast.manager(store.id)
        skus = world.random.sample(list(world.skus), COUNTED_A_DAY)
        seen = await world.ask(clerk, documents.LEVELS, location=store.id, skus=skus)
        lines = [
            {"sku": level["sku"], "counted": self._found(level["onHand"])}
            for level in (edge["node"] for edge in seen["edges"])
        ]
        opened = await world.attempt(clerk, "openCount", locationId=store.id) if lines else None
        if not opened:
            return
        count = opened["count"]["id"]
        await world.attempt(clerk, "recordCount", countId=count, lines=lines)
        if not await world.attempt(clerk, "postCount", countId=count):
            await world.attempt(manager, "approveCount", countId=count)
            await world.attempt(manager, "postCount", countId=count)
        world.tally.events["shelves counted"] += len(lines)

    def _found(self, on_hand: int) -> int:
        world = self._world
        if not world.chance(world.rates.miscounted):
            return on_hand
        return max(0, on_hand + world.random.choice((-2, -1, -1, 1)))

    async def _look(self, warehouse: Place) -> None:
        """The WMS writes down its shelves at nine; its file arrives two hours later."""
        world = self._world
        skus = list(world.skus[:_WITH_WMS])
        who = world.cast.warehouse(warehouse.id)
        seen = await world.ask(who, documents.LEVELS, location=warehouse.id, skus=skus)
        lines = [
            {"sku": level["sku"], "onHand": self._found(level["onHand"])}
            for level in (edge["node"] for edge in seen["edges"])
        ]
        taken = world.agenda.now

        async def arrive(at: datetime = taken) -> None:
            if await world.attempt(
                who, "applyStockSnapshot", locationId=warehouse.id, takenAt=at.isoformat(),
                lines=lines,
            ):  # fmt: skip
                world.tally.events["WMS snapshots"] += 1

        world.agenda.after(timedelta(hours=2), arrive)
