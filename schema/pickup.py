"""Click & collect: what may be asked, and how it is refused."""

from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import FulfillmentOrderId, LocationId, OrderId
from domain.pickup import commands, errors
from domain.pickup.commands import Alternative
from schema.access import access
from schema.enums import described
from schema.errors import (
    Error,
    ForbiddenError,
    IdempotencyConflictError,
    NotFoundError,
    ValidationError,
    VersionConflictError,
    twin_of,
)
from schema.ids import id_of
from schema.inputs import KEY, VERSION
from schema.orders.errors import (
    CaptureFailedError,
    IllegalTransitionError,
    OrderOnHoldError,
    QuantityExceededError,
)
from schema.orders.inputs import LineUnitsInput, OrderAddressInput
from schema.orders.payloads import ChangeOrderPayload, FulfillmentOrderPayload

described(
    Alternative,
    "What becomes of units that the pickup store cannot serve.",
    {
        "OTHER_STORE": "They are collected in another store.",
        "SHIP_HOME": "They are shipped to an address.",
        "REFUND": "They are cancelled, and the money is given back.",
    },
    name="PickupAlternative",
)


@strawberry.input(description="Hand over waiting goods to somebody who may have them.")
class CollectPickupInput:
    """Twin of CollectPickup."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    code: str | None = strawberry.field(
        default=None, description="The pickup code that the person shows, however it is typed."
    )
    identity_checked: bool = strawberry.field(
        default=False,
        description="Instead of the code: staff saw a document of the customer or the proxy.",
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.CollectPickup:
        """The command."""
        return commands.CollectPickup(
            idempotency_key=self.idempotency_key,
            order_id=_order_id(self.order_id),
            code=self.code,
            identity_checked=self.identity_checked,
            expected_version=self.expected_version,
        )


@strawberry.input(description="Who else may collect the goods.")
class NamePickupProxyInput:
    """Twin of NameProxy."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    name: str | None = strawberry.field(
        default=None, description="The person's name, at most 200 characters; null for nobody."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.NameProxy:
        """The command."""
        return commands.NameProxy(
            self.idempotency_key, _order_id(self.order_id), self.name, self.expected_version
        )


@strawberry.input(description="More time to collect.")
class ExtendPickupInput:
    """Twin of ExtendPickup."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    days: int = strawberry.field(description="Days more, 1 to 14.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ExtendPickup:
        """The command."""
        return commands.ExtendPickup(
            self.idempotency_key, _order_id(self.order_id), self.days, self.expected_version
        )


@strawberry.input(description="The customer's choice when the pickup store cannot serve.")
class ChoosePickupAlternativeInput:
    """Twin of ChooseAlternative."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    choice: Alternative = strawberry.field(description="What the customer wants.")
    location_id: relay.GlobalID | None = strawberry.field(
        default=None, description="The other store; for OTHER_STORE."
    )
    address: OrderAddressInput | None = strawberry.field(
        default=None, description="Where to ship to; for SHIP_HOME, in the same country."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ChooseAlternative:
        """The command."""
        place = self.location_id
        return commands.ChooseAlternative(
            idempotency_key=self.idempotency_key,
            order_id=_order_id(self.order_id),
            choice=self.choice,
            location_id=LocationId(id_of(place, "Location", "locationId")) if place else None,
            address=self.address.to_domain() if self.address else None,
            expected_version=self.expected_version,
        )


@strawberry.input(description="What arrived in the store of goods that were sent there.")
class ReceivePickupTransferInput:
    """Twin of ReceiveForPickup."""

    idempotency_key: str = strawberry.field(description=KEY)
    fulfillment_order_id: relay.GlobalID = strawberry.field(description="The sender's work.")
    lines: list[LineUnitsInput] | None = strawberry.field(
        default=None,
        description="Units that arrived per line; all when left out. What is missing is sourced "
        "again.",
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ReceiveForPickup:
        """The command."""
        work = id_of(self.fulfillment_order_id, "FulfillmentOrder", "fulfillmentOrderId")
        lines = self.lines
        return commands.ReceiveForPickup(
            idempotency_key=self.idempotency_key,
            fulfillment_order_id=FulfillmentOrderId(work),
            lines=None if lines is None else tuple(line.to_domain() for line in lines),
            expected_version=self.expected_version,
        )


@twin_of(errors.PickupCodeWrong)
@access()
@strawberry.type(description="The code is not the order's; the try was counted.")
class PickupCodeWrongError(Error):
    """Twin of PickupCodeWrong."""

    tries_left: int = strawberry.field(description="At 0 only an identity check helps.")

    @staticmethod
    def of(error: errors.PickupCodeWrong) -> "PickupCodeWrongError":
        """The twin."""
        return PickupCodeWrongError(
            code=error.code, message=error.message, tries_left=error.tries_left
        )


CollectPickupResult = Annotated[
    ChangeOrderPayload
    | PickupCodeWrongError
    | CaptureFailedError
    | IllegalTransitionError
    | OrderOnHoldError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union("CollectPickupResult", description="What collectPickup answers."),
]

ReceivePickupTransferResult = Annotated[
    FulfillmentOrderPayload
    | QuantityExceededError
    | IllegalTransitionError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union(
        "ReceivePickupTransferResult", description="What receivePickupTransfer answers."
    ),
]


def _order_id(given: relay.GlobalID) -> OrderId:
    return OrderId(id_of(given, "Order", "orderId"))
