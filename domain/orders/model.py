"""Orders as values: axes, lines, line groups, fulfillment orders. Statuses are derived (L1-L7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
    ShipmentId,
    Sku,
    WaveId,
)
from domain.orders.pricing import due_for_units
from domain.orders.states import (
    CALLED_OFF,
    DeliveryMode,
    FulfillmentOrderStatus,
    FulfillmentStatus,
    GroupState,
    Hold,
    OrderStatus,
    UnfilledPolicy,
    fulfillment_order_status,
    fulfillment_status,
)
from domain.payments.model import Payment, PaymentStatus, status_of
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

    @property
    def fulfillment_status(self) -> FulfillmentStatus:
        """The goods axis (L7)."""
        return fulfillment_status(group.state for group in self.groups)

    @property
    def payment_status(self) -> PaymentStatus:
        """The money axis."""
        return status_of(self.payments)

    def value_of(self, chosen: Callable[[Group], bool]) -> int:
        """What the chosen units are worth of the order's total, minor units."""
        units: dict[OrderLineId, int] = {}
        for group in self.groups:
            if chosen(group):
                units[group.line_id] = units.get(group.line_id, 0) + group.quantity
        return due_for_units(
            self.total_minor,
            [line.total_minor for line in self.lines],
            [line.ordered_quantity for line in self.lines],
            [units.get(line.id, 0) for line in self.lines],
        )

    @property
    def payable_minor(self) -> int:
        """What all units that are not called off cost."""
        return self.value_of(lambda group: group.state not in CALLED_OFF)

    @property
    def excess_minor(self) -> int:
        """What was captured beyond the value of all units that are not called off, and is neither
        refunded nor owed: money to let go.
        """
        kept = sum(payment.refundable_minor for payment in self.payments)
        return max(0, kept - self.payable_minor)

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
