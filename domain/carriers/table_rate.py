"""The carrier that is built in: prices from a table, numbers and labels made here."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.carriers.model import (
    CarrierReport,
    LabelAnswer,
    LabelRequest,
    Outcome,
    Place,
    Rate,
    VoidAnswer,
)
from domain.carriers.numbers import s10_number
from domain.carriers.port import Adapters, Carrier
from domain.carriers.rating import rate_for, rates_for
from domain.carriers.repository import all_tariffs, tariff_of
from domain.common.database import Database


@dataclass(frozen=True, slots=True)
class TableRateCarrier:
    """A carrier without an API: a courier of the town, own vans, a contract on paper.

    Its answers depend on its rates only, so that asking again gives the same label. It reports
    nothing; reports come by `recordTrackingEvent` or by webhook.
    """

    database: Database
    code: str

    async def rates(
        self, sender: Place, recipient: Place, weights_g: Sequence[int]
    ) -> Sequence[Rate]:
        """See the port."""
        del sender
        tariff = await self.database.read(lambda connection: tariff_of(connection, self.code))
        return rates_for(self.code, tariff.rates if tariff else (), recipient, weights_g)

    async def buy_label(self, wanted: LabelRequest) -> LabelAnswer:
        """See the port. Refused without a rate for the service, the zone and the weight."""
        tariff = await self.database.read_primary(lambda c: tariff_of(c, self.code))
        rows = [row for row in (tariff.rates if tariff else ()) if row.service == wanted.service]
        row = rate_for(rows, wanted.recipient, wanted.weight_g)
        if row is None:
            reason = f"no rate of service {wanted.service!r} for this address and weight"
            return LabelAnswer(Outcome.REFUSED, reason=reason)
        number = s10_number(wanted.serial, wanted.sender.country)
        return LabelAnswer(
            Outcome.DONE,
            tracking_number=number,
            reference=number,
            price_minor=row.price_minor,
            currency=row.currency,
        )

    async def cancel_label(self, reference: str) -> VoidAnswer:
        """See the port. Nothing was paid yet, so it is always void."""
        del reference
        return VoidAnswer(Outcome.DONE)

    async def track(self, tracking_number: str) -> Sequence[CarrierReport]:
        """See the port. It knows nothing."""
        del tracking_number
        return ()


def carrier_named(database: Database, adapters: Adapters, code: str) -> Carrier:
    """The carrier of that code: the adapter of that name, else one that works by its rates."""
    return adapters.get(code) or TableRateCarrier(database, code)


async def shipping_rates(
    database: Database,
    adapters: Adapters,
    sender: Place,
    recipient: Place,
    weights_g: Sequence[int],
) -> list[Rate]:
    """What all carriers ask for these parcels together, the cheapest first. No lock is held."""
    tariffs = await database.read(all_tariffs)
    found = [
        rate
        for tariff in tariffs
        if tariff.carrier not in adapters
        for rate in rates_for(tariff.carrier, tariff.rates, recipient, weights_g)
    ]
    for adapter in adapters.values():
        found.extend(await adapter.rates(sender, recipient, weights_g))
    return sorted(found, key=lambda rate: (rate.price_minor, rate.carrier, rate.service))
