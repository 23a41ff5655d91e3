"""Editing what was ordered."""

from typing import Annotated

import strawberry

from domain.editing.edit_lines import edit_order_lines
from domain.identity.model import Role
from resolvers.answering import answer
from resolvers.orders import loaded, till
from schema.access import Allow
from schema.context import Info
from schema.inputs import INPUT
from schema.orders.edits import (
    EditOrderLinesInput,
    EditOrderLinesPayload,
    EditOrderLinesResult,
)

EDITORS = (
    Role.CUSTOMER, Role.CHANNEL, Role.POS, Role.STORE_MANAGER, Role.CALL_CENTER, Role.OPERATIONS,
    Role.ADMIN,
)  # fmt: skip


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
