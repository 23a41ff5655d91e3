"""News of the stock area."""

from typing import Any

from domain.events.model import Aggregate, Event, Topic
from domain.stock.model import Level, StockBin

STOCK_CHANGED = "StockChanged"
BIN_CHANGED = "StockBinChanged"


def payload_of(level: Level) -> dict[str, Any]:
    """The public state of a level, as JSON values."""
    return {
        "level_id": str(level.id),
        "sku": level.sku,
        "location_id": str(level.location_id),
        "on_hand": level.on_hand,
        "allocated": level.allocated,
        "reserved": level.reserved,
        "damaged": level.damaged,
        "inspection": level.inspection,
        "quality_hold": level.quality_hold,
        "display": level.display,
        "safety": level.safety,
        "available": level.available,
        "version": level.version,
        "updated_at": level.updated_at.isoformat(),
    }


def stock_changed(level: Level) -> Event:
    """The event of a level's change to its present version."""
    return Event(
        type=STOCK_CHANGED,
        aggregate=Aggregate.STOCK_LEVEL,
        aggregate_id=level.id,
        version=level.version,
        topics=(Topic.stock(level.location_id),),
        payload=payload_of(level),
    )


def bin_changed(place: StockBin) -> Event:
    """The event of a bin's change to its present version."""
    return Event(
        type=BIN_CHANGED,
        aggregate=Aggregate.STOCK_BIN,
        aggregate_id=place.id,
        version=place.version,
        topics=(Topic.bins(place.location_id),),
        payload={
            "sku": place.sku,
            "location_id": str(place.location_id),
            "zone": place.zone,
            "bin": place.bin,
            "version": place.version,
            "updated_at": place.updated_at.isoformat(),
        },
    )
