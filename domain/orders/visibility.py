"""Who sees which order. Unknown and forbidden look alike: both are NotFound.

`visible_to` is the rule as SQL, for lists; `may_see` is the same rule over a loaded order.
"""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import NotFound
from domain.common.ids import OrderId
from domain.identity.model import AT_LOCATION, HEAD_OFFICE, Actor, Role
from domain.orders.model import Order
from domain.orders.tables import line_group, sales_order


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `sales_order`: the rows that the actor may see."""
    if actor.role in HEAD_OFFICE:
        return sa.true()
    if actor.role is Role.CUSTOMER:
        return sales_order.c.customer_id == actor.customer_id
    if actor.role is Role.CHANNEL:
        return sales_order.c.channel.in_(sorted(actor.channel_codes))
    if actor.role in AT_LOCATION:
        mine = sorted(actor.location_ids)
        works_on = sa.exists().where(
            line_group.c.order_id == sales_order.c.id, line_group.c.location_id.in_(mine)
        )
        return sa.or_(
            sales_order.c.delivery_location_id.in_(mine),
            works_on,
            sales_order.c.placed_by == actor.key,
        )
    return sa.false()


def may_see(actor: Actor, order: Order) -> bool:
    """Whether the actor may see the loaded order."""
    if actor.role in HEAD_OFFICE:
        return True
    if actor.role is Role.CUSTOMER:
        return order.customer_id == actor.customer_id
    if actor.role is Role.CHANNEL:
        return order.channel in actor.channel_codes
    places = {group.location_id for group in order.groups} | {order.delivery_location_id}
    at_mine = bool(places & actor.location_ids) or order.placed_by == actor.key
    return actor.role in AT_LOCATION and at_mine


def require_visible(actor: Actor, order: Order) -> Order:
    """The order itself.

    Raises:
        NotFound: the actor may not see it.
    """
    if not may_see(actor, order):
        raise NotFound("order", str(order.id))
    return order


async def visible_order(
    connection: AsyncConnection,
    actor: Actor | None,
    *,
    order_id: UUID | None = None,
    number: str | None = None,
    token: str | None = None,
) -> OrderId | None:
    """The id of an order that the caller may see: by id in the actor's scope, or by number and
    tracking token for anybody who holds both; None otherwise. One statement.
    """
    guest = sa.and_(sales_order.c.number == number, sales_order.c.tracking_token == token)
    if number is not None and token is not None:
        condition = guest
    elif actor is not None and number is not None:
        condition = sa.and_(sales_order.c.number == number, visible_to(actor))
    elif actor is not None and order_id is not None:
        condition = sa.and_(sales_order.c.id == order_id, visible_to(actor))
    else:
        return None
    found = await connection.scalar(sa.select(sales_order.c.id).where(condition))
    return OrderId(found) if found is not None else None
