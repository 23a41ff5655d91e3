"""Orders after they were placed: holds, other addresses, cancellation."""

from typing import Annotated

import strawberry

from domain.identity.model import Role
from domain.orders import holding
from domain.orders.cancel import cancel_lines, cancel_order
from domain.orders.readdress import edit_address
from resolvers.answering import answer
from resolvers.orders import KEEPERS, change, let_go_after
from schema.access import Allow
from schema.context import Info
from schema.inputs import INPUT
from schema.orders.inputs import (
    ChangeOrderInput,
    EditOrderAddressInput,
    OrderHoldInput,
)
from schema.orders.payloads import (
    CancelOrderLinesResult,
    ChangeOrderPayload,
    ChangeOrderResult,
)
from schema.orders.unit_inputs import CancelOrderLinesInput


@strawberry.type
class OrderChangesMutation:
    """Root fields that change orders after they were placed."""

    @strawberry.mutation(
        description="Put an order on hold: it keeps its stock, but nobody works on it.",
        extensions=[Allow(*KEEPERS)],
    )
    async def hold_order(
        self, info: Info, input: Annotated[OrderHoldInput, INPUT]
    ) -> ChangeOrderResult:
        """The held order, or why not."""
        actor = info.context.caller
        return await change(
            info.context, lambda tx: holding.hold_order(tx, actor, input.to_domain())
        )

    @strawberry.mutation(description="Lift a hold.", extensions=[Allow(*KEEPERS)])
    async def release_hold(
        self, info: Info, input: Annotated[OrderHoldInput, INPUT]
    ) -> ChangeOrderResult:
        """The order without that hold, or why not."""
        actor = info.context.caller
        return await change(
            info.context, lambda tx: holding.release_hold(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Cancel a whole order before a location has begun to work on it: stock is free "
        "again, what was authorised is let go.",
        extensions=[Allow(Role.CUSTOMER, Role.CHANNEL, *KEEPERS)],
    )
    async def cancel_order(
        self, info: Info, input: Annotated[ChangeOrderInput, INPUT]
    ) -> ChangeOrderResult:
        """The cancelled order, or why not."""
        context, actor = info.context, info.context.caller

        async def cancel() -> ChangeOrderPayload:
            command = input.to_domain()
            return await let_go_after(
                context, command.order_id, lambda tx: cancel_order(tx, actor, command)
            )

        return await answer(cancel())

    @strawberry.mutation(
        description="Ship an order to another address in the same country, as long as nothing of "
        "it is packed.",
        extensions=[Allow(Role.CUSTOMER, Role.CHANNEL, *KEEPERS)],
    )
    async def edit_order_address(
        self, info: Info, input: Annotated[EditOrderAddressInput, INPUT]
    ) -> ChangeOrderResult:
        """The order with its new address, or why not."""
        actor = info.context.caller
        return await change(info.context, lambda tx: edit_address(tx, actor, input.to_domain()))

    @strawberry.mutation(
        description="Cancel some units of an order that no location works on: their stock is free, "
        "money that is not due any more is let go.",
        extensions=[Allow(Role.CUSTOMER, Role.CHANNEL, *KEEPERS)],
    )
    async def cancel_order_lines(
        self, info: Info, input: Annotated[CancelOrderLinesInput, INPUT]
    ) -> CancelOrderLinesResult:
        """The order without those units, or why not."""
        context, actor = info.context, info.context.caller

        async def cancel() -> ChangeOrderPayload:
            command = input.to_domain()
            return await let_go_after(
                context, command.order_id, lambda tx: cancel_lines(tx, actor, command)
            )

        return await answer(cancel())
