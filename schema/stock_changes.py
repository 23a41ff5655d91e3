"""What clients send to change stock, and what they get back."""

from datetime import datetime
from typing import Annotated, Self

import strawberry
from strawberry import relay

from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId, Sku
from domain.stock import hold, model
from domain.stock.adjust import AdjustStock, Count, Move, delta
from domain.stock.receive import ReceiptLine, ReceiveStock
from domain.stock.safety import SetSafetyStock
from schema.access import access
from schema.enums import described
from schema.errors import CommonError
from schema.ids import global_id, id_of
from schema.inputs import KEY
from schema.stock import InsufficientStockError, StockLevel

VERSION = "Refuse unless this is the level's present version; 0: unless there is no level yet."
LOCATION = "Id of the location."
REFERENCE = "What the movement refers to, such as a delivery note; up to 128 characters."
RESERVATION = "StockReservation"

described(
    model.AdjustmentReason,
    "Why people correct the books.",
    {
        "COUNT": "Counted. For `count` only.",
        "DAMAGE": "Units are damaged, repaired, or thrown away: to or from DAMAGED.",
        "THEFT": "Units were stolen: a negative `delta`, or a move to EXTERNAL.",
        "FOUND": "Units turned up: a positive `delta`, or a move from EXTERNAL.",
        "CORRECTION": "An earlier mistake is corrected. For any change.",
        "DISPLAY": "Units go on display or come back: to or from DISPLAY.",
        "INSPECTION": "Units go to inspection or come back: to or from INSPECTION.",
        "QUALITY": "Quality control holds units back or lets them go: to or from QUALITY_HOLD.",
    },
    name="StockAdjustmentReason",
)


@strawberry.input(description="Units of a SKU that came in.")
class ReceiptLineInput:
    sku: str = strawberry.field(description="SKU of the variant; not of a kit.")
    quantity: int = strawberry.field(description="Units, 1 to 1,000,000.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


@strawberry.input(description="Goods that came in at a location from outside.")
class ReceiveStockInput:
    idempotency_key: str = strawberry.field(description=KEY)
    location_id: relay.GlobalID = strawberry.field(description=LOCATION)
    lines: list[ReceiptLineInput] = strawberry.field(
        description="What came in, 1 to 1,000 lines; lines of one SKU are added up."
    )
    reference: str = strawberry.field(description=REFERENCE)
    into: model.Bucket = strawberry.field(
        default=model.Bucket.FREE, description="FREE, INSPECTION or QUALITY_HOLD."
    )

    def to_domain(self) -> ReceiveStock:
        """The command. Raises ValidationFailed for a malformed id."""
        return ReceiveStock(
            idempotency_key=self.idempotency_key,
            location_id=_location(self.location_id, "locationId"),
            lines=tuple(
                ReceiptLine(Sku(line.sku), line.quantity, line.expected_version)
                for line in self.lines
            ),
            reference=self.reference,
            into=self.into,
        )


@strawberry.input(description="Units that go from one bucket to another.")
class StockMoveInput:
    source: model.Bucket = strawberry.field(
        name="from", description="Where they are; not ALLOCATED or RESERVED."
    )
    target: model.Bucket = strawberry.field(
        name="to", description="Where they go; not ALLOCATED or RESERVED."
    )
    quantity: int = strawberry.field(description="Units, 1 to 1,000,000.")


@strawberry.input(description="How the books change: give exactly one.", one_of=True)
class StockChangeInput:
    delta: strawberry.Maybe[int] = strawberry.field(
        default=None, description="Free units more (positive) or fewer (negative) on hand; not 0."
    )
    count: strawberry.Maybe[int] = strawberry.field(
        default=None, description="Units on hand, as counted: all of them, 0 to 1,000,000."
    )
    move: strawberry.Maybe[StockMoveInput] = strawberry.field(
        default=None, description="Units go from one bucket to another."
    )

    def to_domain(self) -> Move | Count:
        """The change. Raises ValidationFailed unless exactly one is given."""
        if self.delta is not None:
            return delta(self.delta.value)
        if self.count is not None:
            return Count(self.count.value)
        if self.move is None:
            raise ValidationFailed("change", "must be delta, count or move")
        moved = self.move.value
        return Move(moved.source, moved.target, moved.quantity)


@strawberry.input(description="A correction of one level.")
class AdjustStockInput:
    idempotency_key: str = strawberry.field(description=KEY)
    sku: str = strawberry.field(description="SKU of the variant; not of a kit.")
    location_id: relay.GlobalID = strawberry.field(description=LOCATION)
    reason: model.AdjustmentReason = strawberry.field(
        description="Why. A POS may give DAMAGE and DISPLAY only."
    )
    change: StockChangeInput = strawberry.field(description="How the books change.")
    reference: str = strawberry.field(default="", description=REFERENCE)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> AdjustStock:
        """The command. Raises ValidationFailed for a malformed id or change."""
        return AdjustStock(
            idempotency_key=self.idempotency_key,
            sku=Sku(self.sku),
            location_id=_location(self.location_id, "locationId"),
            reason=self.reason,
            change=self.change.to_domain(),
            reference=self.reference,
            expected_version=self.expected_version,
        )


@strawberry.input(description="Units of a level that are never to be promised.")
class SetSafetyStockInput:
    idempotency_key: str = strawberry.field(description=KEY)
    sku: str = strawberry.field(description="SKU of the variant; not of a kit.")
    location_id: relay.GlobalID = strawberry.field(description=LOCATION)
    safety_stock: int = strawberry.field(description="Units, 0 to 1,000,000.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> SetSafetyStock:
        """The command. Raises ValidationFailed for a malformed id."""
        return SetSafetyStock(
            idempotency_key=self.idempotency_key,
            sku=Sku(self.sku),
            location_id=_location(self.location_id, "locationId"),
            safety=self.safety_stock,
            expected_version=self.expected_version,
        )


@strawberry.input(description="Units wanted at a location.")
class StockDemandInput:
    sku: str = strawberry.field(description="SKU of the variant or kit.")
    location_id: relay.GlobalID = strawberry.field(description=LOCATION)
    quantity: int = strawberry.field(description="Units or kits, 1 to 1,000,000.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


@strawberry.input(description="Units to keep for a cart for a while: all lines or none.")
class ReserveStockInput:
    idempotency_key: str = strawberry.field(description=KEY)
    lines: list[StockDemandInput] = strawberry.field(
        description="What to keep, 1 to 100 lines; lines of one SKU and location are added up."
    )
    ttl_seconds: int = strawberry.field(
        default=900, description="How long, 1 to 3,600 seconds by the database's clock."
    )

    def to_domain(self) -> hold.ReserveStock:
        """The command. Raises ValidationFailed for a malformed id."""
        return hold.ReserveStock(
            idempotency_key=self.idempotency_key,
            lines=tuple(
                model.Demand(
                    Sku(line.sku),
                    _location(line.location_id, "lines.locationId"),
                    line.quantity,
                    line.expected_version,
                )
                for line in self.lines
            ),
            ttl_s=self.ttl_seconds,
        )


@strawberry.input(description="A reservation that is needed no more.")
class ReleaseReservationInput:
    idempotency_key: str = strawberry.field(description=KEY)
    reservation_id: relay.GlobalID = strawberry.field(
        description="Id of the reservation, which the caller must have made."
    )

    def to_domain(self) -> hold.ReleaseReservation:
        """The command. Raises ValidationFailed for a malformed id."""
        key = id_of(self.reservation_id, RESERVATION, "reservationId")
        return hold.ReleaseReservation(self.idempotency_key, model.HoldId(key))


@access()
@strawberry.type(description="The levels after goods came in.")
class ReceiveStockPayload:
    levels: list[StockLevel] = strawberry.field(description="One per SKU, sorted by SKU.")


@access()
@strawberry.type(description="The corrected level.")
class AdjustStockPayload:
    level: StockLevel = strawberry.field(description="The level.")


@access()
@strawberry.type(description="The level with its new safety stock.")
class SetSafetyStockPayload:
    level: StockLevel = strawberry.field(description="The level.")


@access()
@strawberry.type(description="Units that are kept.")
class ReservedUnits:
    sku: str = strawberry.field(description="SKU; a kit is kept as its components.")
    location_id: relay.GlobalID = strawberry.field(description=LOCATION)
    quantity: int = strawberry.field(description="Units.")


@access()
@strawberry.type(description="Units kept for the caller for a while.")
class StockReservation:
    id: relay.GlobalID = strawberry.field(description="Its id, for releaseReservation.")
    expires_at: datetime = strawberry.field(description="Until when (UTC, database's clock).")
    lines: list[ReservedUnits] = strawberry.field(
        description="What is kept, one entry per SKU and location."
    )

    @classmethod
    def of(cls, kept: hold.Hold) -> Self:
        """The twin."""
        return cls(
            id=global_id(RESERVATION, kept.id),
            expires_at=kept.expires_at,
            lines=[
                ReservedUnits(
                    sku=demand.sku,
                    location_id=global_id("Location", demand.location_id),
                    quantity=demand.quantity,
                )
                for demand in kept.reserved
            ],
        )


@access()
@strawberry.type(description="The new reservation.")
class ReserveStockPayload:
    reservation: StockReservation = strawberry.field(description="The reservation.")


@access()
@strawberry.type(description="The reservation is over.")
class ReleaseReservationPayload:
    reservation_id: relay.GlobalID = strawberry.field(description="Its id.")
    released: bool = strawberry.field(
        description="Whether units were given back now; false if its time was over before."
    )


ReceiveStockResult = Annotated[
    ReceiveStockPayload | CommonError,
    strawberry.union("ReceiveStockResult", description="Answer of receiveStock."),
]
AdjustStockResult = Annotated[
    AdjustStockPayload | InsufficientStockError | CommonError,
    strawberry.union("AdjustStockResult", description="Answer of adjustStock."),
]
SetSafetyStockResult = Annotated[
    SetSafetyStockPayload | CommonError,
    strawberry.union("SetSafetyStockResult", description="Answer of setSafetyStock."),
]
ReserveStockResult = Annotated[
    ReserveStockPayload | InsufficientStockError | CommonError,
    strawberry.union("ReserveStockResult", description="Answer of reserveStock."),
]
ReleaseReservationResult = Annotated[
    ReleaseReservationPayload | CommonError,
    strawberry.union("ReleaseReservationResult", description="Answer of releaseReservation."),
]


def _location(given: relay.GlobalID, field: str) -> LocationId:
    return LocationId(id_of(given, "Location", field))
