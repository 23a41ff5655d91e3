"""Returns as subscriptions send them: made from event payloads alone, free of personal data."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay

from schema.access import access
from schema.ids import global_id
from schema.money import Money
from schema.returns.enums import ReturnMethod, ReturnReason, ReturnState


@access()
@strawberry.type(description="Units of an order line in a return.")
class ReturnUpdateLine:
    order_line_id: strawberry.ID = strawberry.field(description="Id of the order line.")
    quantity: int = strawberry.field(description="Units asked for.")
    reason: ReturnReason = strawberry.field(description="Why.")


@access()
@strawberry.type(description="A return after one of its changes.")
class ReturnUpdate:
    return_id: relay.GlobalID = strawberry.field(description="Id of the return.")
    order_id: relay.GlobalID = strawberry.field(description="Id of its order.")
    number: str = strawberry.field(description="Number for people.")
    version: int = strawberry.field(description="Rises by one with every change.")
    state: ReturnState = strawberry.field(description="Where it stands.")
    method: ReturnMethod = strawberry.field(description="How the goods come back.")
    location_id: relay.GlobalID | None = strawberry.field(
        description="Where it was received; null before."
    )
    tracking_number: str | None = strawberry.field(description="The carrier's number.")
    expires_at: datetime | None = strawberry.field(
        description="When it ends if the goods did not arrive (UTC)."
    )
    credited: Money = strawberry.field(description="What inspected units are worth, fees off.")
    updated_at: datetime = strawberry.field(description="When this change was made (UTC).")
    lines: list[ReturnUpdateLine] = strawberry.field(description="What was asked to come back.")

    @classmethod
    def of_payload(cls, payload: Mapping[str, Any]) -> Self:
        """The return in the payload of a ReturnChanged event."""
        place, ends = payload["location_id"], payload["expires_at"]
        return cls(
            return_id=global_id("Return", payload["return_id"]),
            order_id=global_id("Order", payload["order_id"]),
            number=payload["number"],
            version=payload["version"],
            state=ReturnState(payload["state"]),
            method=ReturnMethod(payload["method"]),
            location_id=global_id("Location", place) if place else None,
            tracking_number=payload["tracking_number"],
            expires_at=datetime.fromisoformat(ends) if ends else None,
            credited=Money.of(payload["credited_minor"], payload["currency"]),
            updated_at=datetime.fromisoformat(payload["updated_at"]),
            lines=[
                ReturnUpdateLine(
                    order_line_id=strawberry.ID(line["line_id"]),
                    quantity=line["quantity"],
                    reason=ReturnReason(line["reason"]),
                )
                for line in payload["lines"]
            ],
        )
