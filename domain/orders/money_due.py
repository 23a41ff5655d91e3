"""What is to be captured when goods leave. Pure."""

from collections.abc import Callable

from domain.orders.model import ON_THE_WAY, WITH_CUSTOMER, Group, Order
from domain.orders.pricing import due_for_units


def due_for(order: Order, *, chosen: Callable[[Group], bool]) -> int:
    """Minor units to capture so that all units that left, and the chosen ones, are paid.

    Never negative, and never more than is left to capture.
    """
    gone = ON_THE_WAY | WITH_CUSTOMER
    units = [
        sum(
            group.quantity
            for group in order.groups
            if group.line_id == line.id and (group.state in gone or chosen(group))
        )
        for line in order.lines
    ]
    due = due_for_units(
        order.total_minor,
        [line.total_minor for line in order.lines],
        [line.ordered_quantity for line in order.lines],
        units,
    )
    captured = sum(payment.captured_minor for payment in order.payments)
    capturable = sum(payment.capturable_minor for payment in order.payments)
    return max(0, min(due - captured, capturable))
