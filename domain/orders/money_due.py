"""What is due of an order: when goods leave, and for what is still to come. Pure."""

from collections.abc import Callable

from domain.orders.model import Group, Order
from domain.orders.states import (
    CALLED_OFF,
    GONE_WRONG,
    ON_THE_WAY,
    WITH_CUSTOMER,
)


def due_for(order: Order, *, chosen: Callable[[Group], bool]) -> int:
    """Minor units to capture so that all units that left are paid, and the chosen ones that were
    not called off.

    Never negative, and never more than is left to capture.
    """
    gone = ON_THE_WAY | WITH_CUSTOMER | GONE_WRONG

    def is_due(group: Group) -> bool:
        return group.state in gone or (chosen(group) and group.state not in CALLED_OFF)

    due = order.value_of(is_due)
    captured = sum(payment.refundable_minor for payment in order.payments)
    capturable = sum(payment.capturable_minor for payment in order.payments)
    return max(0, min(due - captured, capturable))
