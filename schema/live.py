"""What subscriptions send: snapshots, changes, and news that a cursor cannot be resumed.

Everything here is made from event payloads alone, so that it holds no personal data.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

import strawberry
from strawberry import relay

from domain.customers.events import Part
from domain.identity.model import HEAD_OFFICE, STAFF, Role
from schema.access import access
from schema.enums import described
from schema.ids import global_id
from schema.money import Money
from schema.orders.enums import (
    DeliveryMode,
    FulfillmentOrderStatus,
    FulfillmentStatus,
    GroupState,
    Hold,
    OrderStatus,
    PaymentStatus,
    ReturnStatus,
)
from schema.orders.lines import FulfillmentOrderLine
from schema.returns.live import ReturnUpdate
from schema.shipments.enums import ShipmentStatus, TrackingStatus
from schema.shipments.types import ParcelLine
from schema.stock import StockLevel

Payload = Mapping[str, Any]


class LiveKind(StrEnum):
    """What a payload of a subscription is."""

    SNAPSHOT = "SNAPSHOT"
    CHANGES = "CHANGES"
    RESYNC = "RESYNC"


class ResyncReason(StrEnum):
    """Why a cursor could not be resumed."""

    OTHER_LOG = "OTHER_LOG"
    TOO_OLD = "TOO_OLD"
    UNKNOWN_PLACE = "UNKNOWN_PLACE"
    INCOMPLETE_SNAPSHOT = "INCOMPLETE_SNAPSHOT"


described(
    LiveKind,
    "What a payload of a subscription is.",
    {
        "SNAPSHOT": "The state at one moment, or a part of it: forget what you knew before.",
        "CHANGES": "What one transaction changed.",
        "RESYNC": "The cursor in `after` could not be resumed: a snapshot follows.",
    },
)
described(
    ResyncReason,
    "Why a cursor could not be resumed.",
    {
        "OTHER_LOG": "It belongs to another history: the database was replaced or restored.",
        "TOO_OLD": "What happened since is not kept any more (72 hours, unless configured).",
        "UNKNOWN_PLACE": "It is ahead of everything that is known.",
        "INCOMPLETE_SNAPSHOT": "It came with a payload in the middle of a snapshot.",
    },
)
described(
    Part,
    "What about a customer changed.",
    {
        "PROFILE": "Name, contact or preferences; also a new customer.",
        "ADDRESS": "The address book.",
        "CONSENT": "A consent was given or withdrawn.",
        "NOTE": "A note of staff.",
        "REFERENCE": "A name under which another system knows the customer.",
        "SEGMENTS": "The segments that the customer belongs to.",
    },
    name="CustomerPart",
)

KIND = "What this payload is."
CURSOR = "Pass it as `after` to go on behind this payload, on any connection and worker."
REASON = "Why the cursor could not be resumed; only with RESYNC."
COMPLETE = "False while more payloads of the same snapshot follow, and with RESYNC; true otherwise."
VERSION = "Rises by one with every change."


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@access(*STAFF, Role.CHANNEL)
@strawberry.type(description="A payload of `stockChanged`.")
class StockChange:
    kind: LiveKind = strawberry.field(description=KIND)
    cursor: str = strawberry.field(description=CURSOR)
    complete: bool = strawberry.field(description=COMPLETE)
    reason: ResyncReason | None = strawberry.field(description=REASON)
    levels: list[StockLevel] = strawberry.field(
        description="Levels as they are since; at most 500 in a payload of a snapshot."
    )


@access()
@strawberry.type(description="Units of an order line in one state.")
class OrderStateGroup:
    state: GroupState = strawberry.field(description="Where they are.")
    quantity: int = strawberry.field(description="Units.")


@access()
@strawberry.type(description="Where the units of an order line are.")
class OrderStateLine:
    order_line_id: strawberry.ID = strawberry.field(description="Id of the order line.")
    sku: str = strawberry.field(description="SKU of the variant.")
    ordered_quantity: int = strawberry.field(description="Units ordered.")
    groups: list[OrderStateGroup] = strawberry.field(description="They sum up to it.")

    @classmethod
    def of_payload(cls, line: Payload) -> Self:
        """A line in the payload of an OrderChanged event."""
        return cls(
            order_line_id=strawberry.ID(line["line_id"]),
            sku=line["sku"],
            ordered_quantity=line["ordered_quantity"],
            groups=[
                OrderStateGroup(state=GroupState(each["state"]), quantity=each["quantity"])
                for each in line["groups"]
            ],
        )


@access()
@strawberry.type(description="An order after one of its changes, without personal data.")
class OrderState:
    order_id: relay.GlobalID = strawberry.field(description="Id of the order.")
    number: str = strawberry.field(description="Number for people.")
    version: int = strawberry.field(description=VERSION)
    action: str = strawberry.field(description="What was done last, such as PLACE or SHIP.")
    reason: str | None = strawberry.field(description="Why, if a reason was given.")
    channel: str = strawberry.field(description="Code of the channel it came from.")
    status: OrderStatus = strawberry.field(description="The order's life.")
    holds: list[Hold] = strawberry.field(description="Reasons why nobody may work on it.")
    fulfillment_status: FulfillmentStatus = strawberry.field(description="Where the goods are.")
    payment_status: PaymentStatus = strawberry.field(description="Where the money is.")
    return_status: ReturnStatus = strawberry.field(description="Whether units come back, or came.")
    delivery_mode: DeliveryMode = strawberry.field(description="How the goods get there.")
    ready_at: datetime | None = strawberry.field(
        description="When goods were ready in the store (UTC)."
    )
    collect_until: datetime | None = strawberry.field(
        description="When the store gives them up (UTC)."
    )
    promised_at: datetime | None = strawberry.field(
        description="When all goods that it waits for should be in stock (UTC)."
    )
    total: Money = strawberry.field(description="What the customer pays.")
    placed_at: datetime = strawberry.field(description="When it was placed (UTC).")
    updated_at: datetime = strawberry.field(description="When this change was made (UTC).")
    lines: list[OrderStateLine] = strawberry.field(description="Where the units are.")

    @classmethod
    def of_payload(cls, payload: Payload) -> Self:
        """The order in the payload of an OrderChanged event."""
        return cls(
            order_id=global_id("Order", payload["order_id"]),
            number=payload["number"],
            version=payload["version"],
            action=payload["action"],
            reason=payload["reason"],
            channel=payload["channel"],
            status=OrderStatus(payload["status"]),
            holds=[Hold(hold) for hold in payload["holds"]],
            fulfillment_status=FulfillmentStatus(payload["fulfillment_status"]),
            payment_status=PaymentStatus(payload["payment_status"]),
            return_status=ReturnStatus(payload.get("return_status", ReturnStatus.NONE)),
            delivery_mode=DeliveryMode(payload["delivery_mode"]),
            ready_at=_moment(payload.get("ready_at")),
            collect_until=_moment(payload.get("collect_until")),
            promised_at=_moment(payload.get("promised_at")),
            total=Money.of(payload["total_minor"], payload["currency"]),
            placed_at=datetime.fromisoformat(payload["placed_at"]),
            updated_at=datetime.fromisoformat(payload["updated_at"]),
            lines=[OrderStateLine.of_payload(line) for line in payload["lines"]],
        )


@access()
@strawberry.type(description="A package on its way.")
class ParcelState:
    tracking_number: str = strawberry.field(description="Unique for its carrier.")
    status: TrackingStatus = strawberry.field(description="The furthest that it is known to be.")
    notice: TrackingStatus | None = strawberry.field(
        description="DELAYED or FAILED_ATTEMPT while that is the latest news; null otherwise."
    )
    expected_at: datetime | None = strawberry.field(
        description="When it should arrive, as the carrier said last (UTC)."
    )
    lines: list[ParcelLine] = strawberry.field(description="What is in it.")

    @classmethod
    def of_payload(cls, parcel: Payload) -> Self:
        """A parcel in the payload of a ShipmentChanged event."""
        return cls(
            tracking_number=parcel["tracking_number"],
            status=TrackingStatus(parcel["status"]),
            notice=TrackingStatus(parcel["notice"]) if parcel["notice"] else None,
            expected_at=_moment(parcel.get("expected_at")),
            lines=[
                ParcelLine(order_line_id=strawberry.ID(line["line_id"]), quantity=line["quantity"])
                for line in parcel["lines"]
            ],
        )


@access()
@strawberry.type(description="A shipment after one of its changes.")
class ShipmentState:
    shipment_id: relay.GlobalID = strawberry.field(description="Id of the shipment.")
    order_id: relay.GlobalID = strawberry.field(description="Id of its order.")
    version: int = strawberry.field(description=VERSION)
    status: ShipmentStatus = strawberry.field(description="Where it is.")
    carrier: str = strawberry.field(description="Code of the carrier, such as DHL.")
    service: str = strawberry.field(description="The carrier's product; empty when not given.")
    parcels: list[ParcelState] = strawberry.field(description="Its packages.")

    @classmethod
    def of_payload(cls, payload: Payload) -> Self:
        """The shipment in the payload of a ShipmentChanged event."""
        return cls(
            shipment_id=global_id("Shipment", payload["shipment_id"]),
            order_id=global_id("Order", payload["order_id"]),
            version=payload["version"],
            status=ShipmentStatus(payload["status"]),
            carrier=payload["carrier"],
            service=payload["service"],
            parcels=[ParcelState.of_payload(parcel) for parcel in payload["parcels"]],
        )


@access(*STAFF)
@strawberry.type(description="A payload of `returnsChanged`.")
class ReturnsChange:
    kind: LiveKind = strawberry.field(description=KIND)
    cursor: str = strawberry.field(description=CURSOR)
    complete: bool = strawberry.field(description=COMPLETE)
    reason: ResyncReason | None = strawberry.field(description=REASON)
    returns: list[ReturnUpdate] = strawberry.field(
        description="Returns after each change; with SNAPSHOT: those that came to the location and "
        "are not over, the oldest first, 500 at most."
    )


@access()
@strawberry.type(
    description="A payload of `orderChanged`. A transaction may change an order, its shipments, "
    "its returns, or several of them; each version of each is sent exactly once."
)
class OrderChange:
    kind: LiveKind = strawberry.field(description=KIND)
    cursor: str = strawberry.field(description=CURSOR)
    complete: bool = strawberry.field(description=COMPLETE)
    reason: ResyncReason | None = strawberry.field(description=REASON)
    changes: list[OrderState] = strawberry.field(
        description="The order after each change, oldest first; with SNAPSHOT: as it is."
    )
    shipments: list[ShipmentState] = strawberry.field(
        description="Its shipments after each change; with SNAPSHOT: all of them."
    )
    returns: list[ReturnUpdate] = strawberry.field(
        description="Its returns after each change; with SNAPSHOT: all of them."
    )


@access(*STAFF)
@strawberry.type(description="A location's work for one order, after one of its changes.")
class FulfillmentOrderState:
    fulfillment_order_id: relay.GlobalID = strawberry.field(description="Id of the work.")
    order_id: relay.GlobalID = strawberry.field(description="Id of its order.")
    order_number: str = strawberry.field(description="The order's number, for people.")
    location_id: relay.GlobalID = strawberry.field(description="The location that works.")
    version: int = strawberry.field(description=VERSION)
    status: FulfillmentOrderStatus = strawberry.field(
        description="Where the work stands; COMPLETED and CANCELLED leave the queue."
    )
    delivery_mode: DeliveryMode = strawberry.field(description="How the goods leave.")
    due_at: datetime | None = strawberry.field(
        description="The cut-off that the work should meet (UTC); null before release."
    )
    accept_by: datetime | None = strawberry.field(
        description="When the request counts as rejected unless it is accepted (UTC)."
    )
    accepted_at: datetime | None = strawberry.field(description="When it was accepted (UTC).")
    rejection_reason: str | None = strawberry.field(
        description="Why it was rejected, a FulfillmentFailureReason; null unless it was."
    )
    cancel_requested: bool = strawberry.field(
        description="Whether someone asked to cancel it and waits for the location's answer."
    )
    wave_id: relay.GlobalID | None = strawberry.field(
        description="The wave that it is, or was, picked in; null for none."
    )
    updated_at: datetime = strawberry.field(description="When this change was made (UTC).")
    units: int = strawberry.field(description="Units that are not cancelled.")
    lines: list[FulfillmentOrderLine] = strawberry.field(description="Units to work on.")

    @classmethod
    def of_payload(cls, payload: Payload) -> Self:
        """The work in the payload of a FulfillmentOrderChanged event."""
        return cls(
            fulfillment_order_id=global_id("FulfillmentOrder", payload["fulfillment_order_id"]),
            order_id=global_id("Order", payload["order_id"]),
            order_number=payload["order_number"],
            location_id=global_id("Location", payload["location_id"]),
            version=payload["version"],
            status=FulfillmentOrderStatus(payload["status"]),
            delivery_mode=DeliveryMode(payload["delivery_mode"]),
            due_at=_moment(payload["due_at"]),
            accept_by=_moment(payload.get("accept_by")),
            accepted_at=_moment(payload.get("accepted_at")),
            rejection_reason=payload.get("rejection_reason"),
            cancel_requested=bool(payload.get("cancel_requested")),
            wave_id=global_id("Wave", payload["wave_id"]) if payload.get("wave_id") else None,
            updated_at=datetime.fromisoformat(payload["updated_at"]),
            units=payload["units"],
            lines=[
                FulfillmentOrderLine(
                    order_line_id=strawberry.ID(line["line_id"]),
                    sku=line["sku"],
                    quantity=line["quantity"],
                    state=GroupState(line["state"]),
                    location_id=global_id("Location", payload["location_id"]),
                )
                for line in payload["lines"]
            ],
        )


@access(*STAFF)
@strawberry.type(description="A payload of `workQueueChanged`.")
class WorkQueueChange:
    kind: LiveKind = strawberry.field(description=KIND)
    cursor: str = strawberry.field(description=CURSOR)
    complete: bool = strawberry.field(description=COMPLETE)
    reason: ResyncReason | None = strawberry.field(description=REASON)
    items: list[FulfillmentOrderState] = strawberry.field(
        description="Work after each change, oldest change first; with SNAPSHOT: what is open, the "
        "most urgent first, 500 at most."
    )


@access(*HEAD_OFFICE, Role.CUSTOMER)
@strawberry.type(description="A note that something about a customer changed: read it if you care.")
class CustomerChange:
    customer_id: relay.GlobalID = strawberry.field(description="Id of the customer.")
    version: int = strawberry.field(description=VERSION)
    part: Part = strawberry.field(description="What changed.")

    @classmethod
    def of_payload(cls, payload: Payload) -> Self:
        """The change in the payload of a CustomerChanged or CustomerCreated event."""
        return cls(
            customer_id=global_id("Customer", payload["customer_id"]),
            version=payload["version"],
            part=Part(payload["part"]),
        )


@access(*HEAD_OFFICE, Role.CUSTOMER)
@strawberry.type(description="A payload of `customerActivity`.")
class CustomerActivity:
    kind: LiveKind = strawberry.field(description=KIND)
    cursor: str = strawberry.field(description=CURSOR)
    complete: bool = strawberry.field(description=COMPLETE)
    reason: ResyncReason | None = strawberry.field(description=REASON)
    orders: list[OrderState] = strawberry.field(
        description="Orders after each change, oldest first; with SNAPSHOT: the 20 newest orders, "
        "newest first."
    )
    shipments: list[ShipmentState] = strawberry.field(
        description="Shipments after each change; with SNAPSHOT: those of these orders."
    )
    returns: list[ReturnUpdate] = strawberry.field(
        description="Returns after each change; with SNAPSHOT: those of these orders."
    )
    changes: list[CustomerChange] = strawberry.field(
        description="Changes of the customer's own data; empty with SNAPSHOT."
    )
