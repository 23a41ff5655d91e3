"""What the outside may ask of shipments."""

from datetime import datetime
from uuid import UUID

import strawberry
from strawberry import relay

from domain.common.errors import ValidationFailed
from domain.common.ids import FulfillmentOrderId, OrderId, OrderLineId, ShipmentId
from domain.shipments import commands
from schema.ids import id_of, uuid_of
from schema.inputs import KEY, VERSION
from schema.shipments.enums import Disposition, Resolution, TrackingStatus


@strawberry.input(description="Units of an order line that go into a parcel.")
class ParcelLineInput:
    """Twin of GivenParcelLine."""

    order_line_id: strawberry.ID = strawberry.field(description="Id of the line within its order.")
    quantity: int = strawberry.field(description="Units, 1 or more.")

    def to_domain(self, field: str) -> commands.GivenParcelLine:
        """The line as given.

        Raises:
            ValidationFailed: for `field`, the id is not one.
        """
        try:
            line_id = OrderLineId(UUID(self.order_line_id))
        except ValueError as error:
            raise ValidationFailed(f"{field}.orderLineId", "is not the id of a line") from error
        return commands.GivenParcelLine(line_id, self.quantity)


@strawberry.input(description="One package with its label.")
class ParcelInput:
    """Twin of GivenParcel."""

    tracking_number: str = strawberry.field(
        description="1 to 64 letters, digits, '.', '/', '_' or '-'; unique for the carrier. Blanks "
        "do not count, small letters become capitals."
    )
    weight_g: int | None = strawberry.field(
        default=None, description="Weight in grams, 1 to 1,000,000."
    )
    lines: list[ParcelLineInput] | None = strawberry.field(
        default=None, description="What is in it; may be left out for a single parcel: all units."
    )

    def to_domain(self, field: str) -> commands.GivenParcel:
        """The parcel as given."""
        lines = tuple(
            line.to_domain(f"{field}.lines.{position}")
            for position, line in enumerate(self.lines or ())
        )
        return commands.GivenParcel(self.tracking_number, self.weight_g, lines)


@strawberry.input(description="What leaves: all units of a packed fulfillment order, in parcels.")
class ShipFulfillmentOrderInput:
    """Twin of ShipFulfillmentOrder."""

    idempotency_key: str = strawberry.field(description=KEY)
    fulfillment_order_id: relay.GlobalID = strawberry.field(description="The fulfillment order.")
    carrier: str = strawberry.field(
        description="Code of the carrier, such as DHL; small letters become capitals."
    )
    parcels: list[ParcelInput] = strawberry.field(description="1 to 100 parcels.")
    service: str = strawberry.field(
        default="", description="The carrier's product, at most 64 characters."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ShipFulfillmentOrder:
        """The command.

        Raises:
            ValidationFailed: an id is malformed.
        """
        work = id_of(self.fulfillment_order_id, "FulfillmentOrder", "fulfillmentOrderId")
        return commands.ShipFulfillmentOrder(
            idempotency_key=self.idempotency_key,
            fulfillment_order_id=FulfillmentOrderId(work),
            carrier=self.carrier,
            parcels=tuple(
                parcel.to_domain(f"parcels.{position}")
                for position, parcel in enumerate(self.parcels)
            ),
            service=self.service,
            expected_version=self.expected_version,
        )


@strawberry.input(description="What a carrier reports of a parcel.")
class RecordTrackingEventInput:
    """Twin of RecordTrackingEvent."""

    idempotency_key: str = strawberry.field(description=KEY)
    carrier: str = strawberry.field(description="Code of the carrier, as when it was shipped.")
    tracking_number: str = strawberry.field(description="The parcel's tracking number.")
    external_id: str = strawberry.field(
        description="The carrier's own id of the report, 1 to 128 characters: a parcel's report is "
        "recorded once, whatever the idempotency key."
    )
    status: TrackingStatus = strawberry.field(description="What happened.")
    occurred_at: datetime = strawberry.field(
        description="When it happened, with offset from UTC; at most an hour ahead of now."
    )
    expected_at: datetime | None = strawberry.field(
        default=None, description="When the carrier now expects to deliver, with offset from UTC."
    )
    place: str = strawberry.field(default="", description="Where, at most 200 characters.")

    def to_domain(self) -> commands.RecordTrackingEvent:
        """The command."""
        return commands.RecordTrackingEvent(
            idempotency_key=self.idempotency_key,
            carrier=self.carrier,
            tracking_number=self.tracking_number,
            external_id=self.external_id,
            status=self.status,
            expected_at=self.expected_at,
            occurred_at=self.occurred_at,
            place=self.place,
        )


@strawberry.input(description="Which shipment is with the customer.")
class DeliverShipmentInput:
    """Twin of DeliverShipment."""

    idempotency_key: str = strawberry.field(description=KEY)
    shipment_id: relay.GlobalID = strawberry.field(description="The shipment.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.DeliverShipment:
        """The command.

        Raises:
            ValidationFailed: the id is malformed.
        """
        return commands.DeliverShipment(
            idempotency_key=self.idempotency_key,
            shipment_id=ShipmentId(id_of(self.shipment_id, "Shipment", "shipmentId")),
            expected_version=self.expected_version,
        )


@strawberry.input(description="What becomes of an order's units that did not arrive.")
class ResolveFailedDeliveryInput:
    """Twin of ResolveFailure."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    resolution: Resolution = strawberry.field(description="Ship them again, or give up.")
    reason: str | None = strawberry.field(
        default=None, description="Explanation for the history, at most 200 characters."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ResolveFailure:
        """The command."""
        return commands.ResolveFailure(
            idempotency_key=self.idempotency_key,
            order_id=OrderId(id_of(self.order_id, "Order", "orderId")),
            resolution=self.resolution.value,
            expected_version=self.expected_version,
            reason=self.reason,
        )


@strawberry.input(description="What becomes of the units of a line in a parcel that came back.")
class DispositionInput:
    """Twin of GivenDisposition."""

    order_line_id: strawberry.ID = strawberry.field(description="Id of the line.")
    disposition: Disposition = strawberry.field(description="Where they go.")

    def to_domain(self) -> commands.GivenDisposition:
        """The disposition."""
        line_id = uuid_of(self.order_line_id, "dispositions.orderLineId")
        return commands.GivenDisposition(OrderLineId(line_id), self.disposition)


@strawberry.input(description="A parcel is back at the location that sent it.")
class ReceiveReturnedParcelInput:
    """Twin of ReceiveReturnedParcel."""

    idempotency_key: str = strawberry.field(description=KEY)
    carrier: str = strawberry.field(description="Code of the carrier, as when it was shipped.")
    tracking_number: str = strawberry.field(description="The parcel's tracking number.")
    dispositions: list[DispositionInput] | None = strawberry.field(
        default=None, description="Per line; a line that is not named is restocked."
    )

    def to_domain(self) -> commands.ReceiveReturnedParcel:
        """The command."""
        return commands.ReceiveReturnedParcel(
            idempotency_key=self.idempotency_key,
            carrier=self.carrier,
            tracking_number=self.tracking_number,
            dispositions=tuple(each.to_domain() for each in self.dispositions or ()),
        )
