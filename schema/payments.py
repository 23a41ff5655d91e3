"""Payments after placing: receipts, refunds, what is owed, and buying on account."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import CustomerId, OrderId, PaymentId
from domain.identity.model import Role
from domain.orders import errors, receiving, repaying
from domain.payments import credit
from domain.payments import model as payments
from domain.payments.model import Tender
from schema.access import access
from schema.errors import (
    Error,
    ForbiddenError,
    IdempotencyConflictError,
    NotFoundError,
    ValidationError,
    VersionConflictError,
    twin_of,
)
from schema.ids import global_id, id_of, uuid_of
from schema.inputs import KEY, VERSION
from schema.money import Money, MoneyInput
from schema.orders.errors import IllegalTransitionError
from schema.orders.payloads import ChangeOrderPayload

BOOKKEEPERS = (Role.FINANCE, Role.ADMIN)
COUNTERS = (Role.CALL_CENTER, Role.FINANCE, Role.OPERATIONS, Role.ADMIN)


@access()
@strawberry.type(description="What a customer may owe, and owes, in one currency.")
class CreditAccount:
    """Twin of domain CreditAccount."""

    limit: Money = strawberry.field(description="What may be owed.")
    used: Money = strawberry.field(
        description="What is owed or put aside for orders; less than 0 when too much was paid."
    )
    available: Money = strawberry.field(description="What may still be bought on account.")
    version: int = strawberry.field(description="Raised by one with every change.")

    @staticmethod
    def of(account: payments.CreditAccount) -> "CreditAccount":
        """The twin."""
        currency = account.currency
        return CreditAccount(
            limit=Money.of(account.limit_minor, currency),
            used=Money.of(account.used_minor, currency),
            available=Money.of(account.available_minor, currency),
            version=account.version,
        )


@access(*COUNTERS)
@strawberry.type(description="Money that staff must give back since no payment service can.")
class RefundDue:
    """Twin of domain RefundDue."""

    order_id: relay.GlobalID = strawberry.field(description="The order.")
    payment_id: strawberry.ID = strawberry.field(description="The payment of the order.")
    tender: Tender = strawberry.field(description="How the customer had paid.")
    amount: Money = strawberry.field(description="What is owed of it.")
    paid_at: datetime = strawberry.field(description="When the customer had paid (UTC).")

    @staticmethod
    def of(due: repaying.RefundDue) -> "RefundDue":
        """The twin."""
        return RefundDue(
            order_id=global_id("Order", due.order_id),
            payment_id=strawberry.ID(str(due.payment_id)),
            tender=due.tender,
            amount=Money.of(due.amount_minor, due.currency),
            paid_at=due.created_at,
        )


@strawberry.input(description="The money of a cheque or a bank transfer was seen.")
class ConfirmPaymentReceivedInput:
    """Twin of ConfirmReceipt."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    payment_id: strawberry.ID = strawberry.field(description="Its payment.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> receiving.ConfirmReceipt:
        """The command."""
        return receiving.ConfirmReceipt(
            self.idempotency_key,
            _order(self.order_id),
            _payment(self.payment_id),
            self.expected_version,
        )


@strawberry.input(description="A cheque bounced, or a transfer will not come.")
class ReportPaymentBouncedInput:
    """Twin of ReportBounced."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    payment_id: strawberry.ID = strawberry.field(description="Its payment.")
    reason: str | None = strawberry.field(
        default=None, description="What the bank said, at most 200 characters."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> receiving.ReportBounced:
        """The command."""
        return receiving.ReportBounced(
            self.idempotency_key,
            _order(self.order_id),
            _payment(self.payment_id),
            self.reason,
            self.expected_version,
        )


@strawberry.input(description="Money back although the units are due, such as out of goodwill.")
class RefundOrderInput:
    """Twin of RefundOrder."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    amount: MoneyInput = strawberry.field(
        description="How much, at most what was taken and is not being given back."
    )
    reason: str = strawberry.field(description="Why, for the history; 1 to 200 characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> repaying.RefundOrder:
        """The command."""
        return repaying.RefundOrder(
            self.idempotency_key,
            _order(self.order_id),
            self.amount.to_domain(),
            self.reason,
            self.expected_version,
        )


@strawberry.input(description="Pay what is owed to the customer of an order.")
class PayRefundDueInput:
    """Twin of PayRefundDue."""

    idempotency_key: str = strawberry.field(description=KEY)
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    tender: Tender = strawberry.field(
        description="CASH, BANK_TRANSFER, CHEQUE, or STORE_CREDIT, which the customer has at once."
    )
    amount: MoneyInput | None = strawberry.field(
        default=None, description="How much; all that is owed if absent."
    )
    note: str = strawberry.field(
        default="", description="Such as the reference of the transfer; at most 200 characters."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> repaying.PayRefundDue:
        """The command."""
        return repaying.PayRefundDue(
            idempotency_key=self.idempotency_key,
            order_id=_order(self.order_id),
            tender=self.tender,
            amount=self.amount.to_domain() if self.amount else None,
            note=self.note,
            expected_version=self.expected_version,
        )


@strawberry.input(description="What a customer may owe.")
class SetCreditLimitInput:
    """Twin of SetCreditLimit."""

    idempotency_key: str = strawberry.field(description=KEY)
    customer_id: relay.GlobalID = strawberry.field(description="The customer.")
    limit: MoneyInput = strawberry.field(description="At most, in its currency; not negative.")
    expected_version: int | None = strawberry.field(
        default=None,
        description="Refuse unless this is the account's present version; 0 if there is none yet.",
    )

    def to_domain(self) -> credit.SetCreditLimit:
        """The command."""
        return credit.SetCreditLimit(
            self.idempotency_key,
            _customer(self.customer_id),
            self.limit.to_domain(),
            self.expected_version,
        )


@strawberry.input(description="A customer paid what is owed on account.")
class RecordAccountPaymentInput:
    """Twin of RecordAccountPayment."""

    idempotency_key: str = strawberry.field(description=KEY)
    customer_id: relay.GlobalID = strawberry.field(description="The customer.")
    amount: MoneyInput = strawberry.field(description="How much, more than 0.")
    note: str = strawberry.field(
        default="", description="Such as the bank's reference; at most 200 characters."
    )

    def to_domain(self) -> credit.RecordAccountPayment:
        """The command."""
        return credit.RecordAccountPayment(
            self.idempotency_key, _customer(self.customer_id), self.amount.to_domain(), self.note
        )


@access(*BOOKKEEPERS)
@strawberry.type(description="The changed credit account.")
class CreditAccountPayload:
    """Answer of setCreditLimit and recordAccountPayment."""

    credit_account: CreditAccount = strawberry.field(description="As it is now.")


@twin_of(errors.RefundExceeded)
@access()
@strawberry.type(description="More would be given back than was paid, or than is owed.")
class RefundExceededError(Error):
    """Twin of RefundExceeded."""

    most: Money = strawberry.field(description="What can be given back.")

    @staticmethod
    def of(error: errors.RefundExceeded) -> "RefundExceededError":
        """The twin."""
        most = Money.of(error.most.amount_minor, error.most.currency)
        return RefundExceededError(code=error.code, message=error.message, most=most)


PaymentReceiptResult = Annotated[
    ChangeOrderPayload
    | IllegalTransitionError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union("PaymentReceiptResult", description="What reports of receipts answer."),
]

RefundResult = Annotated[
    ChangeOrderPayload
    | RefundExceededError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union("RefundResult", description="What refundOrder and payRefundDue answer."),
]

CreditAccountResult = Annotated[
    CreditAccountPayload
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union("CreditAccountResult", description="What changes of credit answer."),
]


def _order(given: relay.GlobalID) -> OrderId:
    return OrderId(id_of(given, "Order", "orderId"))


def _payment(given: strawberry.ID) -> PaymentId:
    return PaymentId(uuid_of(given, "paymentId"))


def _customer(given: relay.GlobalID) -> CustomerId:
    return CustomerId(id_of(given, "Customer", "customerId"))
