"""Editing what was ordered."""

from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import OrderId
from domain.editing.edit_lines import edit_order_lines
from domain.editing.preview import preview_edit
from domain.identity.model import Role
from resolvers.answering import answer
from resolvers.orders import loaded, till
from schema.access import Allow
from schema.context import Info
from schema.ids import id_of
from schema.inputs import INPUT
from schema.orders.edits import (
    EditOrderLinesInput,
    EditOrderLinesPayload,
    EditOrderLinesResult,
    OrderEditPreview,
    OrderLineChangeInput,
)
from schema.refusals import asked, checked

EDITORS = (
    Role.CUSTOMER, Role.CHANNEL, Role.POS, Role.STORE_MANAGER, Role.CALL_CENTER, Role.OPERATIONS,
    Role.ADMIN,
)  # fmt: skip


@strawberry.type
class OrderEditsQuery:
    """Root fields that look ahead at edits."""

    @strawberry.field(
        description="What `editOrderLines` would come to with these changes: totals, and stock per "
        "line. Refusals are top-level errors with the codes of the mutation.",
        extensions=[Allow(*EDITORS)],
    )
    async def order_edit_preview(
        self,
        info: Info,
        order_id: Annotated[relay.GlobalID, strawberry.argument(description="The order.")],
        changes: Annotated[
            list[OrderLineChangeInput],
            strawberry.argument(description="1 to 200; each line at most once."),
        ],
    ) -> OrderEditPreview:
        """The preview."""
        context, actor = info.context, info.context.caller
        wanted = checked(lambda: OrderId(id_of(order_id, "Order", "orderId")))
        given = checked(lambda: [change.to_domain() for change in changes])
        terms = context.services.terms
        found = await asked(
            context.read_primary(lambda c: preview_edit(c, actor, wanted, given, terms))
        )
        return OrderEditPreview.of(found)


@strawberry.type
class OrderEditsMutation:
    """Root fields that change the lines of placed orders."""

    @strawberry.mutation(
        description="Add, raise, lower and remove lines of a confirmed order, as long as the units "
        "that are given up are not released. What it costs more is authorised before anything "
        "changes; what it costs less is let go. Old units keep their price.",
        extensions=[Allow(*EDITORS)],
    )
    async def edit_order_lines(
        self, info: Info, input: Annotated[EditOrderLinesInput, INPUT]
    ) -> EditOrderLinesResult:
        """The edited order, or why not."""

        async def edit() -> EditOrderLinesPayload:
            changed = await edit_order_lines(till(info.context), input.to_domain())
            return EditOrderLinesPayload(order=await loaded(info.context, changed.order_id))

        return await answer(edit())
