"""Stock as clients see it: levels, movements, and what can be promised."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay

from domain.identity.model import STAFF, Role
from domain.locations.model import Coordinates
from domain.stock import availability as promising
from domain.stock import errors, model
from domain.stock.books import Movement, levels_by_id
from schema.access import Allow, access
from schema.bins import StockBin, load_bin
from schema.context import Info
from schema.enums import described
from schema.errors import Error, twin_of
from schema.ids import global_id, uuids_of

StockBucket = described(
    model.Bucket,
    "Where a unit stands in the books.",
    {
        "EXTERNAL": "Outside: goods that come in or leave.",
        "FREE": "On hand, and nobody has a claim on it.",
        "ALLOCATED": "On hand, promised to an order.",
        "RESERVED": "On hand, kept for a while for a cart or an unpaid order.",
        "DAMAGED": "On hand, damaged.",
        "INSPECTION": "On hand, waiting for inspection.",
        "QUALITY_HOLD": "On hand, held back by quality control.",
        "DISPLAY": "On hand, on display and not for sale.",
    },
    name="StockBucket",
)
StockMovementReason = described(
    model.MovementReason,
    "Why units changed their bucket.",
    {
        "RECEIVED": "A delivery came in.",
        "COUNT": "A count found more or fewer units.",
        "DAMAGE": "Units are damaged, repaired, or thrown away.",
        "THEFT": "Units were stolen.",
        "FOUND": "Units turned up.",
        "CORRECTION": "An earlier mistake was corrected.",
        "DISPLAY": "Units went on display or came back.",
        "INSPECTION": "Units went to inspection or came back.",
        "QUALITY": "Quality control held units back or let them go.",
        "RESERVED": "Kept for a cart or an unpaid order.",
        "RELEASED": "Kept no longer: given back.",
        "EXPIRED": "Kept no longer: the time was over.",
        "ALLOCATED": "Promised to an order.",
        "CANCELLED": "The order or a part of it was cancelled.",
        "REJECTED": "The location rejected the order.",
        "SHORT_PICKED": "Fewer units were found than the order needs.",
        "RESOURCED": "Another location serves the order.",
        "SHIPPED": "Handed over to the carrier.",
        "COLLECTED": "Collected by the customer.",
        "SOLD": "Taken away by the customer at once.",
        "TRANSFER_OUT": "Sent to another location.",
        "TRANSFER_IN": "Arrived from another location.",
        "RETURNED": "Came back from a customer or a carrier.",
    },
    name="StockMovementReason",
)


@access(*STAFF, Role.CHANNEL)
@strawberry.type(description="Units on hand that cannot be sold, by cause.")
class UnavailableStock:
    damaged: int = strawberry.field(description="Damaged units.")
    inspection: int = strawberry.field(description="Units waiting for inspection.")
    quality_hold: int = strawberry.field(description="Units held back by quality control.")
    display: int = strawberry.field(description="Units on display.")


@access(*STAFF, Role.CHANNEL)
@strawberry.type(description="Stock of a SKU at a location, in units.")
class StockLevel(relay.Node):
    """Twin of domain Level."""

    id: relay.NodeID[str]
    sku: str = strawberry.field(description="SKU of the variant.")
    location_id: relay.GlobalID = strawberry.field(description="Id of the location.")
    on_hand: int = strawberry.field(description="Units that are there.")
    allocated: int = strawberry.field(description="Of them, promised to orders.")
    reserved: int = strawberry.field(description="Of them, kept for carts and unpaid orders.")
    unavailable: UnavailableStock = strawberry.field(description="Of them, not for sale.")
    safety_stock: int = strawberry.field(description="Units that are never promised.")
    available: int = strawberry.field(
        description="Available to promise: on hand, less allocated, reserved, unavailable and "
        "safety stock; never below 0."
    )
    version: int = strawberry.field(description="Number of its changes so far.")
    updated_at: datetime = strawberry.field(description="When it changed last (UTC).")

    @strawberry.field(
        description="Where the SKU stands at the location; null when nobody has said. Staff only.",
        extensions=[Allow(*STAFF)],
    )
    async def bin(self, info: Info) -> StockBin | None:
        """The bin, loaded for all levels at once."""
        return await load_bin(info.context, self.location_id, self.sku)

    @classmethod
    def of_level(cls, level: model.Level) -> Self:
        """The twin."""
        return cls(
            id=str(level.id),
            sku=level.sku,
            location_id=global_id("Location", level.location_id),
            on_hand=level.on_hand,
            allocated=level.allocated,
            reserved=level.reserved,
            unavailable=UnavailableStock(
                damaged=level.damaged,
                inspection=level.inspection,
                quality_hold=level.quality_hold,
                display=level.display,
            ),
            safety_stock=level.safety,
            available=level.available,
            version=level.version,
            updated_at=level.updated_at,
        )

    @classmethod
    def of_payload(cls, payload: Mapping[str, Any]) -> Self:
        """The level in the payload of a StockChanged event."""
        return cls(
            id=payload["level_id"],
            sku=payload["sku"],
            location_id=global_id("Location", payload["location_id"]),
            on_hand=payload["on_hand"],
            allocated=payload["allocated"],
            reserved=payload["reserved"],
            unavailable=UnavailableStock(
                damaged=payload["damaged"],
                inspection=payload["inspection"],
                quality_hold=payload["quality_hold"],
                display=payload["display"],
            ),
            safety_stock=payload["safety"],
            available=payload["available"],
            version=payload["version"],
            updated_at=datetime.fromisoformat(payload["updated_at"]),
        )

    @classmethod
    async def resolve_nodes(
        cls, *, info: Info, node_ids: Iterable[str], required: bool = False
    ) -> list[Any]:
        """The levels that the caller may see; null for all others."""
        keys, actor = list(node_ids), info.context.actor
        found = await info.context.read(lambda c: levels_by_id(c, uuids_of(keys), seen_by=actor))
        nodes = {str(key): cls.of_level(level) for key, level in found.items()}
        return [nodes.get(key.lower()) for key in keys]


@access(*STAFF, Role.CHANNEL)
@strawberry.type(
    description="Units that went from one bucket to another. Never changed, never deleted."
)
class StockMovement:
    """Twin of domain Movement."""

    sku: str = strawberry.field(description="SKU of the variant.")
    location_id: relay.GlobalID = strawberry.field(description="Id of the location.")
    source: model.Bucket = strawberry.field(name="from", description="Where the units were.")
    target: model.Bucket = strawberry.field(name="to", description="Where they are since.")
    quantity: int = strawberry.field(description="Units, 1 or more.")
    reason: model.MovementReason = strawberry.field(description="Why they moved.")
    reference: str = strawberry.field(description="The delivery, order or cart behind it.")
    actor: str | None = strawberry.field(
        description="Who did it, as ROLE:name. Staff only.", extensions=[Allow(*STAFF)]
    )
    at: datetime = strawberry.field(description="When (UTC).")

    @classmethod
    def of(cls, movement: Movement) -> Self:
        """The twin."""
        return cls(
            sku=movement.sku,
            location_id=global_id("Location", movement.location_id),
            source=movement.source,
            target=movement.target,
            quantity=movement.quantity,
            reason=movement.reason,
            reference=movement.reference,
            actor=movement.actor,
            at=movement.at,
        )


@strawberry.input(description="The nearest locations around a point.")
class NearestInput:
    """Twin of domain Nearest."""

    latitude: float = strawberry.field(description="Degrees north, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180.")
    radius_km: float = strawberry.field(
        default=50.0, description="How far away at most, in km: more than 0, at most 20,040."
    )
    first: int = strawberry.field(default=10, description="How many at most, 1 to 200.")

    def to_domain(self) -> promising.Nearest:
        """The twin, not yet checked."""
        return promising.Nearest(
            Coordinates(self.latitude, self.longitude), self.radius_km, self.first
        )


@access()
@strawberry.type(description="What one location can promise.")
class LocationAvailability:
    """Twin of domain Promise."""

    location_id: relay.GlobalID = strawberry.field(description="Id of the location.")
    available: int = strawberry.field(description="Units available to promise, 1 or more.")
    distance_km: float | None = strawberry.field(
        description="Distance from the point asked for, in km; null without one."
    )


@access()
@strawberry.type(description="What the locations in question can promise of a SKU or kit now.")
class StockAvailability:
    """Twin of domain Availability."""

    sku: str = strawberry.field(description="SKU of the variant or kit.")
    available: int = strawberry.field(
        description="Units available to promise at all of these locations together; whole kits "
        "per location. 0 for an unknown SKU or channel."
    )
    locations: list[LocationAvailability] = strawberry.field(
        description="Locations that can promise at least one unit: the nearest first, or those "
        "with most units first."
    )

    @classmethod
    def of(cls, answer: promising.Availability) -> Self:
        """The twin."""
        return cls(
            sku=answer.sku,
            available=answer.available,
            locations=[
                LocationAvailability(
                    location_id=global_id("Location", promise.location_id),
                    available=promise.available,
                    distance_km=promise.distance_km,
                )
                for promise in answer.promises
            ],
        )


@twin_of(errors.InsufficientStock)
@access()
@strawberry.type(description="Fewer units can be taken than were asked for.")
class InsufficientStockError(Error):
    """Twin of InsufficientStock."""

    sku: str = strawberry.field(description="The SKU; of a kit, the component that is short.")
    location_id: relay.GlobalID | None = strawberry.field(
        description="Id of the location that has too little; null when all together have."
    )
    requested: int = strawberry.field(description="Units asked for, all lines together.")
    available: int = strawberry.field(description="Units that could be taken.")

    @staticmethod
    def of(error: errors.InsufficientStock) -> "InsufficientStockError":
        """The twin."""
        place = error.location_id
        return InsufficientStockError(
            code=error.code,
            message=error.message,
            sku=error.sku,
            location_id=None if place is None else global_id("Location", place),
            requested=error.requested,
            available=error.available,
        )
