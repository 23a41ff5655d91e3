"""Rows of the Olist data set (Brazilian marketplace, public CSV files), checked one by one. Pure.

Times in the files have no zone: they are read as local time of Sao Paulo, where the marketplace
and most of its sellers are.
"""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from domain.common.card_numbers import check_no_card_number
from domain.common.errors import ValidationFailed
from domain.common.texts import one_line

TIME_ZONE = "America/Sao_Paulo"
_ZONE = ZoneInfo(TIME_ZONE)
_FORMAT = "%Y-%m-%d %H:%M:%S"


def _utc(text: object) -> datetime | None:
    """The moment of a local time; a time that the clock skips or repeats: PEP 495, fold=0."""
    if text == "":
        return None
    return datetime.strptime(str(text), _FORMAT).replace(tzinfo=_ZONE).astimezone(UTC)


def _clean(text: str) -> str:
    """`text` as one line that may be stored: no control characters, no card number."""
    try:
        line = one_line("text", text, 100)
        check_no_card_number("text", line)
    except ValidationFailed as error:
        raise ValueError(error.reason) from error
    return line


def _absent_if_empty(text: object) -> object:
    return None if text == "" else text


Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,40}$"), AfterValidator(_clean)]
Zip = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
State = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Text = Annotated[str, StringConstraints(min_length=1), AfterValidator(_clean)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)]
Weight = Annotated[int, Field(ge=0, le=10_000_000)]
Moment = Annotated[datetime, BeforeValidator(_utc)]
MaybeMoment = Annotated[datetime | None, BeforeValidator(_utc)]
Latitude = Annotated[float, Field(ge=-34, le=6)]
Longitude = Annotated[float, Field(ge=-74.5, le=-28)]
"""Brazil with its islands; a point elsewhere is a mistake."""


class OlistStatus(StrEnum):
    """How far an order had come when the data were published."""

    CREATED = "created"
    APPROVED = "approved"
    INVOICED = "invoiced"
    PROCESSING = "processing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELED = "canceled"
    UNAVAILABLE = "unavailable"


class OlistRow(BaseModel):
    """A row of one of the files; columns that are not named here are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)


class GeolocationRow(OlistRow):
    """A point in the area of a postal code's first five digits."""

    geolocation_zip_code_prefix: Zip
    geolocation_lat: Latitude
    geolocation_lng: Longitude
    geolocation_city: Text
    geolocation_state: State


class CustomerRow(OlistRow):
    """Who ordered: `customer_id` is made for each order, `customer_unique_id` is the person."""

    customer_id: Key
    customer_unique_id: Key
    customer_zip_code_prefix: Zip
    customer_city: Text
    customer_state: State


class SellerRow(OlistRow):
    """Who sells on the marketplace, and from where."""

    seller_id: Key
    seller_zip_code_prefix: Zip
    seller_city: Text
    seller_state: State


class ProductRow(OlistRow):
    """What is sold. Its name is not in the data."""

    product_id: Key
    product_category_name: Annotated[str, AfterValidator(_clean)]
    product_weight_g: Annotated[Weight | None, BeforeValidator(_absent_if_empty)]


class OrderItemRow(OlistRow):
    """One unit in an order: from which seller, at which price and freight, in reais."""

    order_id: Key
    order_item_id: Annotated[int, Field(ge=1, le=1000)]
    product_id: Key
    seller_id: Key
    price: Amount
    freight_value: Amount


class PaymentRow(OlistRow):
    """One payment for an order, in reais, interest of instalments included."""

    order_id: Key
    payment_sequential: Annotated[int, Field(ge=1)]
    payment_type: Text
    payment_value: Amount


class OrderRow(OlistRow):
    """An order, and when what happened to it."""

    order_id: Key
    customer_id: Key
    order_status: OlistStatus
    order_purchase_timestamp: Moment
    order_approved_at: MaybeMoment
    order_delivered_carrier_date: MaybeMoment
    order_delivered_customer_date: MaybeMoment
