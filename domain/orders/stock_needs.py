"""Which stock an order's groups take: the bridge from line groups to demands on locations."""

from collections.abc import Collection

from domain.common.ids import OrderId
from domain.orders.model import Group, Order
from domain.orders.states import GroupState
from domain.stock.model import Demand


def reservation_owner(order_id: OrderId) -> str:
    """The name under which an order's reservations are kept."""
    return f"order:{order_id}"


def demand_of(order: Order, states: Collection[GroupState]) -> list[Demand]:
    """Stock taken by the order's groups in `states`, per component SKU and location."""
    return demand_of_groups(order, [group for group in order.groups if group.state in states])


def demand_of_groups(order: Order, groups: Collection[Group]) -> list[Demand]:
    """Stock taken by these groups, per component SKU and location; none without a location."""
    return [
        Demand(sku, group.location_id, group.quantity * each)
        for group in groups
        if group.location_id is not None
        for sku, each in order.line(group.line_id).components.items()
    ]
