"""Edits as values: what changes, how it ends, and what it costs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.common.ids import LocationId, OrderId, OrderLineId, Sku
from domain.orders.model import Line, Order
from domain.promotions.model import PromotionId
from domain.sourcing.model import Assignment


class EditState(StrEnum):
    """Where an edit stands."""

    PENDING = "PENDING"
    """The PSP is asked for the difference; the order is as it was."""
    APPLIED = "APPLIED"
    DECLINED = "DECLINED"
    LETTING_GO = "LETTING_GO"
    """Given up; what the PSP authorised for it must be voided."""
    ENDED = "ENDED"
    """Given up; no money is put aside for it."""


class EditEnd(StrEnum):
    """Why an edit was given up."""

    STALE = "STALE"
    """The order moved on while the PSP was asked."""
    OUT_OF_STOCK = "OUT_OF_STOCK"
    """Its reservation had expired and the stock was sold."""
    EXPIRED = "EXPIRED"
    """Nobody finished it in time."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of an order's lines, priced and planned.

    `lines`: those that are new or grow, as they will be. `added` and `given_up`: units per line.
    `assignments` and `unfilled`: which locations serve the added units, and which units wait.
    `promoted`: the promotions of the order that are about each new line.
    """

    lines: tuple[Line, ...]
    added: Mapping[OrderLineId, int]
    given_up: Mapping[OrderLineId, int]
    assignments: tuple[Assignment, ...] = ()
    unfilled: Mapping[OrderLineId, int] | None = None
    promoted: Mapping[OrderLineId, tuple[PromotionId, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Shortage:
    """Stock that was gone when the edit was to be applied."""

    sku: Sku
    location_id: LocationId | None
    requested: int
    available: int


@dataclass(frozen=True, slots=True)
class StoredEdit:
    """An edit as it is kept: the intent to authorise `amount_minor`, and how it ended.

    `id` is also the id of the payment that it becomes. `order_version` is the version that it
    changes, `applied_version` the one that it made.
    """

    id: UUID
    order_id: OrderId
    order_version: int
    state: EditState
    edit: Edit
    reason: str | None
    token: str | None
    psp_key: str
    psp_reference: str | None
    decline_reason: str | None
    currency: str
    amount_minor: int
    ended_by: EditEnd | None
    shortage: Shortage | None
    applied_version: int | None
    apply_until: datetime
    created_by: str
    created_at: datetime
    updated_at: datetime


def shortfall(before: Order, after: Order, leaving_minor: int) -> int:
    """Minor units to authorise so that the order's money covers all units of `after`.

    `leaving_minor` is asked to be refunded and not answered yet. What was captured beyond the value
    of `before` is on its way back to the customer and does not count.
    """
    captured = sum(payment.refundable_minor for payment in before.payments) - leaving_minor
    kept = min(captured, before.payable_minor)
    authorised = sum(payment.capturable_minor for payment in before.payments)
    return max(0, after.payable_minor - kept - authorised)
