"""News of the carriers area."""

from uuid import UUID

from domain.events.model import Aggregate, Event

RATES_CHANGED = "CarrierRatesChanged"


def rates_changed(tariff_id: UUID, carrier: str, version: int, rates: int) -> Event:
    """The event of a carrier's rates in their present version; `rates` is their number."""
    return Event(
        type=RATES_CHANGED,
        aggregate=Aggregate.CARRIER,
        aggregate_id=tariff_id,
        version=version,
        topics=(),
        payload={"carrier": carrier, "version": version, "rates": rates},
    )
