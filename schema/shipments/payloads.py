"""What shipment mutations answer: a payload, or one of the refusals they can give."""

from typing import Annotated

import strawberry

from schema.access import access
from schema.errors import (
    CommonError,
    ForbiddenError,
    IdempotencyConflictError,
    NotFoundError,
    ValidationError,
)
from schema.orders.errors import CaptureFailedError, IllegalTransitionError, OrderOnHoldError
from schema.orders.types import Order
from schema.shipments.errors import (
    DuplicateTrackingNumberError,
    LabelNotUsableError,
    ParcelsDoNotMatchError,
)
from schema.shipments.types import Shipment, TrackingEvent


@access()
@strawberry.type(description="The new shipment; what its goods cost is captured.")
class ShipFulfillmentOrderPayload:
    """Answer of shipFulfillmentOrder."""

    shipment: Shipment = strawberry.field(description="The shipment.")
    order: Order = strawberry.field(description="Its order.")


@access()
@strawberry.type(description="The recorded report of a carrier.")
class RecordTrackingEventPayload:
    """Answer of recordTrackingEvent."""

    event: TrackingEvent = strawberry.field(
        description="The report; the one recorded first if it was sent before."
    )
    shipment: Shipment = strawberry.field(description="The shipment as it is now.")


@access()
@strawberry.type(description="The delivered shipment.")
class DeliverShipmentPayload:
    """Answer of deliverShipment."""

    shipment: Shipment = strawberry.field(description="The shipment.")
    order: Order = strawberry.field(description="Its order.")


@access()
@strawberry.type(description="The shipment whose parcel came back.")
class ReceiveReturnedParcelPayload:
    """Answer of receiveReturnedParcel."""

    shipment: Shipment = strawberry.field(description="The shipment.")
    order: Order = strawberry.field(description="Its order.")


ReceiveReturnedParcelResult = Annotated[
    ReceiveReturnedParcelPayload
    | IllegalTransitionError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | IdempotencyConflictError,
    strawberry.union(
        "ReceiveReturnedParcelResult", description="What receiveReturnedParcel answers."
    ),
]

ShipFulfillmentOrderResult = Annotated[
    ShipFulfillmentOrderPayload
    | ParcelsDoNotMatchError
    | DuplicateTrackingNumberError
    | LabelNotUsableError
    | CaptureFailedError
    | IllegalTransitionError
    | OrderOnHoldError
    | CommonError,
    strawberry.union(
        "ShipFulfillmentOrderResult", description="What shipFulfillmentOrder answers."
    ),
]

RecordTrackingEventResult = Annotated[
    RecordTrackingEventPayload
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | IdempotencyConflictError,
    strawberry.union("RecordTrackingEventResult", description="What recordTrackingEvent answers."),
]

DeliverShipmentResult = Annotated[
    DeliverShipmentPayload | IllegalTransitionError | CommonError,
    strawberry.union("DeliverShipmentResult", description="What deliverShipment answers."),
]
