"""Payments after placing: receipts, refunds, what is owed, and buying on account."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry

from domain.common.paging import PageRequest
from domain.common.transaction import Tx
from domain.orders.receiving import confirm_receipt, report_bounced
from domain.orders.repaying import (
    count_refunds_due,
    pay_refund_due,
    refund_order,
    refunds_due,
)
from domain.payments import model
from domain.payments.credit import record_account_payment, set_credit_limit
from resolvers.answering import answer
from resolvers.orders import let_go_after, loaded, till
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Context, Info
from schema.inputs import INPUT, After, First
from schema.orders.payloads import ChangeOrderPayload
from schema.payments import (
    BOOKKEEPERS,
    COUNTERS,
    ConfirmPaymentReceivedInput,
    CreditAccount,
    CreditAccountPayload,
    CreditAccountResult,
    PaymentReceiptResult,
    PayRefundDueInput,
    RecordAccountPaymentInput,
    RefundDue,
    RefundOrderInput,
    RefundResult,
    ReportPaymentBouncedInput,
    SetCreditLimitInput,
)
from schema.refusals import checked


@strawberry.type
class PaymentsQuery:
    """Root fields that read what is owed."""

    @strawberry.field(
        description="What is owed to customers since no payment service can give it back, or it "
        "refused to; by when they had paid, oldest first.",
        extensions=[Allow(*COUNTERS)],
    )
    async def refunds_due(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[RefundDue]:
        """A page of what is owed."""
        context = info.context
        request = checked(lambda: PageRequest.of(first, after))
        page = await context.read(lambda c: refunds_due(c, request))
        return connection_of(page, RefundDue.of, lambda: context.read(count_refunds_due))


@strawberry.type
class PaymentsMutation:
    """Root fields that change payments of orders that were placed, and credit."""

    @strawberry.mutation(
        description="The money of a cheque or a bank transfer was seen on the account: the order "
        "is confirmed once all of it is paid. When the order is over, the money is owed back.",
        extensions=[Allow(*BOOKKEEPERS)],
    )
    async def confirm_payment_received(
        self, info: Info, input: Annotated[ConfirmPaymentReceivedInput, INPUT]
    ) -> PaymentReceiptResult:
        """The order, or why not."""
        context = info.context

        async def run() -> ChangeOrderPayload:
            command = input.to_domain()
            placed = await confirm_receipt(till(context), command)
            return ChangeOrderPayload(order=await loaded(context, placed.order_id))

        return await answer(run())

    @strawberry.mutation(
        description="A cheque bounced, or a transfer will not come: the order waits for another "
        "payment until its window ends.",
        extensions=[Allow(*BOOKKEEPERS)],
    )
    async def report_payment_bounced(
        self, info: Info, input: Annotated[ReportPaymentBouncedInput, INPUT]
    ) -> PaymentReceiptResult:
        """The order, or why not."""
        context = info.context

        async def run() -> ChangeOrderPayload:
            command = input.to_domain()
            await context.run(lambda tx: report_bounced(tx, context.caller, command))
            return ChangeOrderPayload(order=await loaded(context, command.order_id))

        return await answer(run())

    @strawberry.mutation(
        description="Give a customer money back although the units are due. It goes back where it "
        "came from; what cannot is owed.",
        extensions=[Allow(*BOOKKEEPERS)],
    )
    async def refund_order(
        self, info: Info, input: Annotated[RefundOrderInput, INPUT]
    ) -> RefundResult:
        """The order, or why not."""
        context = info.context

        async def run() -> ChangeOrderPayload:
            command = input.to_domain()
            return await let_go_after(
                context,
                command.order_id,
                lambda tx: refund_order(tx, context.caller, command),
            )

        return await answer(run())

    @strawberry.mutation(
        description="Pay what is owed to the customer of an order, by another tender.",
        extensions=[Allow(*BOOKKEEPERS)],
    )
    async def pay_refund_due(
        self, info: Info, input: Annotated[PayRefundDueInput, INPUT]
    ) -> RefundResult:
        """The order, or why not."""
        context = info.context

        async def run() -> ChangeOrderPayload:
            command = input.to_domain()
            await context.run(lambda tx: pay_refund_due(tx, context.caller, command))
            return ChangeOrderPayload(order=await loaded(context, command.order_id))

        return await answer(run())

    @strawberry.mutation(
        description="Say what a customer may buy on account.", extensions=[Allow(*BOOKKEEPERS)]
    )
    async def set_credit_limit(
        self, info: Info, input: Annotated[SetCreditLimitInput, INPUT]
    ) -> CreditAccountResult:
        """The account, or why not."""
        return await _account(info.context, lambda tx: set_credit_limit(tx, input.to_domain()))

    @strawberry.mutation(
        description="A customer paid what is owed on account.", extensions=[Allow(*BOOKKEEPERS)]
    )
    async def record_account_payment(
        self, info: Info, input: Annotated[RecordAccountPaymentInput, INPUT]
    ) -> CreditAccountResult:
        """The account, or why not."""
        return await _account(
            info.context, lambda tx: record_account_payment(tx, input.to_domain())
        )


async def _account(
    context: Context, work: Callable[[Tx], Awaitable[model.CreditAccount]]
) -> CreditAccountResult:
    async def run() -> CreditAccountPayload:
        account = await context.run(work)
        return CreditAccountPayload(credit_account=CreditAccount.of(account))

    return await answer(run())
