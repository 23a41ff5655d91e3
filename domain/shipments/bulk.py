"""Many shipments at once, for imports: stored as they stand in the end."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.sql.dml import UpdateBase

from domain.common.sql import insert_many
from domain.shipments.model import Shipment, TrackingEvent
from domain.shipments.saving import stored
from domain.shipments.tables import parcel, parcel_line, shipment

_SHIPMENT = [column.name for column in shipment.columns]
_PARCEL = [column.name for column in parcel.columns if column.name != "asked_at"]
_PARCEL_LINE = [column.name for column in parcel_line.columns]


def whole(shipments: Sequence[Shipment], events: Sequence[TrackingEvent]) -> list[UpdateBase]:
    """The writes that store new shipments with their parcels, whatever their state and version, and
    the tracking events that brought them there. Nothing was captured for them: they were paid for
    before.
    """
    parcels = [each for sent in shipments for each in sent.parcels]
    lines = [{"parcel_id": each.id, **asdict(line)} for each in parcels for line in each.lines]
    rows = [{name: getattr(each, name) for name in _PARCEL} for each in parcels]
    return [
        insert_many(shipment, _SHIPMENT, [_row(sent) for sent in shipments]),
        insert_many(parcel, _PARCEL, rows),
        insert_many(parcel_line, _PARCEL_LINE, lines),
        stored(events),
    ]


def _row(sent: Shipment) -> dict[str, Any]:
    names = [name for name in _SHIPMENT if name != "captured_minor"]
    return {name: getattr(sent, name) for name in names} | {"captured_minor": 0}
