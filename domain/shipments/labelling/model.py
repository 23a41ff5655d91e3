"""Labels as values, and what may be done with them. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.carriers.model import (
    LabelAnswer,
    LabelFormat,
    LabelRequest,
    Outcome,
    Place,
    VoidAnswer,
)
from domain.common.ids import FulfillmentOrderId, LabelId, LocationId, OrderId, ParcelId
from domain.locations.model import Location
from domain.orders.model import Address

FIRST_RETRY = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)


class LabelState(StrEnum):
    """What is known of a label. BUYING and VOIDING are intents: the carrier is being asked."""

    BUYING = "BUYING"
    BOUGHT = "BOUGHT"
    VOIDING = "VOIDING"
    VOIDED = "VOIDED"
    FAILED = "FAILED"


INTENTS = frozenset({LabelState.BUYING, LabelState.VOIDING})


class Direction(StrEnum):
    """Whether a label brings goods to the customer or back."""

    OUTBOUND = "OUTBOUND"
    RETURN = "RETURN"


@dataclass(frozen=True, slots=True)
class Label:
    """A label and its story. `price_minor` is what the carrier asks for it, in `currency`.

    `reason`: why it FAILED, or why the carrier did not void it. `next_try_at`: when an intent
    without an answer is tried again. The token opens the document.
    """

    id: LabelId
    serial: int
    order_id: OrderId
    fulfillment_order_id: FulfillmentOrderId
    location_id: LocationId
    parcel_id: ParcelId | None
    replaces_id: LabelId | None
    direction: Direction
    format: LabelFormat
    carrier: str
    service: str
    state: LabelState
    weight_g: int
    sender: Place
    recipient: Place
    token: str = field(repr=False)
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int
    tracking_number: str | None = None
    reference: str | None = None
    price_minor: int | None = None
    currency: str | None = None
    reason: str | None = None
    void_refused_at: datetime | None = None
    next_try_at: datetime | None = None
    attempts: int = 0

    @property
    def customer_end(self) -> Place:
        """The customer's place: where it goes, or for a RETURN where it comes from."""
        return self.recipient if self.direction is Direction.OUTBOUND else self.sender


def place_of_address(address: Address) -> Place:
    """The place that an order is shipped to."""
    return Place(
        name=address.recipient,
        street=address.street,
        city=address.city,
        postal_code=address.postal_code,
        country=address.country,
        region=address.region,
        phone=address.phone,
        pickup_point_id=address.pickup_point_id,
        pickup_point_name=address.pickup_point_name,
    )


def place_of_location(location: Location) -> Place:
    """The place that a location is."""
    return Place(
        name=location.name,
        street=location.street,
        city=location.city,
        postal_code=location.postal_code,
        country=location.country,
        region=location.region,
    )


def request_of(label: Label) -> LabelRequest:
    """What the carrier is asked for; the same however often."""
    return LabelRequest(
        key=label.id,
        serial=label.serial,
        service=label.service,
        format=label.format,
        sender=label.sender,
        recipient=label.recipient,
        weight_g=label.weight_g,
    )


def _next(label: Label, now: datetime, **changes: object) -> Label:
    settled = {"next_try_at": None, "attempts": 0}
    return replace(
        label,
        **{**settled, **changes},
        version=label.version + 1,
        updated_at=now,
    )


def bought(label: Label, answer: LabelAnswer, now: datetime) -> Label:
    """A BUYING `label` after the carrier's answer: BOUGHT, FAILED, or to be asked again."""
    match answer.outcome:
        case Outcome.UNKNOWN:
            return waiting(label, now)
        case Outcome.REFUSED:
            return _next(label, now, state=LabelState.FAILED, reason=answer.reason or "refused")
        case Outcome.DONE:
            return _next(
                label,
                now,
                state=LabelState.BOUGHT,
                tracking_number=answer.tracking_number,
                reference=answer.reference,
                price_minor=answer.price_minor,
                currency=answer.currency,
            )


def voiding(label: Label, now: datetime) -> Label:
    """A BOUGHT `label` with the intent to void it."""
    first = now + FIRST_RETRY
    return _next(label, now, state=LabelState.VOIDING, next_try_at=first)


def voided(label: Label, answer: VoidAnswer, now: datetime) -> Label:
    """A VOIDING `label` after the carrier's answer: VOIDED, to be asked again, or BOUGHT as before
    if the carrier does not void it any more.
    """
    match answer.outcome:
        case Outcome.UNKNOWN:
            return waiting(label, now)
        case Outcome.REFUSED:
            reason = answer.reason or "refused"
            return _next(label, now, state=LabelState.BOUGHT, reason=reason, void_refused_at=now)
        case Outcome.DONE:
            return _next(label, now, state=LabelState.VOIDED, reason=None)


def waiting(label: Label, now: datetime) -> Label:
    """A label whose carrier did not answer: asked again after 1, 2, 4, ... minutes, then hourly."""
    pause = min(FIRST_RETRY * 2 ** min(label.attempts, 10), LONGEST_WAIT)
    return replace(label, attempts=label.attempts + 1, next_try_at=now + pause)
