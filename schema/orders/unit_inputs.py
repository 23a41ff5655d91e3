"""What may be asked of some units of an order."""

import strawberry
from strawberry import relay

from domain.common.ids import LocationId, OrderId
from domain.fulfillment.overriding import OverrideSourcing
from domain.orders import commands
from schema.ids import id_of
from schema.inputs import KEY, VERSION
from schema.orders.inputs import LineUnitsInput


@strawberry.input(description="Which units to cancel.")
class CancelOrderLinesInput:
    """Twin of CancelLines."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    lines: list[LineUnitsInput] = strawberry.field(
        description="Units to cancel per line; no location may be working on them."
    )
    reason: str | None = strawberry.field(
        default=None, description="Explanation for the history, at most 200 characters."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.CancelLines:
        """The command."""
        return commands.CancelLines(
            idempotency_key=self.idempotency_key,
            order_id=OrderId(id_of(self.order_id, "Order", "orderId")),
            lines=tuple(line.to_domain() for line in self.lines),
            expected_version=self.expected_version,
            reason=self.reason,
        )


@strawberry.input(description="From where to serve an order, against what sourcing chose.")
class OverrideSourcingInput:
    """Twin of OverrideSourcing."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    location_id: relay.GlobalID = strawberry.field(description="The location that is to serve.")
    reason: str = strawberry.field(
        description="Why, at most 200 characters; it is kept with the decision."
    )
    lines: list[LineUnitsInput] | None = strawberry.field(
        default=None,
        description="Units per line, at least 1; without it all units that nobody has in hand yet.",
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> OverrideSourcing:
        """The command."""
        return OverrideSourcing(
            idempotency_key=self.idempotency_key,
            order_id=OrderId(id_of(self.order_id, "Order", "orderId")),
            location_id=LocationId(id_of(self.location_id, "Location", "locationId")),
            reason=self.reason,
            lines=tuple(line.to_domain() for line in self.lines or ()),
            expected_version=self.expected_version,
        )
