"""What is said to carriers and what they answer: places, rates, labels, reports. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class TrackingStatus(StrEnum):
    """What a carrier says of a parcel. Most have a rank, see `shipments.model.RANK`."""

    LABEL_CREATED = "LABEL_CREATED"
    HANDED_OVER = "HANDED_OVER"
    IN_TRANSIT = "IN_TRANSIT"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    DELIVERED = "DELIVERED"
    DELAYED = "DELAYED"
    FAILED_ATTEMPT = "FAILED_ATTEMPT"
    REFUSED = "REFUSED"
    LOST = "LOST"
    DAMAGED = "DAMAGED"
    RETURNED_TO_ORIGIN = "RETURNED_TO_ORIGIN"


class LabelFormat(StrEnum):
    """The language in which a label is printed."""

    PDF = "PDF"
    ZPL = "ZPL"


class Outcome(StrEnum):
    """What a carrier said to a request."""

    DONE = "DONE"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"
    """No answer in time: ask again with the same key."""


@dataclass(frozen=True, slots=True)
class Place:
    """One end of a label. Personal data at the customer's end."""

    name: str = field(repr=False)
    street: str = field(repr=False)
    city: str
    postal_code: str
    country: str
    region: str = ""
    phone: str | None = field(default=None, repr=False)
    pickup_point_id: str | None = None
    """The carrier's own id of a pickup point or locker, if the parcel goes to one."""
    pickup_point_name: str | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """What a service of a carrier asks for some parcels together, and how long it takes."""

    carrier: str
    service: str
    price_minor: int
    currency: str
    transit_days: int | None = None


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """A label to buy. Equal `key`, same label: however often it is asked for, it is bought once.

    `serial` is unique among all labels of the house.
    """

    key: UUID
    serial: int
    service: str
    format: LabelFormat
    sender: Place
    recipient: Place
    weight_g: int


@dataclass(frozen=True, slots=True)
class LabelAnswer:
    """What the carrier sold. `document`: its own label, if it makes one; else it is drawn here.

    `reference` is the carrier's name of the label, needed to void it.
    """

    outcome: Outcome
    tracking_number: str | None = None
    reference: str | None = None
    price_minor: int | None = None
    currency: str | None = None
    document: bytes | None = field(default=None, repr=False)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class VoidAnswer:
    """Whether a label is void; REFUSED when it cannot be any more, with a reason."""

    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CarrierReport:
    """Something that a carrier tells of a parcel; `external_id` is its own id of the report."""

    external_id: str
    tracking_number: str
    status: TrackingStatus
    occurred_at: datetime
    place: str = ""
    expected_at: datetime | None = None
