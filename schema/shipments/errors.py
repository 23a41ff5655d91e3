"""GraphQL twins of the refusals of shipments."""

import strawberry

from domain.shipments import errors as domain
from domain.shipments.labelling import errors as labelling
from schema.access import access
from schema.errors import Error, twin_of


@access()
@strawberry.type(
    description="An order line of which the parcels hold other units than were packed."
)
class ParcelDifference:
    """Twin of domain ParcelDifference."""

    order_line_id: strawberry.ID = strawberry.field(description="Id of the line.")
    packed: int = strawberry.field(
        description="Units that were packed; 0 when the line is not part of the fulfillment order."
    )
    given: int = strawberry.field(description="Units in all parcels.")


@twin_of(domain.ParcelsDoNotMatch)
@access()
@strawberry.type(
    description="The parcels do not hold exactly the packed units. Nothing was shipped or captured."
)
class ParcelsDoNotMatchError(Error):
    """Twin of ParcelsDoNotMatch."""

    differences: list[ParcelDifference] = strawberry.field(description="Lines that differ.")

    @staticmethod
    def of(error: domain.ParcelsDoNotMatch) -> "ParcelsDoNotMatchError":
        """The twin."""
        return ParcelsDoNotMatchError(
            code=error.code,
            message=error.message,
            differences=[
                ParcelDifference(
                    order_line_id=strawberry.ID(str(each.line_id)),
                    packed=each.packed,
                    given=each.given,
                )
                for each in error.differences
            ],
        )


@twin_of(domain.DuplicateTrackingNumber)
@access()
@strawberry.type(description="The carrier's tracking number is on another parcel already.")
class DuplicateTrackingNumberError(Error):
    """Twin of DuplicateTrackingNumber."""

    carrier: str = strawberry.field(description="Code of the carrier.")
    tracking_number: str = strawberry.field(description="The number.")

    @staticmethod
    def of(error: domain.DuplicateTrackingNumber) -> "DuplicateTrackingNumberError":
        """The twin."""
        return DuplicateTrackingNumberError(
            code=error.code,
            message=error.message,
            carrier=error.carrier,
            tracking_number=error.tracking_number,
        )


@twin_of(labelling.LabelNotUsable)
@access()
@strawberry.type(
    description="The tracking number is of a label that must not go on this parcel: it is void, "
    "for other goods, or for the way back. Nothing was shipped."
)
class LabelNotUsableError(Error):
    """Twin of LabelNotUsable."""

    tracking_number: str = strawberry.field(description="The number.")
    reason: str = strawberry.field(description="What is wrong with its label, in English.")

    @staticmethod
    def of(error: labelling.LabelNotUsable) -> "LabelNotUsableError":
        """The twin."""
        return LabelNotUsableError(
            code=error.code,
            message=error.message,
            tracking_number=error.tracking_number,
            reason=error.reason,
        )


@twin_of(labelling.IllegalLabelStep)
@access()
@strawberry.type(description="The label or its parcel is not in a state for that.")
class IllegalLabelStepError(Error):
    """Twin of IllegalLabelStep."""

    action: str = strawberry.field(description="What was asked for.")
    current_state: str = strawberry.field(description="What forbids it.")

    @staticmethod
    def of(error: labelling.IllegalLabelStep) -> "IllegalLabelStepError":
        """The twin."""
        return IllegalLabelStepError(
            code=error.code, message=error.message, action=error.action, current_state=error.state
        )
