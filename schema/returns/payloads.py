"""What the mutations of returns answer."""

from typing import Annotated

import strawberry
from strawberry import relay

from domain.identity.model import STAFF
from domain.returns import errors
from schema.access import access
from schema.errors import CommonError, Error, twin_of
from schema.money import Money
from schema.orders.errors import (
    IllegalTransitionError,
    OrderExpiredError,
    PaymentDeclinedError,
    PaymentOutcomeUnknownError,
    ProductNotFoundError,
    ProductNotSellableError,
    QuantityExceededError,
)
from schema.orders.types import Order
from schema.returns.types import DispositionRules, Return, ReturnPolicy
from schema.stock import InsufficientStockError
from schema.vouchers import TenderRefusedError, TooManyLookupsError


@twin_of(errors.NotReturnable)
@access()
@strawberry.type(description="The units cannot be given back.")
class NotReturnableError(Error):
    """Twin of NotReturnable."""

    order_line_id: strawberry.ID | None = strawberry.field(
        description="The line that forbids it; null when it is too late for all."
    )

    @staticmethod
    def of(error: errors.NotReturnable) -> "NotReturnableError":
        """The twin."""
        line = error.line_id
        return NotReturnableError(
            code=error.code,
            message=error.message,
            order_line_id=strawberry.ID(str(line)) if line else None,
        )


@twin_of(errors.ReceivedElsewhere)
@access()
@strawberry.type(description="Other units of the return are at another location.")
class ReceivedElsewhereError(Error):
    """Twin of ReceivedElsewhere."""

    @staticmethod
    def of(error: errors.ReceivedElsewhere) -> "ReceivedElsewhereError":
        """The twin."""
        return ReceivedElsewhereError(code=error.code, message=error.message)


@twin_of(errors.ReceiptFound)
@access(*STAFF)
@strawberry.type(description="The goods can be of orders that are known: return them with these.")
class ReceiptFoundError(Error):
    """Twin of ReceiptFound."""

    order_numbers: list[str] = strawberry.field(description="Numbers for receiveReturnBag.")

    @staticmethod
    def of(error: errors.ReceiptFound) -> "ReceiptFoundError":
        """The twin."""
        return ReceiptFoundError(
            code=error.code, message=error.message, order_numbers=error.order_numbers
        )


@twin_of(errors.NoReceiptLimitReached)
@access(*STAFF)
@strawberry.type(description="The customer would get more without receipts than is allowed.")
class NoReceiptLimitReachedError(Error):
    """Twin of NoReceiptLimitReached."""

    asked: Money = strawberry.field(description="What the goods are worth.")
    left: Money = strawberry.field(description="What the customer may still get.")

    @staticmethod
    def of(error: errors.NoReceiptLimitReached) -> "NoReceiptLimitReachedError":
        """The twin."""
        return NoReceiptLimitReachedError(
            code=error.code,
            message=error.message,
            asked=Money.of(error.asked_minor, error.currency),
            left=Money.of(error.left_minor, error.currency),
        )


@access(*STAFF)
@strawberry.type(description="Store credit that was given for goods without a receipt.")
class ReturnWithoutReceiptPayload:
    """Answer of returnWithoutReceipt."""

    number: str = strawberry.field(description="Number for people; the ledger's reference.")
    customer_id: relay.GlobalID = strawberry.field(description="Who has the credit.")
    credited: Money = strawberry.field(description="The amount.")


@access()
@strawberry.type(description="The return after the change.")
class ReturnPayload:
    """Answer of the mutations of one return."""

    return_: Return = strawberry.field(name="return", description="The return.")


@access(*STAFF)
@strawberry.type(description="The returns of one visit.")
class ReturnBagPayload:
    """Answer of receiveReturnBag."""

    returns: list[Return] = strawberry.field(
        description="One for each order, in the order in which they were named."
    )


@access(*STAFF)
@strawberry.type(description="The policy after the change.")
class ReturnPolicyPayload:
    """Answer of setReturnPolicy."""

    policy: ReturnPolicy = strawberry.field(description="The policy.")


@access(*STAFF)
@strawberry.type(description="The rules after the change.")
class DispositionRulesPayload:
    """Answer of setDispositionRules."""

    rules: DispositionRules = strawberry.field(description="The location's rules.")


@access()
@strawberry.type(description="The return, and what the customer gets instead.")
class ExchangeReturnPayload:
    """Answer of exchangeReturn."""

    return_: Return = strawberry.field(name="return", description="The return.")
    order: Order = strawberry.field(description="The new order.")


ReturnResult = Annotated[
    ReturnPayload
    | NotReturnableError
    | ReceivedElsewhereError
    | QuantityExceededError
    | IllegalTransitionError
    | CommonError,
    strawberry.union("ReturnResult", description="What changes of a return answer."),
]

ReturnBagResult = Annotated[
    ReturnBagPayload
    | NotReturnableError
    | QuantityExceededError
    | IllegalTransitionError
    | CommonError,
    strawberry.union("ReturnBagResult", description="What receiveReturnBag answers."),
]

ReturnPolicyResult = Annotated[
    ReturnPolicyPayload | CommonError,
    strawberry.union("ReturnPolicyResult", description="What setReturnPolicy answers."),
]

DispositionRulesResult = Annotated[
    DispositionRulesPayload | CommonError,
    strawberry.union("DispositionRulesResult", description="What setDispositionRules answers."),
]

ExchangeReturnResult = Annotated[
    ExchangeReturnPayload
    | PaymentDeclinedError
    | PaymentOutcomeUnknownError
    | OrderExpiredError
    | ProductNotFoundError
    | ProductNotSellableError
    | InsufficientStockError
    | TenderRefusedError
    | TooManyLookupsError
    | IllegalTransitionError
    | CommonError,
    strawberry.union("ExchangeReturnResult", description="What exchangeReturn answers."),
]

ReturnWithoutReceiptResult = Annotated[
    ReturnWithoutReceiptPayload
    | ReceiptFoundError
    | NoReceiptLimitReachedError
    | NotReturnableError
    | CommonError,
    strawberry.union(
        "ReturnWithoutReceiptResult", description="What returnWithoutReceipt answers."
    ),
]
