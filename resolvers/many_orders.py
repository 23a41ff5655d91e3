"""Many orders in one call."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry

from domain.common.errors import DomainError, ValidationFailed
from domain.common.ids import OrderId
from domain.identity.model import Role
from domain.orders.many import Wish, place_orders
from domain.orders.model import Order as DomainOrder
from domain.orders.repository import orders_by_id
from domain.orders.results import Settled
from resolvers.answering import answer
from resolvers.orders import till
from schema.access import Allow
from schema.context import Info
from schema.errors import as_error
from schema.orders.inputs import PlaceOrderInput
from schema.orders.many import PlaceOrdersInput, PlaceOrdersPayload, PlaceOrdersResult
from schema.orders.payloads import PlaceOrderPayload
from schema.orders.types import Order

ORDERS = strawberry.argument(name="input", description="The orders, those to decide first first.")
CHANNELS = (Role.CHANNEL, Role.OPERATIONS, Role.ADMIN)


@strawberry.type
class ManyOrdersMutation:
    """Root fields that place many orders."""

    @strawberry.mutation(
        description="Place 1 to 500 orders of a channel. Each is placed as by `placeOrder`, under "
        "its own key and in its own right: some may be refused and the others are placed. Those "
        "that come first get the last units. Send the same call again after a failure: what was "
        "placed is found by its key.",
        extensions=[Allow(*CHANNELS)],
    )
    async def place_orders(
        self, info: Info, input: Annotated[PlaceOrdersInput, ORDERS]
    ) -> PlaceOrdersResult:
        """The answer to each order, or why none was looked at."""

        async def work() -> PlaceOrdersPayload:
            wishes = [_wish(number, each) for number, each in enumerate(input.orders)]
            answers = await place_orders(till(info.context), wishes)
            placed = [each for each in answers if isinstance(each, Settled)]
            orders = {each.order.id: each.order for each in placed if each.order}
            unread = [each.placed.order_id for each in placed if each.order is None]
            if unread:
                orders |= await info.context.read_primary(lambda c: orders_by_id(c, unread))
            return PlaceOrdersPayload(
                results=[_result(each, orders) for each in answers],
                placed=len(placed),
            )

        return await answer(work())


def _wish(number: int, given: PlaceOrderInput) -> Wish:
    try:
        return given.to_domain()
    except ValidationFailed as malformed:
        return ValidationFailed(f"orders.{number}.{malformed.field}", malformed.reason)


def _result(found: Settled | Exception, orders: Mapping[OrderId, DomainOrder]) -> Any:
    """The payload or the refusal. A failure that is nobody's to act on is returned as it is: the
    executor makes an error at this place of the list of it, and null.
    """
    match found:
        case Settled():
            return PlaceOrderPayload(order=Order.of(orders[found.placed.order_id]))
        case DomainError():
            return as_error(found)
        case _:
            return found
