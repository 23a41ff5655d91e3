"""What locations say of their work: inputs, refusals, answers."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import FulfillmentOrderId
from domain.fulfillment import commands, errors
from domain.fulfillment.exceptions import ResolveException
from domain.fulfillment.model import FailureReason
from domain.fulfillment.model import FulfillmentException as DomainException
from domain.identity.model import STAFF
from domain.stock.suspicion import CountTask as DomainCountTask
from schema.access import access
from schema.enums import described
from schema.errors import (
    CommonError,
    Error,
    ForbiddenError,
    IdempotencyConflictError,
    NotFoundError,
    ValidationError,
    VersionConflictError,
    twin_of,
)
from schema.ids import global_id, id_of, uuid_of
from schema.inputs import KEY, VERSION
from schema.orders.errors import IllegalTransitionError, OrderOnHoldError, QuantityExceededError
from schema.orders.inputs import LineUnitsInput
from schema.orders.payloads import FulfillmentOrderPayload

described(
    FailureReason,
    "Why a location does not serve units.",
    {
        "NOT_IN_STOCK": "They are not there: the level is blocked until it is counted.",
        "DAMAGED": "They are damaged.",
        "MISMATCH": "Another article was in their place: they are not on hand.",
        "CAPACITY": "No time for it today; the units are fine.",
        "CLOSED": "The location is closed; the units are fine.",
        "OTHER": "Another reason; the units are fine.",
        "NO_RESPONSE": "The location did not answer in time. Never given by people.",
    },
    name="FulfillmentFailureReason",
)


@strawberry.input(description="A location does not serve a request that was released to it.")
class RejectFulfillmentOrderInput:
    """Twin of RejectWork."""

    idempotency_key: str = strawberry.field(description=KEY)
    fulfillment_order_id: relay.GlobalID = strawberry.field(description="The fulfillment order.")
    reason: FailureReason = strawberry.field(description="Why; not NO_RESPONSE.")
    lines: list[LineUnitsInput] | None = strawberry.field(
        default=None, description="Which units; all that are released when left out."
    )
    note: str | None = strawberry.field(
        default=None, description="Explanation for the history, at most 200 characters."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.RejectWork:
        """The command."""
        return commands.RejectWork(
            idempotency_key=self.idempotency_key,
            fulfillment_order_id=_work_id(self.fulfillment_order_id),
            reason=self.reason,
            lines=tuple(line.to_domain() for line in self.lines or ()),
            note=self.note,
            expected_version=self.expected_version,
        )


@strawberry.input(description="What a picker found of a fulfillment order.")
class ReportPickInput:
    """Twin of ReportPick."""

    idempotency_key: str = strawberry.field(description=KEY)
    fulfillment_order_id: relay.GlobalID = strawberry.field(description="The fulfillment order.")
    lines: list[LineUnitsInput] = strawberry.field(
        description="Units found per line; a line that is not named was not found at all."
    )
    shortage: FailureReason = strawberry.field(
        default=FailureReason.NOT_IN_STOCK,
        description="Why units are missing: NOT_IN_STOCK, DAMAGED or MISMATCH.",
    )
    note: str | None = strawberry.field(
        default=None, description="Explanation for the history, at most 200 characters."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ReportPick:
        """The command."""
        return commands.ReportPick(
            idempotency_key=self.idempotency_key,
            fulfillment_order_id=_work_id(self.fulfillment_order_id),
            lines=tuple(line.to_domain() for line in self.lines),
            shortage=self.shortage,
            note=self.note,
            expected_version=self.expected_version,
        )


@strawberry.input(description="Whether a location's work can still be cancelled.")
class AnswerCancelInput:
    """Twin of AnswerCancel."""

    idempotency_key: str = strawberry.field(description=KEY)
    fulfillment_order_id: relay.GlobalID = strawberry.field(description="The fulfillment order.")
    reason: str | None = strawberry.field(
        default=None, description="Explanation for the history, at most 200 characters."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.AnswerCancel:
        """The command."""
        return commands.AnswerCancel(
            idempotency_key=self.idempotency_key,
            fulfillment_order_id=_work_id(self.fulfillment_order_id),
            expected_version=self.expected_version,
            reason=self.reason,
        )


@access(*STAFF)
@strawberry.type(description="A SKU that must be counted at a location: its count is in doubt.")
class CountTask:
    """Twin of domain CountTask."""

    id: strawberry.ID = strawberry.field(description="Id of the task.")
    sku: str = strawberry.field(description="What to count.")
    location_id: relay.GlobalID = strawberry.field(description="Where.")
    reason: str = strawberry.field(description="What raised the doubt, a StockMovementReason.")
    held: int = strawberry.field(description="Units on quality hold until it is counted.")
    opened_at: datetime = strawberry.field(description="Since when (UTC).")

    @staticmethod
    def of(task: DomainCountTask) -> "CountTask":
        """The twin."""
        return CountTask(
            id=strawberry.ID(str(task.id)),
            sku=task.sku,
            location_id=global_id("Location", task.location_id),
            reason=task.reason,
            held=task.held,
            opened_at=task.opened_at,
        )


@access(*STAFF)
@strawberry.type(description="A report on a location's work that contradicts the order.")
class FulfillmentException:
    """Twin of domain FulfillmentException."""

    id: strawberry.ID = strawberry.field(description="Id of the exception.")
    fulfillment_order_id: relay.GlobalID = strawberry.field(description="Which work.")
    location_id: relay.GlobalID = strawberry.field(description="Where.")
    operation: str = strawberry.field(description="The mutation that was refused.")
    message: str = strawberry.field(description="Why it was refused.")
    reported_by: str = strawberry.field(description="Role and subject of who reported it.")
    at: datetime = strawberry.field(description="When (UTC).")
    resolved_at: datetime | None = strawberry.field(
        description="When somebody resolved it (UTC); null while it is open."
    )
    resolved_by: str | None = strawberry.field(description="Role and subject of who did.")
    resolution: str | None = strawberry.field(description="What they found out.")
    version: int = strawberry.field(description="Raised by one with every change.")

    @staticmethod
    def of(kept: DomainException) -> "FulfillmentException":
        """The twin."""
        return FulfillmentException(
            id=strawberry.ID(str(kept.id)),
            fulfillment_order_id=global_id("FulfillmentOrder", kept.fulfillment_order_id),
            location_id=global_id("Location", kept.location_id),
            operation=kept.operation,
            message=kept.message,
            reported_by=kept.reported_by,
            at=kept.at,
            resolved_at=kept.resolved_at,
            resolved_by=kept.resolved_by,
            resolution=kept.resolution,
            version=kept.version,
        )


@strawberry.input(description="What became of a report that contradicts an order.")
class ResolveFulfillmentExceptionInput:
    """Twin of ResolveException."""

    idempotency_key: str = strawberry.field(description=KEY)
    exception_id: strawberry.ID = strawberry.field(description="Id of the exception.")
    resolution: str = strawberry.field(
        description="What you found out or did, 1 to 200 characters."
    )

    def to_domain(self) -> ResolveException:
        """The command. Raises ValidationFailed for a malformed id."""
        return ResolveException(
            idempotency_key=self.idempotency_key,
            exception_id=uuid_of(self.exception_id, "exceptionId"),
            resolution=self.resolution,
        )


@twin_of(errors.ExceptionResolved)
@access()
@strawberry.type(description="Somebody resolved the exception before.")
class ExceptionResolvedError(Error):
    """Twin of ExceptionResolved."""

    @staticmethod
    def of(error: errors.ExceptionResolved) -> "ExceptionResolvedError":
        """The twin."""
        return ExceptionResolvedError(code=error.code, message=error.message)


@access(*STAFF)
@strawberry.type(description="The resolved exception.")
class ResolveFulfillmentExceptionPayload:
    """Answer of resolveFulfillmentException."""

    exception: FulfillmentException = strawberry.field(description="The exception.")


ResolveFulfillmentExceptionResult = Annotated[
    ResolveFulfillmentExceptionPayload | ExceptionResolvedError | CommonError,
    strawberry.union(
        "ResolveFulfillmentExceptionResult", description="Answer of resolveFulfillmentException."
    ),
]


RejectFulfillmentOrderResult = Annotated[
    FulfillmentOrderPayload
    | QuantityExceededError
    | IllegalTransitionError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union(
        "RejectFulfillmentOrderResult", description="What rejectFulfillmentOrder answers."
    ),
]

ReportPickResult = Annotated[
    FulfillmentOrderPayload
    | QuantityExceededError
    | IllegalTransitionError
    | OrderOnHoldError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union("ReportPickResult", description="What reportPick answers."),
]


def _work_id(given: relay.GlobalID) -> FulfillmentOrderId:
    return FulfillmentOrderId(id_of(given, "FulfillmentOrder", "fulfillmentOrderId"))
