"""Inbound stock, promises against it, and available to promise over time. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId, OrderId, OrderLineId, Sku

InboundId = NewType("InboundId", UUID)
PromiseId = NewType("PromiseId", UUID)
CERTAIN = Decimal(1)


def checked_confidence(field: str, confidence: Decimal) -> Decimal:
    """`confidence` itself.

    Raises:
        ValidationFailed: it is not 0 to 1, or has more than two decimals.
    """
    fits = confidence.is_finite() and 0 <= confidence <= CERTAIN
    if not fits or confidence != round(confidence, 2):
        raise ValidationFailed(field, "must be 0 to 1, with two decimals at most")
    return confidence


class InboundSource(StrEnum):
    """Where inbound stock comes from."""

    PURCHASE_ORDER = "PURCHASE_ORDER"
    TRANSFER = "TRANSFER"
    SUPPLIER_FEED = "SUPPLIER_FEED"
    RETURN = "RETURN"


@dataclass(frozen=True, slots=True)
class Inbound:
    """Units of a SKU that a location expects. `confidence` is 0 to 1. Once closed, nothing more of
    it will come. `version` counts its changes.
    """

    id: InboundId
    source: InboundSource
    source_id: UUID
    reference: str
    sku: Sku
    location_id: LocationId
    quantity: int
    received: int
    eta: datetime
    confidence: Decimal
    closed_at: datetime | None
    updated_at: datetime
    version: int

    @property
    def open(self) -> int:
        """Units that are still to come."""
        return 0 if self.closed_at is not None else max(0, self.quantity - self.received)

    @property
    def promisable(self) -> int:
        """Units that may be promised to customers: those to come, times the confidence."""
        units = Decimal(self.open) * self.confidence
        return int(units.to_integral_value(rounding=ROUND_FLOOR))


@dataclass(frozen=True, slots=True)
class Promise:
    """Units of a SKU that an order line waits for, promised for a date against inbound stock.

    `inbound_id` is None when the inbound stock came in or got less; the promise is then made anew.
    `confidence` is that of the inbound stock when the promise was made.
    """

    id: PromiseId
    order_id: OrderId
    line_id: OrderLineId
    sku: Sku
    location_id: LocationId
    inbound_id: InboundId | None
    quantity: int
    promised_at: datetime
    confidence: Decimal
    confirmed_at: datetime


@dataclass(frozen=True, slots=True)
class Dated:
    """Units at a moment: those that come in then, or are due then."""

    at: datetime
    quantity: int


def atp_at(
    physical: int, supplies: Iterable[Dated], commitments: Iterable[Dated], at: datetime
) -> int:
    """Units that can be promised for `at`: max(0, min over u >= at of S(u) - D(u)), where S is what
    is there plus what has come in by u, and D what is committed by u.

    The look-ahead minimum keeps an early promise from taking units that a later one counts on.
    """
    changes = sorted(
        [(each.at, each.quantity) for each in supplies]
        + [(each.at, -each.quantity) for each in commitments]
    )
    balance = physical + sum(quantity for moment, quantity in changes if moment <= at)
    least = balance
    later = [change for change in changes if change[0] > at]
    for position, (moment, quantity) in enumerate(later):
        balance += quantity
        last_of_moment = position + 1 == len(later) or later[position + 1][0] > moment
        if last_of_moment:
            least = min(least, balance)
    return max(0, least)


def atp_curve(
    physical: int, supplies: Sequence[Dated], commitments: Sequence[Dated], now: datetime
) -> tuple[Dated, ...]:
    """What can be promised from now on: one entry for now, then one for each date at which it
    rises. It never falls: what can be promised for a date can be promised for any later one.
    """
    later = [each for each in (*supplies, *commitments) if each.at > now]
    return _curve_of(now, [later], lambda at: atp_at(physical, supplies, commitments, at))


def on_curve(curve: Sequence[Dated], at: datetime) -> int:
    """Units that a curve shows at a moment; 0 before its first entry."""
    return next((each.quantity for each in reversed(curve) if each.at <= at), 0)


def summed(curves: Sequence[Sequence[Dated]], now: datetime) -> tuple[Dated, ...]:
    """What several pools of stock can promise together, each out of its own."""
    return _curve_of(now, curves, lambda at: sum(on_curve(curve, at) for curve in curves))


def of_kit(
    components: Mapping[Sku, int], curves: Mapping[Sku, Sequence[Dated]], now: datetime
) -> tuple[Dated, ...]:
    """Whole kits that one location can promise; `components` are units of each SKU in one kit."""
    return _curve_of(
        now,
        list(curves.values()),
        lambda at: min(
            (on_curve(curves.get(sku, ()), at) // each for sku, each in components.items()),
            default=0,
        ),
    )


def _curve_of(
    now: datetime, curves: Sequence[Sequence[Dated]], units_at: Callable[[datetime], int]
) -> tuple[Dated, ...]:
    found: list[Dated] = []
    for moment in sorted({now} | {each.at for curve in curves for each in curve}):
        units = units_at(moment)
        if not found or units != found[-1].quantity:
            found.append(Dated(moment, units))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Cut:
    """What is left of a promise when its inbound stock cannot carry it whole."""

    promise: Promise
    kept: int


def cuts(promises: Sequence[Promise], allowed: int) -> list[Cut]:
    """The promises that lose units so that those of all together are `allowed` at most: the first
    in the sequence are kept.
    """
    found: list[Cut] = []
    left = max(0, allowed)
    for promise in promises:
        kept = min(left, promise.quantity)
        left -= kept
        if kept < promise.quantity:
            found.append(Cut(promise, kept))
    return found
