"""What the outside may ask of returns: frozen commands, one per use case."""

from dataclasses import dataclass
from decimal import Decimal

from domain.common.ids import ChannelCode, LocationId, OrderId, OrderLineId, ReturnId
from domain.orders.units import LineUnits
from domain.returns.model import (
    ItemCondition,
    ReturnDisposition,
    ReturnLine,
    ReturnMethod,
)


@dataclass(frozen=True, slots=True)
class RequestReturn:
    """Units shall come back. By order id, or by number: with the tracking token for anybody, alone
    for staff of a location who hold the receipt.
    """

    idempotency_key: str
    lines: tuple[ReturnLine, ...]
    method: ReturnMethod
    order_id: OrderId | None = None
    number: str | None = None
    token: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeReturn:
    """Authorise, reject or cancel a return; `token` is the order's, for guests."""

    idempotency_key: str
    return_id: ReturnId
    reason: str | None = None
    token: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class SendReturn:
    """The goods are on their way back."""

    idempotency_key: str
    return_id: ReturnId
    carrier: str | None = None
    tracking_number: str | None = None
    token: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ReceiveReturn:
    """Goods of a return arrived at a location; no lines: all that were to come."""

    idempotency_key: str
    return_id: ReturnId
    location_id: LocationId
    lines: tuple[LineUnits, ...] | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class BagOrder:
    """What of one order is in the bag that somebody brought."""

    lines: tuple[ReturnLine, ...]
    order_id: OrderId | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class ReceiveBag:
    """Somebody is in the store with goods of one or more orders."""

    idempotency_key: str
    location_id: LocationId
    orders: tuple[BagOrder, ...]


@dataclass(frozen=True, slots=True)
class ReceiveUndelivered:
    """A parcel that could not be delivered arrived at a location."""

    idempotency_key: str
    carrier: str
    tracking_number: str
    location_id: LocationId


@dataclass(frozen=True, slots=True)
class Finding:
    """What some units of a line are like; a disposition goes before the location's rules."""

    line_id: OrderLineId
    quantity: int
    condition: ItemCondition
    disposition: ReturnDisposition | None = None


@dataclass(frozen=True, slots=True)
class InspectReturn:
    """What received units are like."""

    idempotency_key: str
    return_id: ReturnId
    findings: tuple[Finding, ...]
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class SetReturnPolicy:
    """What a channel allows, whole; no channel: all channels without a policy of their own."""

    idempotency_key: str
    channel: ChannelCode | None
    window_days: int
    days_to_send: int
    authorises: bool
    final_sale_tags: tuple[str, ...]
    restocking_fee: Decimal
    damage_deduction: Decimal
    refunds_shipping: bool
    no_receipt_limits: tuple[tuple[str, int], ...]
    no_receipt_days: int
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class SetDispositionRules:
    """What a location does with returned goods, by condition."""

    idempotency_key: str
    location_id: LocationId
    rules: tuple[tuple[ItemCondition, ReturnDisposition], ...]
    transfer_to_short: bool
    expected_version: int | None = None
