"""Refusals of the shipments area."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.common.errors import DomainError
from domain.common.ids import OrderLineId


@dataclass(frozen=True, slots=True)
class ParcelDifference:
    """An order line of which the parcels hold other units than were packed."""

    line_id: OrderLineId
    packed: int
    given: int


class ParcelsDoNotMatch(DomainError):
    """The parcels do not hold exactly the packed units. Nothing was shipped."""

    code = "PARCELS_DO_NOT_MATCH"

    def __init__(self, differences: Sequence[ParcelDifference]) -> None:
        found = ", ".join(f"{d.line_id}: packed {d.packed}, given {d.given}" for d in differences)
        super().__init__(f"the parcels differ from what was packed ({found})")
        self.differences = tuple(differences)


class DuplicateTrackingNumber(DomainError):
    """The carrier's tracking number is on another parcel already."""

    code = "DUPLICATE_TRACKING_NUMBER"

    def __init__(self, carrier: str, tracking_number: str) -> None:
        super().__init__(f"tracking number {tracking_number} of {carrier} is used already")
        self.carrier = carrier
        self.tracking_number = tracking_number
