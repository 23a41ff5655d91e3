"""What is sent to EasyPost and what comes back, as far as it is used here. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_UP, Decimal
from typing import Any

from pydantic import BaseModel

from domain.carriers.model import CarrierReport, LabelRequest, Place, Rate, TrackingStatus
from domain.common.money import Money

_GRAMS_PER_OUNCE = Decimal("28.349523125")
STATUSES: Mapping[str, TrackingStatus] = {
    "pre_transit": TrackingStatus.LABEL_CREATED,
    "in_transit": TrackingStatus.IN_TRANSIT,
    "out_for_delivery": TrackingStatus.OUT_FOR_DELIVERY,
    "available_for_pickup": TrackingStatus.OUT_FOR_DELIVERY,
    "delivered": TrackingStatus.DELIVERED,
    "return_to_sender": TrackingStatus.REFUSED,
    "failure": TrackingStatus.FAILED_ATTEMPT,
}
"""Its statuses that tell something; `unknown`, `cancelled` and `error` tell nothing of a parcel."""


class RateObject(BaseModel):
    """A rate of a shipment."""

    id: str
    carrier: str
    service: str
    rate: Decimal
    currency: str
    delivery_days: int | None = None

    @property
    def name(self) -> str:
        """The service as it is called here, such as `USPS Priority`."""
        return f"{self.carrier} {self.service}"

    @property
    def money(self) -> Money:
        """Its price."""
        return Money.from_decimal(self.rate, self.currency)


class MessageObject(BaseModel):
    """Why a carrier gives no rate."""

    carrier: str = ""
    message: Any = ""


class PostageLabel(BaseModel):
    """Where the label is."""

    label_url: str


class ShipmentObject(BaseModel):
    """A parcel with its rates, and its label once that is bought."""

    id: str
    tracking_code: str | None = None
    rates: list[RateObject] = []
    messages: list[MessageObject] = []
    selected_rate: RateObject | None = None
    postage_label: PostageLabel | None = None
    refund_status: str | None = None

    def rate_named(self, service: str) -> RateObject | None:
        """The cheapest of its rates for a service, if there is one."""
        found = [rate for rate in self.rates if rate.name == service]
        return min(found, key=lambda rate: rate.rate, default=None)


class LocationObject(BaseModel):
    """Where something happened."""

    city: str | None = None
    state: str | None = None
    country: str | None = None

    @property
    def text(self) -> str:
        """The place on one line, at most 200 characters."""
        return ", ".join(part for part in (self.city, self.state, self.country) if part)[:200]


class TrackingDetail(BaseModel):
    """One thing that happened to a parcel."""

    status: str
    datetime: datetime
    tracking_location: LocationObject | None = None


class TrackerObject(BaseModel):
    """All that happened to a parcel."""

    tracking_code: str
    est_delivery_date: datetime | None = None
    tracking_details: list[TrackingDetail] = []

    def reports(self) -> list[CarrierReport]:
        """What it tells, the oldest first. The details have no ids: status and time name them."""
        details = sorted(self.tracking_details, key=lambda each: each.datetime)
        known = [detail for detail in details if detail.status in STATUSES]
        return [
            CarrierReport(
                external_id=f"{detail.status}@{detail.datetime.isoformat()}",
                tracking_number=self.tracking_code,
                status=STATUSES[detail.status],
                occurred_at=detail.datetime,
                place=detail.tracking_location.text if detail.tracking_location else "",
                expected_at=self.est_delivery_date if detail is known[-1] else None,
            )
            for detail in known
        ]


class TrackersPage(BaseModel):
    """A list of trackers."""

    trackers: list[TrackerObject] = []


class EventObject(BaseModel):
    """A message of a webhook."""

    id: str
    description: str
    result: dict[str, Any] = {}


def address(place: Place) -> dict[str, Any]:
    """A place as EasyPost has it."""
    return {
        "name": place.name,
        "company": place.pickup_point_name or place.pickup_point_id,
        "street1": place.street,
        "city": place.city,
        "state": place.region,
        "zip": place.postal_code,
        "country": place.country,
        "phone": place.phone,
    }


def ounces(weight_g: int) -> float:
    """A weight in ounces, rounded up to a tenth, the precision of the API."""
    return float((Decimal(weight_g) / _GRAMS_PER_OUNCE).quantize(Decimal("0.1"), ROUND_UP))


def shipment_of(sender: Place, recipient: Place, weight_g: int) -> dict[str, Any]:
    """The body that makes a shipment."""
    return {
        "from_address": address(sender),
        "to_address": address(recipient),
        "parcel": {"weight": ounces(weight_g)},
    }


def shipment_for(wanted: LabelRequest) -> dict[str, Any]:
    """The body that makes the shipment of a label; its reference finds it again."""
    return shipment_of(wanted.sender, wanted.recipient, wanted.weight_g) | {
        "reference": str(wanted.key),
        "options": {"label_format": wanted.format.value},
    }


def sum_of_rates(carrier: str, shipments: Sequence[ShipmentObject]) -> list[Rate]:
    """One rate for each service that all the shipments have, in their sum."""
    names = {rate.name for rate in shipments[0].rates} if shipments else set[str]()
    found: list[Rate] = []
    for name in sorted(names):
        rates = [rate for each in shipments if (rate := each.rate_named(name)) is not None]
        if len(rates) < len(shipments) or len({rate.currency for rate in rates}) > 1:
            continue
        days = [rate.delivery_days for rate in rates if rate.delivery_days is not None]
        price = sum(rate.money.amount_minor for rate in rates)
        slowest = max(days) if len(days) == len(rates) else None
        found.append(Rate(carrier, name, price, rates[0].currency, slowest))
    return found
