"""Where orders, their units and the work on them can be: axes, states, what is derived. Pure."""

from collections.abc import Iterable
from enum import StrEnum


class OrderStatus(StrEnum):
    """The life of an order, apart from its goods and its money."""

    PENDING_PAYMENT = "PENDING_PAYMENT"
    CONFIRMED = "CONFIRMED"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class Hold(StrEnum):
    """A reason why an order must not be released. An order can have several."""

    PAYMENT = "PAYMENT"
    FRAUD = "FRAUD"
    ADDRESS = "ADDRESS"
    STOCK = "STOCK"
    MANUAL = "MANUAL"
    SCHEDULED = "SCHEDULED"
    """Not before `Order.hold_until`; lifted by the scheduler."""


class DeliveryMode(StrEnum):
    """How the goods reach the customer."""

    SHIP = "SHIP"
    PICKUP = "PICKUP"
    TAKE_AWAY = "TAKE_AWAY"
    SHIP_TO_STORE = "SHIP_TO_STORE"
    """Collected in a store that another location supplies."""
    PICKUP_POINT = "PICKUP_POINT"
    """Carried to a carrier's pickup point or locker."""


CARRIED = frozenset({DeliveryMode.SHIP, DeliveryMode.PICKUP_POINT})
"""Modes in which a carrier takes the goods to the customer."""

COLLECTED_IN_STORE = frozenset({DeliveryMode.PICKUP, DeliveryMode.SHIP_TO_STORE})
"""Modes in which the customer fetches the goods at `delivery_location_id`."""


class UnfilledPolicy(StrEnum):
    """What to do with units that no location can serve now."""

    REFUSE = "REFUSE"
    BACKORDER = "BACKORDER"
    """As BACKORDER_REST."""
    SHIP_COMPLETE = "SHIP_COMPLETE"
    SPLIT = "SPLIT"
    BACKORDER_REST = "BACKORDER_REST"
    CANCEL_REST = "CANCEL_REST"


class GroupState(StrEnum):
    """Where some units of a line are. The truth from which every status is derived."""

    NEW = "NEW"
    PENDING_SOURCE = "PENDING_SOURCE"
    BACKORDERED = "BACKORDERED"
    ALLOCATED = "ALLOCATED"
    RELEASED = "RELEASED"
    PICKING = "PICKING"
    PICKED = "PICKED"
    PACKED = "PACKED"
    TRANSFER_IN_TRANSIT = "TRANSFER_IN_TRANSIT"
    SHIPPED = "SHIPPED"
    IN_TRANSIT = "IN_TRANSIT"
    DELIVERED = "DELIVERED"
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    COLLECTED = "COLLECTED"
    REJECTED = "REJECTED"
    SHORT_PICKED = "SHORT_PICKED"
    PICKUP_EXPIRED = "PICKUP_EXPIRED"
    LOST = "LOST"
    DAMAGED_IN_TRANSIT = "DAMAGED_IN_TRANSIT"
    REFUSED = "REFUSED"
    RETURNED_TO_ORIGIN = "RETURNED_TO_ORIGIN"
    RETURN_REQUESTED = "RETURN_REQUESTED"
    RETURN_AUTHORISED = "RETURN_AUTHORISED"
    RETURN_IN_TRANSIT = "RETURN_IN_TRANSIT"
    RETURN_RECEIVED = "RETURN_RECEIVED"
    RESTOCKED = "RESTOCKED"
    QUARANTINED = "QUARANTINED"
    WRITTEN_OFF = "WRITTEN_OFF"
    SENT_TO_VENDOR = "SENT_TO_VENDOR"
    TRANSFERRED = "TRANSFERRED"
    CANCELLED = "CANCELLED"


CAME_TO_NOTHING = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED})
"""The order ended before the customer had any of it."""


class FulfillmentStatus(StrEnum):
    """The goods axis of an order, derived from its line groups."""

    UNFULFILLED = "UNFULFILLED"
    BACKORDERED = "BACKORDERED"
    IN_PROGRESS = "IN_PROGRESS"
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    SHIPPED = "SHIPPED"
    PARTIALLY_DELIVERED = "PARTIALLY_DELIVERED"
    DELIVERED = "DELIVERED"
    DELIVERY_FAILED = "DELIVERY_FAILED"
    CANCELLED = "CANCELLED"


class ReturnStatus(StrEnum):
    """The return axis of an order, derived from its line groups."""

    NONE = "NONE"
    RETURNING = "RETURNING"
    """Some units are on their way back, or wait to be looked at."""
    PARTIALLY_RETURNED = "PARTIALLY_RETURNED"
    RETURNED = "RETURNED"


class FulfillmentOrderStatus(StrEnum):
    """The work of one location for one order, derived from its line groups."""

    PLANNED = "PLANNED"
    RELEASED = "RELEASED"
    PICKING = "PICKING"
    PICKED = "PICKED"
    PACKED = "PACKED"
    TRANSFER_IN_TRANSIT = "TRANSFER_IN_TRANSIT"
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    COMPLETED = "COMPLETED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


S = GroupState
HOLDS_STOCK = frozenset(
    {S.ALLOCATED, S.RELEASED, S.PICKING, S.PICKED, S.PACKED, S.READY_FOR_PICKUP}
)
"""States in which the units are allocated at the group's location (L3)."""

WITH_CUSTOMER = frozenset({S.DELIVERED, S.COLLECTED})
ON_THE_WAY = frozenset({S.SHIPPED, S.IN_TRANSIT})
ASKING_CUSTOMER = frozenset({S.REJECTED, S.SHORT_PICKED})
"""The store could not serve a pickup order; the customer chooses what happens."""
UNSOURCED = frozenset({S.PENDING_SOURCE, S.BACKORDERED})
"""Units without stock that wait for some."""
WAITING = frozenset({S.NEW, S.ALLOCATED}) | UNSOURCED | ASKING_CUSTOMER
CANCELLABLE = WAITING
"""States before release: no location is working on the units."""
WORKING = frozenset({S.RELEASED, S.PICKING, S.PICKED, S.PACKED})
"""States in which a location works on the units; cancelling is a request to it."""
GONE_WRONG = frozenset({S.LOST, S.DAMAGED_IN_TRANSIT, S.REFUSED, S.RETURNED_TO_ORIGIN})
"""The units left and did not arrive; they end with a new delivery or with the money back."""
CALLED_OFF = frozenset({S.CANCELLED, S.PICKUP_EXPIRED})
"""The units will never reach the customer: nothing is due for them."""
RETURNING = frozenset(
    {S.RETURN_REQUESTED, S.RETURN_AUTHORISED, S.RETURN_IN_TRANSIT, S.RETURN_RECEIVED}
)
"""The customer gives the units back; they are due until somebody looked at them."""
RETURNED = frozenset({S.RESTOCKED, S.QUARANTINED, S.WRITTEN_OFF, S.SENT_TO_VENDOR, S.TRANSFERRED})
"""The units came back and were looked at: nothing is due for them any more."""
SERVED = WITH_CUSTOMER | RETURNING | RETURNED
"""Units whose delivery is over, also when they came back after it: a return deletes no history."""
LEFT_US = ON_THE_WAY | WITH_CUSTOMER | GONE_WRONG | RETURNING
"""Units that left and did not come back: what they cost is to be captured, and is earned."""
NOT_DUE = CALLED_OFF | RETURNED
"""Units for which the customer owes nothing."""


def fulfillment_status(states: Iterable[GroupState]) -> FulfillmentStatus:
    """The goods axis of an order whose groups are in `states`; units called off do not count."""
    found = frozenset(states)
    live = found - CALLED_OFF
    if not live:
        return FulfillmentStatus.CANCELLED
    if live <= SERVED:
        return FulfillmentStatus.DELIVERED
    if live & SERVED:
        return FulfillmentStatus.PARTIALLY_DELIVERED
    if live <= GONE_WRONG:
        return FulfillmentStatus.DELIVERY_FAILED
    if live <= ON_THE_WAY | GONE_WRONG:
        return FulfillmentStatus.SHIPPED
    if live & ON_THE_WAY:
        return FulfillmentStatus.PARTIALLY_SHIPPED
    if live <= {S.READY_FOR_PICKUP}:
        return FulfillmentStatus.READY_FOR_PICKUP
    if live <= UNSOURCED:
        return FulfillmentStatus.BACKORDERED
    return FulfillmentStatus.UNFULFILLED if live <= WAITING else FulfillmentStatus.IN_PROGRESS


def return_status(states: Iterable[GroupState]) -> ReturnStatus:
    """The return axis of an order whose groups are in `states`; units called off do not count."""
    live = frozenset(states) - CALLED_OFF
    if live & RETURNING:
        return ReturnStatus.RETURNING
    if not live & RETURNED:
        return ReturnStatus.NONE
    return ReturnStatus.RETURNED if live <= RETURNED else ReturnStatus.PARTIALLY_RETURNED


WORK_ORDER = (
    (frozenset({S.ALLOCATED}), FulfillmentOrderStatus.PLANNED),
    (frozenset({S.RELEASED}), FulfillmentOrderStatus.RELEASED),
    (frozenset({S.PICKING}), FulfillmentOrderStatus.PICKING),
    (frozenset({S.PICKED}), FulfillmentOrderStatus.PICKED),
    (frozenset({S.PACKED}), FulfillmentOrderStatus.PACKED),
    (frozenset({S.TRANSFER_IN_TRANSIT}), FulfillmentOrderStatus.TRANSFER_IN_TRANSIT),
    (frozenset({S.READY_FOR_PICKUP}), FulfillmentOrderStatus.READY_FOR_PICKUP),
    (ON_THE_WAY | SERVED | GONE_WRONG, FulfillmentOrderStatus.COMPLETED),
    (ASKING_CUSTOMER, FulfillmentOrderStatus.REJECTED),
)
"""The status of work by the least advanced of its units: the first row that has one decides."""


def fulfillment_order_status(states: Iterable[GroupState]) -> FulfillmentOrderStatus:
    """The status of the work: that of its least advanced units; those called off do not count."""
    live = frozenset(states) - CALLED_OFF
    for members, status in WORK_ORDER:
        if live & members:
            return status
    return FulfillmentOrderStatus.CANCELLED
