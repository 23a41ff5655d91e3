"""Transfers between locations as clients see them."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import LocationId, Sku
from domain.identity.model import STAFF
from domain.transfers import errors, service
from domain.transfers import model as domain
from domain.transfers.model import TransferId, TransferState
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
from schema.inputs import KEY, VERSION, utc_moment
from schema.stock import InsufficientStockError

described(
    TransferState,
    "Where a transfer stands.",
    {
        "CREATED": "Its units are allocated at the source.",
        "SHIPPED": "On the way: in no location's stock.",
        "RECEIVED": "In the destination's stock, as counted there.",
        "CANCELLED": "Cancelled before it left.",
    },
)


@access(*STAFF)
@strawberry.type(description="Units of a SKU that go from one location to another.")
class TransferLine:
    """Twin of domain TransferLine."""

    sku: str = strawberry.field(description="What goes.")
    quantity: int = strawberry.field(description="Units sent.")
    received: int | None = strawberry.field(description="Units counted at the destination.")
    variance: int | None = strawberry.field(
        description="Received less sent; below 0 what was lost on the way."
    )


@access(*STAFF)
@strawberry.type(description="Goods that go from one location to another.")
class Transfer:
    """Twin of domain Transfer."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    number: str = strawberry.field(description="Number for people; the ledger's reference.")
    source_id: relay.GlobalID = strawberry.field(description="The location that sends.")
    destination_id: relay.GlobalID = strawberry.field(description="The location that receives.")
    state: TransferState = strawberry.field(description="Where it stands.")
    reference: str = strawberry.field(description="As given; may be empty.")
    created_at: datetime = strawberry.field(description="When it was created (UTC).")
    shipped_at: datetime | None = strawberry.field(description="When it left (UTC).")
    expected_at: datetime | None = strawberry.field(
        description="When it should arrive (UTC); null before it left."
    )
    received_at: datetime | None = strawberry.field(description="When it arrived (UTC).")
    version: int = strawberry.field(description="Raised by one with every change.")
    lines: list[TransferLine] = strawberry.field(description="What goes.")

    @staticmethod
    def of(transfer: domain.Transfer) -> "Transfer":
        """The twin."""
        return Transfer(
            id=global_id("Transfer", transfer.id),
            number=transfer.number,
            source_id=global_id("Location", transfer.source_id),
            destination_id=global_id("Location", transfer.destination_id),
            state=transfer.state,
            reference=transfer.reference,
            created_at=transfer.created_at,
            shipped_at=transfer.shipped_at,
            expected_at=transfer.expected_at,
            received_at=transfer.received_at,
            version=transfer.version,
            lines=[
                TransferLine(
                    sku=line.sku,
                    quantity=line.quantity,
                    received=line.received,
                    variance=line.variance,
                )
                for line in transfer.lines
            ],
        )


@strawberry.input(description="Units of a SKU.")
class SkuUnitsInput:
    """Twin of SkuUnits."""

    sku: str = strawberry.field(description="SKU of the variant.")
    quantity: int = strawberry.field(description="Units.")

    def to_domain(self) -> service.SkuUnits:
        """The units."""
        return service.SkuUnits(Sku(self.sku), self.quantity)


@strawberry.input(description="Goods shall go from one location to another.")
class CreateTransferInput:
    """Twin of CreateTransfer."""

    idempotency_key: str = strawberry.field(description=KEY)
    source_id: relay.GlobalID = strawberry.field(description="The location that sends.")
    destination_id: relay.GlobalID = strawberry.field(description="The location that receives.")
    lines: list[SkuUnitsInput] = strawberry.field(description="1 to 500, each SKU once.")
    reference: str = strawberry.field(default="", description="At most 128 characters.")

    def to_domain(self) -> service.CreateTransfer:
        """The command."""
        return service.CreateTransfer(
            idempotency_key=self.idempotency_key,
            source_id=LocationId(id_of(self.source_id, "Location", "sourceId")),
            destination_id=LocationId(id_of(self.destination_id, "Location", "destinationId")),
            lines=tuple(line.to_domain() for line in self.lines),
            reference=self.reference,
        )


@strawberry.input(description="Which transfer to ship or to cancel.")
class ChangeTransferInput:
    """Twin of ChangeTransfer."""

    idempotency_key: str = strawberry.field(description=KEY)
    transfer_id: relay.GlobalID = strawberry.field(description="The transfer.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    expected_at: datetime | None = strawberry.field(
        default=None,
        description="When what is shipped should arrive; in 2 days unless given. Of no use when "
        "cancelling.",
    )

    def to_domain(self) -> service.ChangeTransfer:
        """The command."""
        return service.ChangeTransfer(
            self.idempotency_key,
            _transfer_id(self.transfer_id),
            self.expected_version,
            utc_moment("expectedAt", self.expected_at),
        )


@strawberry.input(description="What arrived of a transfer.")
class ReceiveTransferInput:
    """Twin of ReceiveTransfer."""

    idempotency_key: str = strawberry.field(description=KEY)
    transfer_id: relay.GlobalID = strawberry.field(description="The transfer.")
    counted: list[SkuUnitsInput] | None = strawberry.field(
        default=None, description="Units per SKU where they differ from what was sent."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> service.ReceiveTransfer:
        """The command."""
        return service.ReceiveTransfer(
            idempotency_key=self.idempotency_key,
            transfer_id=_transfer_id(self.transfer_id),
            counted=tuple(line.to_domain() for line in self.counted or ()),
            expected_version=self.expected_version,
        )


@twin_of(errors.IllegalTransferStep)
@access()
@strawberry.type(description="The step does not fit the transfer's present state.")
class IllegalTransferStepError(Error):
    """Twin of IllegalTransferStep."""

    action: str = strawberry.field(description="What was asked for.")
    current_state: str = strawberry.field(description="The state that forbids it.")

    @staticmethod
    def of(error: errors.IllegalTransferStep) -> "IllegalTransferStepError":
        """The twin."""
        return IllegalTransferStepError(
            code=error.code, message=error.message, action=error.action, current_state=error.state
        )


@access(*STAFF)
@strawberry.type(description="The transfer after the change.")
class TransferPayload:
    """Answer of createTransfer, shipTransfer, receiveTransfer and cancelTransfer."""

    transfer: Transfer = strawberry.field(description="The transfer.")


TransferResult = Annotated[
    TransferPayload
    | InsufficientStockError
    | IllegalTransferStepError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union("TransferResult", description="What changes of a transfer answer."),
]


def _transfer_id(given: relay.GlobalID) -> TransferId:
    return TransferId(id_of(given, "Transfer", "transferId"))
