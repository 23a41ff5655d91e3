"""Orders as values: axes, lines, line groups, fulfillment orders. Statuses are derived (L1-L7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from domain.common.ids import (
    ChannelCode,
    CustomerId,
    FulfillmentOrderId,
    LineGroupId,
    LocationId,
    OrderId,
    OrderLineId,
    ReturnId,
    ShipmentId,
    Sku,
    WaveId,
)
from domain.orders.pricing import PricedLine, TaxLine, due_for_units, price_again, tax_lines
from domain.orders.states import (
    NOT_DUE,
    DeliveryMode,
    FulfillmentOrderStatus,
    FulfillmentStatus,
    GroupState,
    Hold,
    OrderStatus,
    ReturnStatus,
    UnfilledPolicy,
    fulfillment_order_status,
    fulfillment_status,
    return_status,
)
from domain.payments.model import Payment, PaymentStatus, status_of
from domain.promotions.engine import Item
from domain.promotions.model import Pricing
from domain.supply.model import Promise


@dataclass(frozen=True, slots=True)
class Line:
    """What was ordered, at which price. Amounts in minor units; `total_minor` before discount."""

    id: OrderLineId
    position: int
    sku: Sku
    names: Mapping[str, str]
    ordered_quantity: int
    unit_price_minor: int
    tax_rate: Decimal
    tax_minor: int
    total_minor: int
    components: Mapping[Sku, int]


@dataclass(frozen=True, slots=True)
class Group:
    """Some units of a line that share one fate."""

    id: LineGroupId
    line_id: OrderLineId
    quantity: int
    state: GroupState
    location_id: LocationId | None = None
    fulfillment_order_id: FulfillmentOrderId | None = None
    shipment_id: ShipmentId | None = None
    reason: str | None = None
    excluded_location_ids: tuple[LocationId, ...] = ()
    """Locations that could not serve these units; sourcing does not ask them again."""
    return_id: ReturnId | None = None
    """The return in which the units come back, or came."""


@dataclass(frozen=True, slots=True)
class FulfillmentOrder:
    """The work of one location for one order. `due_at`: the location's cut-off it should meet.

    Once released it is a request that the location accepts until `accept_by`, or rejects.
    """

    id: FulfillmentOrderId
    order_id: OrderId
    location_id: LocationId
    delivery_mode: DeliveryMode
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    accept_by: datetime | None = None
    accepted_at: datetime | None = None
    rejected_at: datetime | None = None
    rejection_reason: str | None = None
    cancel_requested_at: datetime | None = None
    cancel_answer_by: datetime | None = None
    cancel_refused_at: datetime | None = None
    wave_id: WaveId | None = None
    """The wave that it is, or was, picked in; at most one."""

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody waits for the location to say if its work can still be cancelled."""
        return self.cancel_requested_at is not None and self.cancel_refused_at is None


@dataclass(frozen=True, slots=True)
class Address:
    """Where to ship, as it was when the order was placed. Personal data."""

    recipient: str
    street: str
    city: str
    postal_code: str
    country: str
    region: str = ""
    phone: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    pickup_point_id: str | None = None
    """The carrier's own id of the pickup point or locker that the address is, if it is one."""
    pickup_point_name: str | None = None


@dataclass(frozen=True, slots=True)
class Pickup:
    """How the goods of an order are collected in its store. The name is personal data, the code a
    secret of the customer.
    """

    code: str = field(repr=False)
    proxy_name: str | None = field(default=None, repr=False)
    ready_at: datetime | None = None
    collect_until: datetime | None = None
    wrong_codes: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """A whole order. Equal inputs give equal statuses: nothing here is set by hand."""

    id: OrderId
    number: str
    tracking_token: str
    channel: ChannelCode
    external_reference: str | None
    source_code: str | None
    customer_id: CustomerId
    status: OrderStatus
    holds: frozenset[Hold]
    delivery_mode: DeliveryMode
    delivery_location_id: LocationId | None
    unfilled_policy: UnfilledPolicy
    language: str
    country: str
    currency: str
    items_minor: int
    shipping_minor: int
    discount_minor: int
    tax_minor: int
    tax_included: bool
    total_minor: int
    placed_at: datetime
    placed_by: str
    pay_until: datetime | None
    confirmed_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime
    version: int
    lines: tuple[Line, ...]
    groups: tuple[Group, ...]
    fulfillment_orders: tuple[FulfillmentOrder, ...] = ()
    payments: tuple[Payment, ...] = ()
    address: Address | None = field(default=None, repr=False)
    hold_until: datetime | None = None
    pickup: Pickup | None = None
    promises: tuple[Promise, ...] = ()
    return_fees_minor: int = 0
    """What the retailer keeps of the value of units that came back: fees and deductions."""
    exchanged_minor: int = 0
    """What units that came back paid of other orders: their value is not given back in money."""
    goodwill_minor: int = 0
    """What was given back though the units are due."""
    pricing: Pricing | None = None
    """None for an order at list prices."""
    waived_minor: int = 0
    """By how much the units that are left cost more than what was due before: not asked for."""
    deliver_by: datetime | None = None
    """When the customer wants the goods; None for as soon as may be."""

    @property
    def fulfillment_status(self) -> FulfillmentStatus:
        """The goods axis (L7)."""
        return fulfillment_status(group.state for group in self.groups)

    @property
    def return_status(self) -> ReturnStatus:
        """The return axis."""
        return return_status(group.state for group in self.groups)

    @property
    def payment_status(self) -> PaymentStatus:
        """The money axis."""
        return status_of(self.payments)

    def value_of(self, chosen: Callable[[Group], bool]) -> int:
        """What the chosen units are worth of the order's total, minor units.

        At list prices it is their share of the total. With promotions it is what they would cost
        alone, by the promotions that the order has, but never more than all units that are due: so
        what is captured as goods leave, and what is kept as units are called off or come back, end
        at the same amount (`docs/pricing.md`).
        """
        units = self._units(chosen)
        if self.promoted:
            return min(self._again(units), self._units_due)
        return due_for_units(
            self.total_minor,
            [
                line.total_minor + (0 if self.tax_included else line.tax_minor)
                for line in self.lines
            ],
            [line.ordered_quantity for line in self.lines],
            [units.get(line.id, 0) for line in self.lines],
        )

    @property
    def promoted(self) -> bool:
        """Whether promotions took something off."""
        return self.pricing is not None and bool(self.pricing.promotions)

    @property
    def _units_due(self) -> int:
        """What all units cost that are neither called off nor returned, with promotions."""
        kept = self._units(lambda group: group.state not in NOT_DUE)
        return max(0, self._again(kept) - self.waived_minor)

    def waiving(self, before: "Order") -> "Order":
        """This order, which follows `before`, without asking for more because units are not due any
        more: what the promotions do not take off the rest is waived.
        """
        if not self.promoted or self.lines != before.lines:
            return self
        kept = self._units(lambda group: group.state not in NOT_DUE)
        more = max(0, self._again(kept) - before._units_due)
        return self if more == self.waived_minor else replace(self, waived_minor=more)

    def _units(self, chosen: Callable[[Group], bool]) -> dict[OrderLineId, int]:
        units: dict[OrderLineId, int] = {}
        for group in self.groups:
            if chosen(group):
                units[group.line_id] = units.get(group.line_id, 0) + group.quantity
        return units

    def _again(self, units: Mapping[OrderLineId, int]) -> int:
        return price_again(
            [
                Item(ln.id, ln.sku, ln.unit_price_minor, ln.ordered_quantity, ln.tax_rate)
                for ln in self.lines
            ],
            units,
            self.shipping_minor,
            self.pricing.promotions if self.pricing else (),
            tax_included=self.tax_included,
        )

    def discount_of(self, line_id: OrderLineId | None) -> int:
        """What promotions took off a line, or off shipping (None), minor units."""
        return self.pricing.discount_of(line_id) if self.pricing else 0

    @property
    def tax_lines(self) -> list[TaxLine]:
        """The order's tax by rate, of all units that were ever ordered; it sums to `tax_minor`."""
        return tax_lines(
            [
                PricedLine(
                    line.ordered_quantity,
                    line.unit_price_minor,
                    line.tax_rate,
                    self.discount_of(line.id),
                )
                for line in self.lines
            ],
            self.shipping_minor,
            tax_included=self.tax_included,
            shipping_discount_minor=self.discount_of(None),
        )

    @property
    def payable_minor(self) -> int:
        """What all units cost that are neither called off nor returned, with what is kept of the
        value of those that came back, less what was given back out of goodwill.
        """
        due = self.value_of(lambda group: group.state not in NOT_DUE)
        return max(0, due + self.return_fees_minor + self.exchanged_minor - self.goodwill_minor)

    @property
    def excess_minor(self) -> int:
        """What was captured beyond `payable_minor`, and is neither refunded nor owed: money to let
        go.
        """
        kept = sum(payment.refundable_minor for payment in self.payments)
        return max(0, kept - self.payable_minor)

    @property
    def refund_due_minor(self) -> int:
        """What is owed to the customer since no payment service can give it back, minor units."""
        return sum(payment.refund_due_minor for payment in self.payments)

    def units_of(self, line_id: OrderLineId, chosen: Callable[[Group], bool]) -> int:
        """How many units of a line are in the chosen groups."""
        return sum(g.quantity for g in self.groups if g.line_id == line_id and chosen(g))

    def groups_of(self, fulfillment_order_id: FulfillmentOrderId) -> tuple[Group, ...]:
        """The groups that one fulfillment order works on."""
        return tuple(g for g in self.groups if g.fulfillment_order_id == fulfillment_order_id)

    def line(self, line_id: OrderLineId) -> Line:
        """The line of that id; it must be one of the order's."""
        return next(line for line in self.lines if line.id == line_id)

    def work_status(self, work: FulfillmentOrder) -> FulfillmentOrderStatus:
        """Where a fulfillment order of this order stands; a rejected one has no units left."""
        status = fulfillment_order_status(group.state for group in self.groups_of(work.id))
        if status is FulfillmentOrderStatus.CANCELLED and work.rejected_at is not None:
            return FulfillmentOrderStatus.REJECTED
        return status
