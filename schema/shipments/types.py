"""Shipments, their parcels, and what carriers report of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import strawberry
from strawberry import relay

from domain.common.ids import OrderId, ParcelId
from domain.shipments import model as domain
from domain.shipments.repository import events_by_parcel, shipments_by_order, shipments_in_scope
from schema.access import access
from schema.context import Context, Info
from schema.ids import global_id, uuids_of
from schema.shipments.enums import ShipmentStatus, TrackingStatus


@access()
@strawberry.type(description="Units of an order line in a parcel.")
class ParcelLine:
    """Twin of domain ParcelLine."""

    order_line_id: strawberry.ID = strawberry.field(description="Id of the line within its order.")
    quantity: int = strawberry.field(description="Units, 1 or more.")


@access()
@strawberry.type(description="What a carrier reported of a parcel.")
class TrackingEvent:
    """Twin of domain TrackingEvent."""

    external_id: str = strawberry.field(description="The carrier's own id of the report.")
    status: TrackingStatus = strawberry.field(description="What happened.")
    place: str = strawberry.field(description="Where, as the carrier wrote it; may be empty.")
    occurred_at: datetime = strawberry.field(description="When it happened (UTC).")
    received_at: datetime = strawberry.field(description="When it was recorded here (UTC).")
    applied: bool = strawberry.field(
        description="False when it came late: it is kept and changed nothing."
    )

    @staticmethod
    def of(event: domain.TrackingEvent) -> "TrackingEvent":
        """The twin."""
        return TrackingEvent(
            external_id=event.external_id,
            status=event.status,
            place=event.place,
            occurred_at=event.occurred_at,
            received_at=event.received_at,
            applied=event.applied,
        )


@access()
@strawberry.type(description="One package with its own label.")
class Parcel:
    """Twin of domain Parcel."""

    id: relay.GlobalID = strawberry.field(description="Its id, for labels.")
    tracking_number: str = strawberry.field(description="Unique for its carrier.")
    weight_g: int | None = strawberry.field(description="Weight in grams, if it was weighed.")
    status: TrackingStatus = strawberry.field(description="The furthest that it is known to be.")
    notice: TrackingStatus | None = strawberry.field(
        description="DELAYED or FAILED_ATTEMPT while that is the latest news; null otherwise."
    )
    expected_at: datetime | None = strawberry.field(
        description="When it should arrive, as the carrier said last (UTC)."
    )
    returned_at: datetime | None = strawberry.field(
        description="When it was received back by its sender (UTC)."
    )
    lines: list[ParcelLine] = strawberry.field(description="What is in it.")
    parcel_id: strawberry.Private[ParcelId]

    @strawberry.field(description="All reports, in the order in which they happened.")
    async def events(self, info: Info) -> list[TrackingEvent]:
        """The parcel's events, loaded for all parcels of the operation at once."""
        context = info.context

        async def load(keys: list[ParcelId]) -> list[Any]:
            found = await context.read(lambda c: events_by_parcel(c, keys))
            return [found.get(key, []) for key in keys]

        events = await context.loader("events_by_parcel", load).load(self.parcel_id)
        return [TrackingEvent.of(event) for event in events]

    @staticmethod
    def of(parcel: domain.Parcel) -> "Parcel":
        """The twin."""
        return Parcel(
            id=global_id("Parcel", parcel.id),
            tracking_number=parcel.tracking_number,
            weight_g=parcel.weight_g,
            status=parcel.status,
            notice=parcel.notice,
            expected_at=parcel.expected_at,
            returned_at=parcel.returned_at,
            lines=[
                ParcelLine(order_line_id=strawberry.ID(str(line.line_id)), quantity=line.quantity)
                for line in parcel.lines
            ],
            parcel_id=parcel.id,
        )


@access()
@strawberry.type(description="What left a location together for one order.")
class Shipment(relay.Node):
    """Twin of domain Shipment."""

    id: relay.NodeID[str]
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    fulfillment_order_id: relay.GlobalID = strawberry.field(description="The work it came from.")
    location_id: relay.GlobalID = strawberry.field(description="The location that it left.")
    carrier: str = strawberry.field(description="Code of the carrier, such as DHL.")
    service: str = strawberry.field(description="The carrier's product; empty when not given.")
    status: ShipmentStatus = strawberry.field(description="Where it is.")
    shipped_at: datetime | None = strawberry.field(description="When it left (UTC).")
    delivered_at: datetime | None = strawberry.field(
        description="When its last parcel was delivered (UTC); null before."
    )
    version: int = strawberry.field(description="Raised by one with every change.")
    parcels: list[Parcel] = strawberry.field(description="Its packages.")

    @classmethod
    async def resolve_nodes(
        cls, *, info: Info, node_ids: Iterable[str], required: bool = False
    ) -> list[Any]:
        """The shipments of orders in the caller's scope; null for all others."""
        del required
        keys, actor = list(node_ids), info.context.actor
        if actor is None:
            return [None] * len(keys)
        found = await info.context.read(lambda c: shipments_in_scope(c, actor, uuids_of(keys)))
        nodes = {str(key): cls.of(each) for key, each in found.items()}
        return [nodes.get(key.lower()) for key in keys]

    @staticmethod
    def of(shipment: domain.Shipment) -> "Shipment":
        """The twin."""
        return Shipment(
            id=str(shipment.id),
            order_id=global_id("Order", shipment.order_id),
            fulfillment_order_id=global_id("FulfillmentOrder", shipment.fulfillment_order_id),
            location_id=global_id("Location", shipment.location_id),
            carrier=shipment.carrier,
            service=shipment.service,
            status=shipment.status,
            shipped_at=shipment.shipped_at,
            delivered_at=shipment.delivered_at,
            version=shipment.version,
            parcels=[Parcel.of(parcel) for parcel in shipment.parcels],
        )


async def load_shipments(context: Context, order_id: OrderId) -> list[Shipment]:
    """The shipments of an order that the caller may see, oldest first.

    One statement for all orders of the operation.
    """

    async def load(keys: list[OrderId]) -> list[Any]:
        found = await context.read(lambda c: shipments_by_order(c, keys))
        return [found.get(key, []) for key in keys]

    found = await context.loader("shipments_by_order", load).load(order_id)
    return [Shipment.of(shipment) for shipment in found]
