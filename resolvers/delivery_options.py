"""How a cart can be delivered, before it is an order."""

import strawberry

from domain.orders.options.reading import delivery_options
from resolvers.orders import SELLERS
from schema.access import Allow
from schema.context import Info
from schema.delivery_options import Cart, DeliveryOption
from schema.refusals import asked, checked


@strawberry.type
class DeliveryOptionsQuery:
    """Root fields that say what can be promised."""

    @strawberry.field(
        description="How a cart can be delivered as things are now: shipped, to a pickup point, "
        "collected in a store, or sent to a store; with prices of carriers, dates, and what is "
        "missing. For whoever may place an order on the channel. Refusals are top-level errors "
        "with the codes of `placeOrder`.",
        extensions=[Allow(*SELLERS)],
    )
    async def delivery_options(self, info: Info, input: Cart) -> list[DeliveryOption]:
        """The options."""
        actor, sourcing = info.context.caller, info.context.services.terms.sourcing
        ask = checked(input.to_domain)
        found = await asked(info.context.read(lambda c: delivery_options(c, actor, ask, sourcing)))
        return [DeliveryOption.of(each) for each in found]
