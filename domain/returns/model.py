"""Returns as values: their states, policies and dispositions, and what is given back. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from domain.common.ids import (
    LocationId,
    OrderId,
    OrderLineId,
    ReturnId,
    Sku,
)
from domain.common.money import rounded
from domain.orders.lifecycle import Action
from domain.orders.model import Group, Order
from domain.orders.states import GroupState
from domain.stock.model import Bucket
from domain.transfers.model import TransferId

MAX_LINES = 100
"""Order lines that one return may have."""


class ReturnMethod(StrEnum):
    """How the goods come back."""

    LABEL = "LABEL"
    STORE_DROP_OFF = "STORE_DROP_OFF"
    UNDELIVERED = "UNDELIVERED"
    """They never reached the customer."""


class ReturnState(StrEnum):
    """Where a return stands, derived from its units while it has any."""

    REQUESTED = "REQUESTED"
    AUTHORISED = "AUTHORISED"
    IN_TRANSIT = "IN_TRANSIT"
    RECEIVED = "RECEIVED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


class ReturnReason(StrEnum):
    """Why the customer gives something back."""

    CHANGED_MIND = "CHANGED_MIND"
    WRONG_SIZE = "WRONG_SIZE"
    NOT_AS_DESCRIBED = "NOT_AS_DESCRIBED"
    DAMAGED = "DAMAGED"
    DEFECTIVE = "DEFECTIVE"
    WRONG_ITEM = "WRONG_ITEM"
    NOT_DELIVERED = "NOT_DELIVERED"
    OTHER = "OTHER"


OWN_FAULT = frozenset(
    {
        ReturnReason.NOT_AS_DESCRIBED,
        ReturnReason.DAMAGED,
        ReturnReason.DEFECTIVE,
        ReturnReason.WRONG_ITEM,
    }
)
"""Reasons for which the retailer stands: nothing is kept of the value."""


class ItemCondition(StrEnum):
    """What an inspection found."""

    AS_NEW = "AS_NEW"
    OPENED = "OPENED"
    DAMAGED = "DAMAGED"
    DEFECTIVE = "DEFECTIVE"
    UNSELLABLE = "UNSELLABLE"


WORN = frozenset({ItemCondition.DAMAGED, ItemCondition.UNSELLABLE})
"""Conditions for which a deduction is made, unless the retailer stands for it."""


class ReturnDisposition(StrEnum):
    """Where goods go that came back."""

    RESTOCK = "RESTOCK"
    QUARANTINE = "QUARANTINE"
    WRITE_OFF = "WRITE_OFF"
    SEND_TO_VENDOR = "SEND_TO_VENDOR"
    TRANSFER = "TRANSFER"
    """To a location that ran out of them."""


ACTIONS: Mapping[ReturnDisposition, Action] = {
    ReturnDisposition.RESTOCK: Action.RESTOCK,
    ReturnDisposition.QUARANTINE: Action.QUARANTINE,
    ReturnDisposition.WRITE_OFF: Action.WRITE_OFF,
    ReturnDisposition.SEND_TO_VENDOR: Action.SEND_TO_VENDOR,
    ReturnDisposition.TRANSFER: Action.TRANSFER_RETURN,
}


def bucket_of(disposition: ReturnDisposition, condition: ItemCondition) -> Bucket:
    """Where inspected units stand in the ledger; EXTERNAL when they leave the house."""
    match disposition:
        case ReturnDisposition.RESTOCK | ReturnDisposition.TRANSFER:
            return Bucket.FREE
        case ReturnDisposition.WRITE_OFF | ReturnDisposition.SEND_TO_VENDOR:
            return Bucket.EXTERNAL
        case ReturnDisposition.QUARANTINE:
            harmed = condition in {*WORN, ItemCondition.DEFECTIVE}
            return Bucket.DAMAGED if harmed else Bucket.QUALITY_HOLD


@dataclass(frozen=True, slots=True)
class ReturnPolicy:
    """What a channel allows. An empty channel stands for all that have no policy of their own.

    Rates are fractions of the value: 0.1 is 10 %. `no_receipt_limit`: what a customer may get in
    store credit for goods without a receipt within `no_receipt_days`, minor units by currency.
    """

    channel: str = ""
    window_days: int = 30
    days_to_send: int = 14
    authorises: bool = True
    final_sale_tags: tuple[str, ...] = ("final_sale",)
    restocking_fee: Decimal = Decimal(0)
    damage_deduction: Decimal = Decimal(0)
    refunds_shipping: bool = True
    no_receipt_limit: Mapping[str, int] = field(default_factory=dict[str, int])
    no_receipt_days: int = 90
    version: int = 0

    def is_open(self, order: Order, now: datetime) -> bool:
        """Whether units of the order may still be given back. The window begins when the order is
        over: when its last unit was delivered.
        """
        closed = order.closed_at
        return closed is None or now <= closed + timedelta(days=self.window_days)


USUAL_RULES: Mapping[ItemCondition, ReturnDisposition] = {
    ItemCondition.AS_NEW: ReturnDisposition.RESTOCK,
    ItemCondition.OPENED: ReturnDisposition.QUARANTINE,
    ItemCondition.DAMAGED: ReturnDisposition.QUARANTINE,
    ItemCondition.DEFECTIVE: ReturnDisposition.SEND_TO_VENDOR,
    ItemCondition.UNSELLABLE: ReturnDisposition.WRITE_OFF,
}


@dataclass(frozen=True, slots=True)
class DispositionRules:
    """Where returned goods go at a location, by their condition. `transfer_to_short`: what would be
    restocked goes to a location that ran out of it, if there is one.
    """

    location_id: LocationId
    rules: Mapping[ItemCondition, ReturnDisposition] = field(
        default_factory=lambda: dict(USUAL_RULES)
    )
    transfer_to_short: bool = False
    version: int = 0

    def disposition(self, condition: ItemCondition) -> ReturnDisposition:
        """What the location does with units in that condition."""
        return self.rules.get(condition, USUAL_RULES[condition])


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """Units of an order line that were asked to come back, and why."""

    line_id: OrderLineId
    quantity: int
    reason: ReturnReason


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found, where the units went, and what of their value is kept. Minor units."""

    id: UUID
    line_id: OrderLineId
    quantity: int
    condition: ItemCondition
    disposition: ReturnDisposition
    transfer_id: TransferId | None
    value_minor: int
    fee_minor: int
    inspected_by: str
    inspected_at: datetime


@dataclass(frozen=True, slots=True)
class Return:
    """Units of one order that come back. Its units are the order's groups with its id.

    `credited_minor`: what the inspected units are worth to the customer, fees taken off. `code`:
    what is shown in the store.
    """

    id: ReturnId
    number: str
    order_id: OrderId
    method: ReturnMethod
    state: ReturnState
    currency: str
    requested_by: str
    requested_at: datetime
    updated_at: datetime
    version: int
    lines: tuple[ReturnLine, ...]
    visit_id: UUID | None = None
    code: str | None = field(default=None, repr=False)
    carrier: str | None = None
    tracking_number: str | None = None
    location_id: LocationId | None = None
    reason: str | None = None
    fee_minor: int = 0
    credited_minor: int = 0
    exchange_order_id: OrderId | None = None
    exchange_minor: int = 0
    """What of the value is put aside for another order, or has paid it."""
    expires_at: datetime | None = None
    received_at: datetime | None = None
    ended_at: datetime | None = None
    inspections: tuple[Inspection, ...] = ()

    def reason_of(self, line_id: OrderLineId) -> ReturnReason:
        """Why units of that line come back; it must be one of the return's."""
        return next(line.reason for line in self.lines if line.line_id == line_id)


def groups_of(order: Order, return_id: ReturnId) -> list[Group]:
    """The groups of an order that are in a return."""
    return [group for group in order.groups if group.return_id == return_id]


_LEAST_ADVANCED = (
    (GroupState.RETURN_REQUESTED, ReturnState.REQUESTED),
    (GroupState.RETURN_AUTHORISED, ReturnState.AUTHORISED),
    (GroupState.RETURN_IN_TRANSIT, ReturnState.IN_TRANSIT),
    (GroupState.RETURN_RECEIVED, ReturnState.RECEIVED),
)


def state_of(states: Iterable[GroupState], otherwise: ReturnState) -> ReturnState:
    """Where a return with units in these states stands: the least advanced ones decide.
    `otherwise`, when it has no units any more.
    """
    found = frozenset(states)
    if not found:
        return otherwise
    return next((to for state, to in _LEAST_ADVANCED if state in found), ReturnState.COMPLETED)


def advanced(
    given: Return, order: Order, now: datetime, otherwise: ReturnState = ReturnState.CANCELLED
) -> Return:
    """The next version of a return whose units the order moved; its time to be sent is over once
    nothing is to come any more.
    """
    state = state_of((group.state for group in groups_of(order, given.id)), otherwise)
    coming = state in {ReturnState.REQUESTED, ReturnState.AUTHORISED, ReturnState.IN_TRANSIT}
    over = not coming and state is not ReturnState.RECEIVED
    return replace(
        given,
        state=state,
        expires_at=given.expires_at if coming else None,
        ended_at=now if over else None,
        updated_at=now,
        version=given.version + 1,
    )


def shipping_within(order: Order, value_minor: int) -> int:
    """How much of a part of the order's total is for shipping, with tax."""
    if order.tax_included:
        shipping = order.shipping_minor
    else:
        line_taxes = sum(line.tax_minor for line in order.lines)
        shipping = order.shipping_minor + order.tax_minor - line_taxes
    if order.total_minor <= 0:
        return 0
    return rounded(Decimal(value_minor * shipping) / order.total_minor)


def fee_of(
    policy: ReturnPolicy,
    order: Order,
    value_minor: int,
    reason: ReturnReason,
    condition: ItemCondition,
) -> int:
    """What is kept of the value of units that came back: never more than the value."""
    if reason in OWN_FAULT or value_minor <= 0:
        return 0
    rate = policy.damage_deduction if condition in WORN else policy.restocking_fee
    shipping = 0 if policy.refunds_shipping else shipping_within(order, value_minor)
    goods = value_minor - shipping
    return min(value_minor, shipping + rounded(goods * rate))


@dataclass(frozen=True, slots=True)
class Unreceipted:
    """A line of goods that came back without a receipt; the price is the lowest recent one."""

    sku: Sku
    quantity: int
    condition: ItemCondition
    disposition: ReturnDisposition
    unit_price_minor: int
