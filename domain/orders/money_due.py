"""What is due of an order: when goods leave, and for what is still to come. Pure."""

from collections.abc import Callable

from domain.orders.model import Group, Order
from domain.orders.states import LEFT_US, NOT_DUE


def due_for(order: Order, *, chosen: Callable[[Group], bool]) -> int:
    """Minor units to capture so that all units that left are paid, and the chosen ones that were
    neither called off nor returned; and what is kept of the value of returned ones.

    Never negative, and never more than is left to capture.
    """

    def is_due(group: Group) -> bool:
        return group.state in LEFT_US or (chosen(group) and group.state not in NOT_DUE)

    kept = order.return_fees_minor + order.exchanged_minor - order.goodwill_minor
    due = order.value_of(is_due) + kept
    captured = sum(payment.refundable_minor for payment in order.payments)
    capturable = sum(payment.capturable_minor for payment in order.payments)
    return max(0, min(due - captured, capturable))
