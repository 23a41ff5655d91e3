"""Operators choose a location against what sourcing chose."""

from typing import Annotated

import strawberry

from domain.fulfillment.overriding import override_sourcing
from domain.identity.model import Role
from resolvers.answering import answer
from resolvers.orders import loaded
from schema.access import Allow
from schema.context import Info
from schema.inputs import INPUT
from schema.orders.payloads import ChangeOrderPayload, OverrideSourcingResult
from schema.orders.unit_inputs import OverrideSourcingInput


@strawberry.type
class SourcingOverridesMutation:
    """The root field that overrides sourcing."""

    @strawberry.mutation(
        description="Serve units of an order from a location of your choice: rules and capacities "
        "do not count, stock does. The decision is kept with the reason, and with what it costs "
        "more than the best plan (`sourcingDecisions`).",
        extensions=[Allow(Role.OPERATIONS, Role.ADMIN)],
    )
    async def override_sourcing(
        self, info: Info, input: Annotated[OverrideSourcingInput, INPUT]
    ) -> OverrideSourcingResult:
        """The order with those units at the location, or why not."""
        context, actor = info.context, info.context.caller

        async def override() -> ChangeOrderPayload:
            command, terms = input.to_domain(), context.services.terms
            changed = await context.run(lambda tx: override_sourcing(tx, actor, command, terms))
            return ChangeOrderPayload(order=await loaded(context, changed.order_id))

        return await answer(override())
