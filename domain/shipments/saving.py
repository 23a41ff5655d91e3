"""Writing shipments: every change is one version and one event.

The writes are handed back, for the use case's one last statement (`orders.saving.save`).
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.dml import UpdateBase

from domain.common.ids import CustomerId
from domain.common.sql import insert_many, rows_of
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.payments.capturing import DONE
from domain.payments.tables import payment_capture
from domain.shipments.events import shipment_changed
from domain.shipments.model import Parcel, Shipment, TrackingEvent
from domain.shipments.tables import parcel, parcel_line, shipment, tracking_event

_PARCEL = [column.name for column in parcel.columns if column.name != "asked_at"]
_PARCEL_LINE = [column.name for column in parcel_line.columns]
_EVENT = [column.name for column in tracking_event.columns]
_PARCEL_CHANGING = ("tracking_number", "status", "expected_at", "returned_at")
_CHANGING = ("status", "delivered_at", "version")


async def opened(tx: Tx, new: Shipment, customer_id: CustomerId) -> list[UpdateBase]:
    """The writes that store a new shipment (version 1); its event is published.

    What was captured for its fulfillment order must be recorded before.
    """
    await publish(tx, shipment_changed(new, customer_id))
    lines = [{"parcel_id": each.id, **asdict(line)} for each in new.parcels for line in each.lines]
    return [
        sa.insert(shipment).values(**_shipment_row(new), captured_minor=_captured_for(new)),
        insert_many(parcel, _PARCEL, [_parcel_row(each) for each in new.parcels]),
        insert_many(parcel_line, _PARCEL_LINE, lines),
    ]


def _captured_for(new: Shipment) -> sa.ScalarSelect[int]:
    c = payment_capture.c
    return (
        sa.select(sa.func.coalesce(sa.func.sum(c.amount_minor), 0))
        .where(c.purpose_id == new.fulfillment_order_id, c.state == DONE)
        .scalar_subquery()
    )


async def changed(
    tx: Tx, after: Shipment, customer_id: CustomerId, events: Sequence[TrackingEvent]
) -> list[UpdateBase]:
    """The writes that store a locked shipment's next version and the tracking events that caused
    it; its event is published.
    """
    await publish(tx, shipment_changed(after, customer_id))
    values = {name: value for name, value in _shipment_row(after).items() if name in _CHANGING}
    rows = rows_of(
        [parcel.c.id, *[parcel.c[name] for name in _PARCEL_CHANGING]],
        [
            {name: getattr(each, name) for name in ("id", *_PARCEL_CHANGING)}
            for each in after.parcels
        ],
    )
    return [
        sa.update(shipment).where(shipment.c.id == after.id).values(**values),
        sa.update(parcel)
        .where(parcel.c.id == rows.c.id)
        .values({name: rows.c[name] for name in _PARCEL_CHANGING}),
        *([stored(events)] if events else []),
    ]


def stored(events: Sequence[TrackingEvent]) -> UpdateBase:
    """The write that stores these tracking events."""
    return insert_many(tracking_event, _EVENT, [asdict(event) for event in events])


def _shipment_row(given: Shipment) -> dict[str, Any]:
    return {
        "id": given.id,
        "order_id": given.order_id,
        "fulfillment_order_id": given.fulfillment_order_id,
        "location_id": given.location_id,
        "carrier": given.carrier,
        "service": given.service,
        "status": given.status.value,
        "created_at": given.created_at,
        "shipped_at": given.shipped_at,
        "delivered_at": given.delivered_at,
        "version": given.version,
    }


def _parcel_row(given: Parcel) -> dict[str, Any]:
    return {name: getattr(given, name) for name in _PARCEL}
