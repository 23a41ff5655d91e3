"""Pages of orders: of all that the caller sees, or of one customer."""

from collections.abc import Awaitable, Callable
from typing import Any

from domain.common.ids import CustomerId
from domain.common.paging import Page, PageRequest
from domain.orders.history import OrderFilter, count_orders, orders_by_customer, orders_page
from domain.orders.model import Order as DomainOrder
from schema.connections import Connection, connection_of
from schema.context import Context
from schema.orders.types import Order


async def orders_connection(
    context: Context, wanted: OrderFilter, request: PageRequest
) -> Connection[Order]:
    """A page of orders in the caller's scope; the count is a statement of its own if selected."""
    actor = context.caller
    page = await context.read(lambda c: orders_page(c, actor, wanted, request))
    return connection_of(page, Order.of, _count(context, wanted))


async def load_orders(
    context: Context, customer_id: CustomerId, request: PageRequest
) -> Connection[Order]:
    """A page of a customer's orders; one statement for all customers of the operation."""
    actor = context.caller

    async def load(keys: list[CustomerId]) -> list[Any]:
        found = await context.read(lambda c: orders_by_customer(c, actor, keys, request))
        return [found[key] for key in keys]

    page: Page[DomainOrder] = await context.loader(f"orders_by_customer {request}", load).load(
        customer_id
    )
    return connection_of(page, Order.of, _count(context, OrderFilter(customer_id=customer_id)))


def _count(context: Context, wanted: OrderFilter) -> Callable[[], Awaitable[int]]:
    actor = context.caller
    return lambda: context.read(lambda c: count_orders(c, actor, wanted))
