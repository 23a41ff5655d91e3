"""Counting and trust as clients see them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import relay

from domain.common.ids import LocationId, Sku
from domain.counting import cycle, errors, snapshot, trust
from domain.counting import model as domain
from domain.counting.model import CountId, CountState, LineOutcome
from domain.identity.model import STAFF, Role
from schema.access import access
from schema.enums import described
from schema.errors import (
    Error,
    ForbiddenError,
    IdempotencyConflictError,
    NotFoundError,
    ValidationError,
    VersionConflictError,
    twin_of,
)
from schema.ids import global_id, id_of
from schema.inputs import KEY, VERSION
from schema.money import Money

described(
    CountState,
    "Where a cycle count stands.",
    {
        "OPEN": "People are counting.",
        "POSTED": "Its variances are in the books.",
        "CANCELLED": "Thrown away.",
    },
)
described(
    LineOutcome,
    "What came of a counted line, or of a line of a snapshot.",
    {
        "APPLIED": "The level was changed by the variance.",
        "UNCHANGED": "There was no variance.",
        "CLAIMED": "Left as it is: orders have a claim on what is missing.",
        "OLDER": "A newer snapshot was applied before.",
        "UNKNOWN": "No such SKU, or a kit.",
        "NEGATIVE": "The quantity was below 0.",
    },
    name="StockLineOutcome",
)


@access(*STAFF)
@strawberry.type(description="What somebody counted of a SKU.")
class StockCountLine:
    """Twin of domain CountLine."""

    sku: str = strawberry.field(description="What was counted.")
    counted: int = strawberry.field(description="Units that were seen.")
    system_quantity: int = strawberry.field(description="On hand in the books at that moment.")
    variance: int = strawberry.field(description="Counted less the books.")
    scanned_at: datetime = strawberry.field(description="When it was seen (UTC).")
    needs_approval: bool = strawberry.field(description="Whether somebody else must approve it.")
    outcome: LineOutcome | None = strawberry.field(description="What came of it, once posted.")


@access(*STAFF)
@strawberry.type(description="A cycle count: counting while business goes on.")
class StockCount:
    """Twin of domain Count."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    location_id: relay.GlobalID = strawberry.field(description="Where.")
    state: CountState = strawberry.field(description="Where it stands.")
    opened_at: datetime = strawberry.field(description="When it began (UTC).")
    posted_at: datetime | None = strawberry.field(description="When it was posted (UTC).")
    version: int = strawberry.field(description="Raised by one with every change.")
    lines: list[StockCountLine] = strawberry.field(description="What was counted, by SKU.")

    @staticmethod
    def of(count: domain.Count) -> "StockCount":
        """The twin."""
        return StockCount(
            id=global_id("StockCount", count.id),
            location_id=global_id("Location", count.location_id),
            state=count.state,
            opened_at=count.opened_at,
            posted_at=count.posted_at,
            version=count.version,
            lines=[
                StockCountLine(
                    sku=line.sku,
                    counted=line.counted,
                    system_quantity=line.system_quantity,
                    variance=line.variance,
                    scanned_at=line.scanned_at,
                    needs_approval=line.needs_approval,
                    outcome=line.outcome,
                )
                for line in count.lines
            ],
        )


@access(*STAFF)
@strawberry.type(description="How well the books of a location agreed with its counts.")
class StockAccuracy:
    """Twin of domain Accuracy."""

    accuracy: str = strawberry.field(
        description="1 less Σ|variance| / Σcounted, 0 to 1; 1 when nothing was counted."
    )
    counted: int = strawberry.field(description="Units counted.")
    shortage: int = strawberry.field(description="Units missing.")
    excess: int = strawberry.field(description="Units found too many.")
    shortage_value: list[Money] = strawberry.field(
        description="What is missing, at the present selling prices, by currency."
    )
    excess_value: list[Money] = strawberry.field(
        description="What is too many, at the present selling prices, by currency."
    )

    @staticmethod
    def of(found: trust.Accuracy) -> "StockAccuracy":
        """The twin."""
        return StockAccuracy(
            accuracy=str(found.share),
            counted=found.counted,
            shortage=found.shortage,
            excess=found.excess,
            shortage_value=[Money.of(n, code) for code, n in found.shortage_minor.items()],
            excess_value=[Money.of(n, code) for code, n in found.excess_minor.items()],
        )


@access(*STAFF)
@strawberry.type(description="A day on which a location's stock was found to be distorted.")
class DistortionAlert:
    """Twin of domain Alert."""

    location_id: relay.GlobalID = strawberry.field(description="Where.")
    day: date = strawberry.field(description="When, the database's date.")
    rejections: int = strawberry.field(
        description="How often units were not found in the last 30 days."
    )
    accuracy: str = strawberry.field(description="Accuracy of its counts in that time, 0 to 1.")
    trust_before: str = strawberry.field(description="The location's trust before, 0 to 1.")
    trust_after: str = strawberry.field(description="The location's trust since, 0 to 1.")

    @staticmethod
    def of(alert: trust.Alert) -> "DistortionAlert":
        """The twin."""
        return DistortionAlert(
            location_id=global_id("Location", alert.location_id),
            day=alert.day,
            rejections=alert.rejections,
            accuracy=str(alert.accuracy),
            trust_before=str(alert.trust_before),
            trust_after=str(alert.trust_after),
        )


@strawberry.input(description="Begin to count a location.")
class OpenCountInput:
    """Twin of OpenCount."""

    idempotency_key: str = strawberry.field(description=KEY)
    location_id: relay.GlobalID = strawberry.field(description="Where.")

    def to_domain(self) -> cycle.OpenCount:
        """The command."""
        return cycle.OpenCount(self.idempotency_key, _place(self.location_id))


@strawberry.input(description="Units of a SKU that were seen.")
class ScannedLineInput:
    """Twin of ScannedLine."""

    sku: str = strawberry.field(description="What was counted.")
    counted: int = strawberry.field(description="Units, 0 or more.")
    scanned_at: datetime | None = strawberry.field(
        default=None,
        description="When it was seen, with offset from UTC, by a scanner that was offline; now "
        "when left out.",
    )

    def to_domain(self) -> cycle.ScannedLine:
        """The line."""
        return cycle.ScannedLine(Sku(self.sku), self.counted, self.scanned_at)


@strawberry.input(description="What was seen.")
class RecordCountInput:
    """Twin of RecordCount."""

    idempotency_key: str = strawberry.field(description=KEY)
    count_id: relay.GlobalID = strawberry.field(description="The count.")
    lines: list[ScannedLineInput] = strawberry.field(
        description="1 to 1,000, each SKU once; a SKU that was scanned before is replaced."
    )

    def to_domain(self) -> cycle.RecordCount:
        """The command."""
        lines = tuple(line.to_domain() for line in self.lines)
        return cycle.RecordCount(self.idempotency_key, _count(self.count_id), lines)


@strawberry.input(description="Which count to approve, to post or to cancel.")
class ChangeCountInput:
    """Twin of ChangeCount."""

    idempotency_key: str = strawberry.field(description=KEY)
    count_id: relay.GlobalID = strawberry.field(description="The count.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> cycle.ChangeCount:
        """The command."""
        return cycle.ChangeCount(self.idempotency_key, _count(self.count_id), self.expected_version)


@strawberry.input(description="What another system says is on hand of a SKU.")
class SnapshotLineInput:
    """Twin of SnapshotLine."""

    sku: str = strawberry.field(description="SKU of the variant.")
    on_hand: int = strawberry.field(description="Units on hand, in whatever condition.")

    def to_domain(self) -> snapshot.SnapshotLine:
        """The line."""
        return snapshot.SnapshotLine(Sku(self.sku), self.on_hand)


@strawberry.input(description="What was on hand at a location at a moment.")
class ApplyStockSnapshotInput:
    """Twin of ApplySnapshot."""

    idempotency_key: str = strawberry.field(description=KEY)
    location_id: relay.GlobalID = strawberry.field(description="Where.")
    taken_at: datetime = strawberry.field(
        description="When it was true, with offset from UTC; what moved since is kept."
    )
    lines: list[SnapshotLineInput] = strawberry.field(description="1 to 1,000, each SKU once.")
    reference: str = strawberry.field(default="", description="At most 128 characters.")

    def to_domain(self) -> snapshot.ApplySnapshot:
        """The command."""
        return snapshot.ApplySnapshot(
            idempotency_key=self.idempotency_key,
            location_id=_place(self.location_id),
            taken_at=self.taken_at,
            lines=tuple(line.to_domain() for line in self.lines),
            reference=self.reference,
        )


@access(*STAFF, Role.CHANNEL)
@strawberry.type(description="What came of a line of a snapshot.")
class AppliedSnapshotLine:
    """Twin of domain AppliedLine."""

    sku: str = strawberry.field(description="As given.")
    outcome: LineOutcome = strawberry.field(description="What came of it.")
    variance: int = strawberry.field(description="Units by which the level changed.")


@access(*STAFF, Role.CHANNEL)
@strawberry.type(description="What came of a snapshot: good lines are applied, others say why not.")
class ApplyStockSnapshotPayload:
    """Answer of applyStockSnapshot."""

    lines: list[AppliedSnapshotLine] = strawberry.field(description="One per line, same order.")


@twin_of(errors.CountClosed)
@access()
@strawberry.type(description="The count was posted or cancelled before.")
class CountClosedError(Error):
    """Twin of CountClosed."""

    state: CountState = strawberry.field(description="Where it stands.")

    @staticmethod
    def of(error: errors.CountClosed) -> "CountClosedError":
        """The twin."""
        return CountClosedError(
            code=error.code, message=error.message, state=CountState(error.state)
        )


@twin_of(errors.CountNeedsApproval)
@access()
@strawberry.type(description="Somebody else must approve large variances first.")
class CountNeedsApprovalError(Error):
    """Twin of CountNeedsApproval."""

    skus: list[str] = strawberry.field(description="Their SKUs.")

    @staticmethod
    def of(error: errors.CountNeedsApproval) -> "CountNeedsApprovalError":
        """The twin."""
        return CountNeedsApprovalError(
            code=error.code, message=error.message, skus=[str(sku) for sku in error.skus]
        )


@access(*STAFF)
@strawberry.type(description="The count after the change.")
class StockCountPayload:
    """Answer of openCount, recordCount, approveCount, postCount and cancelCount."""

    count: StockCount = strawberry.field(description="The count.")


StockCountResult = Annotated[
    StockCountPayload
    | CountClosedError
    | CountNeedsApprovalError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union("StockCountResult", description="What changes of a count answer."),
]

ApplyStockSnapshotResult = Annotated[
    ApplyStockSnapshotPayload | ValidationError | ForbiddenError | IdempotencyConflictError,
    strawberry.union("ApplyStockSnapshotResult", description="What applyStockSnapshot answers."),
]


def _place(given: relay.GlobalID) -> LocationId:
    return LocationId(id_of(given, "Location", "locationId"))


def _count(given: relay.GlobalID) -> CountId:
    return CountId(UUID(str(id_of(given, "StockCount", "countId"))))
