"""What order mutations answer: a payload, or one of the refusals they can give."""

from typing import Annotated

import strawberry

from schema.access import access
from schema.errors import (
    ForbiddenError,
    IdempotencyConflictError,
    NotFoundError,
    ValidationError,
    VersionConflictError,
)
from schema.orders.errors import (
    CaptureFailedError,
    DuplicateExternalReferenceError,
    IllegalTransitionError,
    OrderExpiredError,
    OrderOnHoldError,
    PaymentDeclinedError,
    PaymentOutcomeUnknownError,
    ProductNotFoundError,
    ProductNotSellableError,
    QuantityExceededError,
)
from schema.orders.types import FulfillmentOrder, Order
from schema.promotions.refusals import CouponNotUsableError
from schema.stock import InsufficientStockError
from schema.vouchers import TenderRefusedError, TooManyLookupsError


@access()
@strawberry.type(
    description="The placed order: paid or authorised, its stock allocated; or, when it is paid by "
    "cheque or transfer, PENDING_PAYMENT with its stock reserved."
)
class PlaceOrderPayload:
    """Answer of placeOrder."""

    order: Order = strawberry.field(description="The order.")


@access()
@strawberry.type(description="The paid order, confirmed, or waiting for a cheque or transfer.")
class PayOrderPayload:
    """Answer of payOrder."""

    order: Order = strawberry.field(description="The order.")


@access()
@strawberry.type(description="The changed order.")
class ChangeOrderPayload:
    """Answer of holdOrder, releaseHold, releaseOrder, cancelOrder and collectOrder."""

    order: Order = strawberry.field(description="The order.")


@access()
@strawberry.type(description="The changed fulfillment order.")
class FulfillmentOrderPayload:
    """Answer of startPicking, confirmPick, packFulfillmentOrder and markReadyForPickup."""

    fulfillment_order: FulfillmentOrder = strawberry.field(description="The fulfillment order.")
    order: Order = strawberry.field(description="Its order.")


PlaceOrderResult = Annotated[
    PlaceOrderPayload
    | ProductNotFoundError
    | ProductNotSellableError
    | InsufficientStockError
    | PaymentDeclinedError
    | PaymentOutcomeUnknownError
    | OrderExpiredError
    | DuplicateExternalReferenceError
    | CouponNotUsableError
    | ValidationError
    | NotFoundError
    | TenderRefusedError
    | TooManyLookupsError
    | ForbiddenError
    | IdempotencyConflictError,
    strawberry.union("PlaceOrderResult", description="What placeOrder answers."),
]

PayOrderResult = Annotated[
    PayOrderPayload
    | PaymentDeclinedError
    | PaymentOutcomeUnknownError
    | OrderExpiredError
    | IllegalTransitionError
    | ValidationError
    | NotFoundError
    | TenderRefusedError
    | TooManyLookupsError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union("PayOrderResult", description="What payOrder answers."),
]

ChangeOrderResult = Annotated[
    ChangeOrderPayload
    | IllegalTransitionError
    | OrderOnHoldError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union("ChangeOrderResult", description="What changes of an order answer."),
]

OverrideSourcingResult = Annotated[
    ChangeOrderPayload
    | InsufficientStockError
    | QuantityExceededError
    | IllegalTransitionError
    | OrderOnHoldError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union("OverrideSourcingResult", description="What overrideSourcing answers."),
]

CancelOrderLinesResult = Annotated[
    ChangeOrderPayload
    | QuantityExceededError
    | IllegalTransitionError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union("CancelOrderLinesResult", description="What cancelOrderLines answers."),
]

CollectOrderResult = Annotated[
    ChangeOrderPayload
    | CaptureFailedError
    | IllegalTransitionError
    | OrderOnHoldError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union("CollectOrderResult", description="What collectOrder answers."),
]

FulfillmentOrderResult = Annotated[
    FulfillmentOrderPayload
    | IllegalTransitionError
    | OrderOnHoldError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union(
        "FulfillmentOrderResult", description="What changes of a fulfillment order answer."
    ),
]
