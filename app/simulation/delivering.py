"""Carriers: what they report of parcels, and what they bring back."""

from datetime import datetime, timedelta

from app.simulation.office import Office
from app.simulation.world import Place, World

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
CARRIER = "VELOX"


class Delivering:
    """The way of each parcel, drawn when it leaves."""

    def __init__(self, world: World, office: Office) -> None:
        self._world = world
        self._office = office

    def plan(self, order: str, sender: Place, number: str) -> None:
        """What will be reported of a parcel that has just left."""
        world, rates = self._world, self._world.rates
        start = world.agenda.now
        self._report(number, "IN_TRANSIT", start + world.between(4 * _HOUR, 12 * _HOUR))
        arrival = start + world.between(20 * _HOUR, 56 * _HOUR)
        fate = world.random.random()
        for status, share in (
            ("LOST", rates.lost),
            ("DAMAGED", rates.damaged),
            ("REFUSED", rates.refused),
        ):
            if fate < share:
                self._fail(order, sender, number, status, arrival)
                return
            fate -= share
        if world.chance(rates.delayed):
            world.tally.events["parcels delayed"] += 1
            self._report(number, "DELAYED", arrival - 2 * _HOUR, expected=arrival + _DAY)
            arrival += _DAY
        if world.chance(rates.failed_attempt):
            self._report(number, "FAILED_ATTEMPT", arrival)
            arrival += _DAY
        self._report(number, "DELIVERED", arrival)
        if world.chance(rates.repeated):
            self._report(number, "IN_TRANSIT", arrival + _HOUR, happened=start + _HOUR)

    def _fail(self, order: str, sender: Place, number: str, status: str, at: datetime) -> None:
        self._world.tally.events[f"parcels {status.lower()}"] += 1
        self._report(number, status, at)
        if status == "REFUSED":
            back = at + 2 * _DAY
            self._report(number, "RETURNED_TO_ORIGIN", back)
            self._world.agenda.at(back + 2 * _HOUR, lambda: self._receive_back(sender, number))
        self._world.agenda.at(at + 4 * _HOUR, lambda: self._office.settle_failure(order))

    def _report(
        self,
        number: str,
        status: str,
        at: datetime,
        *,
        happened: datetime | None = None,
        expected: datetime | None = None,
    ) -> None:
        async def act() -> None:
            await self._world.attempt(
                self._world.cast.carrier(),
                "recordTrackingEvent",
                carrier=CARRIER,
                trackingNumber=number,
                externalId=f"{number}-{status}-{at.timestamp():.0f}",
                status=status,
                occurredAt=(happened or at).isoformat(),
                expectedAt=expected.isoformat() if expected else None,
            )

        self._world.agenda.at(at, act)

    async def _receive_back(self, sender: Place, number: str) -> None:
        cast = self._world.cast
        who = cast.manager(sender.id) if sender.is_store else cast.warehouse(sender.id)
        await self._world.attempt(
            who, "receiveReturnedParcel", carrier=CARRIER, trackingNumber=number
        )
