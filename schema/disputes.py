"""Disputes as clients see them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from strawberry import relay

from domain.common.ids import OrderId
from domain.identity.model import HEAD_OFFICE
from domain.orders.history import orders_in_scope
from domain.payments import disputes as domain
from domain.payments.news import DisputeState
from schema.access import access
from schema.context import Context, Info
from schema.enums import described
from schema.ids import global_id
from schema.money import Money

if TYPE_CHECKING:
    from schema.orders.types import Order

described(
    DisputeState,
    "Where a dispute about a payment stands.",
    {
        "NEEDS_RESPONSE": "The retailer has to send evidence until it is due, or accept the loss.",
        "UNDER_REVIEW": "The customer's bank decides.",
        "WON": "The retailer keeps the money.",
        "LOST": "The customer's bank took the money back.",
    },
    name="DisputeState",
)


@access(*HEAD_OFFICE)
@strawberry.type(
    description="The customer's bank takes a payment back (chargeback), unless the retailer proves "
    "at the payment service that it is due. It moves no goods: what was delivered stays delivered."
)
class Dispute:
    """Twin of domain Dispute."""

    id: strawberry.ID = strawberry.field(description="The dispute.")
    order_id: relay.GlobalID = strawberry.field(description="The order that was paid for.")
    provider: str = strawberry.field(description="The payment service, such as STRIPE.")
    reference: str = strawberry.field(description="The payment service's own id of the dispute.")
    state: DisputeState = strawberry.field(description="Where it stands.")
    reason: str = strawberry.field(
        description="What the customer says, in the payment service's words, such as "
        "`product_not_received`."
    )
    amount: Money = strawberry.field(description="What is disputed.")
    evidence_due_at: datetime | None = strawberry.field(
        description="Until when evidence is taken (UTC); null when none is."
    )
    opened_at: datetime = strawberry.field(description="When it was first heard of (UTC).")
    closed_at: datetime | None = strawberry.field(
        description="When it was heard that it is won or lost (UTC)."
    )

    @strawberry.field(description="The order that was paid for.")
    async def order(
        self, info: Info
    ) -> Annotated["Order", strawberry.lazy("schema.orders.types")] | None:
        """The order, loaded for all disputes of the operation at once."""
        # The types of orders know disputes; known here only when asked.
        from schema.orders.types import Order

        actor = info.context.caller

        async def load(keys: list[str]) -> list[Any]:
            found = await info.context.read(lambda c: orders_in_scope(c, actor, keys))
            return [found.get(key) for key in keys]

        order = await info.context.loader("order_of_dispute", load).load(self.order_id.node_id)
        return Order.of(order) if order else None

    @staticmethod
    def of(dispute: domain.Dispute) -> "Dispute":
        """The twin."""
        return Dispute(
            id=strawberry.ID(str(dispute.id)),
            order_id=global_id("Order", dispute.order_id),
            provider=dispute.provider,
            reference=dispute.reference,
            state=dispute.state,
            reason=dispute.reason,
            amount=Money.of(dispute.amount_minor, dispute.currency),
            evidence_due_at=dispute.evidence_due_at,
            opened_at=dispute.opened_at,
            closed_at=dispute.closed_at,
        )


async def load_disputes(context: Context, order_id: str) -> list[Dispute]:
    """The order's disputes, the oldest first; loaded for all orders of the operation at once."""

    async def load(keys: list[str]) -> list[Any]:
        ids = [UUID(key) for key in keys]
        found = await context.read(lambda c: domain.disputes_of_orders(c, ids))
        return [found.get(OrderId(key), []) for key in ids]

    disputes = await context.loader("disputes_by_order", load).load(order_id)
    return [Dispute.of(dispute) for dispute in disputes]
