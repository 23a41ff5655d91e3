"""Placing many orders in one call: what is asked and what is answered."""

from typing import Annotated

import strawberry

from schema.access import access
from schema.errors import ForbiddenError, ValidationError
from schema.orders.inputs import PlaceOrderInput
from schema.orders.payloads import PlaceOrderResult


@strawberry.input(
    description="Orders to place, each with its own `idempotencyKey`: the call has none."
)
class PlaceOrdersInput:
    """Wishes, in the order in which they are to be decided."""

    orders: list[PlaceOrderInput] = strawberry.field(description="1 to 500 orders.")


@access()
@strawberry.type(description="What became of each order.")
class PlaceOrdersPayload:
    """Answer of placeOrders."""

    results: list[PlaceOrderResult | None] = strawberry.field(
        description="One for each order, in the order of the input. Null where the outcome is not "
        "known; the error at this place says why. The same call tells the outcome."
    )
    placed: int = strawberry.field(description="How many of them are placed.")


PlaceOrdersResult = Annotated[
    PlaceOrdersPayload | ValidationError | ForbiddenError,
    strawberry.union("PlaceOrdersResult", description="What placeOrders answers."),
]
