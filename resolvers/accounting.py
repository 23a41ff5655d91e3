"""The books: documents, chart, balances, what customers owe, and closed days."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import relay

from domain.accounting.chart import balances, chart, set_account_number, set_legal_entity
from domain.accounting.days import daily_closes
from domain.accounting.invoices import (
    DocumentFilter,
    count_documents,
    documents_page,
    legal_entities,
)
from domain.accounting.receivables import ageing, open_items
from domain.common.ids import CustomerId
from domain.common.paging import PageRequest
from domain.identity.model import Role
from domain.orders.closing import close_day
from resolvers.answering import answer
from schema import accounting as types
from schema import daily_close as closes
from schema.access import Allow
from schema.accounting import ACCOUNTANTS
from schema.connections import Connection, connection_of
from schema.context import Info
from schema.ids import id_of
from schema.inputs import INPUT, After, First
from schema.invoices import Invoice, InvoiceWhere
from schema.refusals import checked

MAX_LIST = 500
Customer = Annotated[
    relay.GlobalID | None, strawberry.argument(description="Only of this customer.")
]
Currency = Annotated[
    str | None, strawberry.argument(description="Only in this currency, ISO 4217.")
]


@strawberry.type
class AccountingQuery:
    """Root fields that read the books."""

    @strawberry.field(
        description="Invoices and credit notes, the newest first.",
        extensions=[Allow(*ACCOUNTANTS, Role.CALL_CENTER)],
    )
    async def invoices(
        self, info: Info, where: InvoiceWhere = None, first: First = 20, after: After = None
    ) -> Connection[Invoice]:
        """A page of documents."""
        context = info.context
        wanted = checked(where.to_domain) if where else DocumentFilter()
        request = checked(lambda: PageRequest.of(first, after))
        page = await context.read(lambda c: documents_page(c, wanted, request))
        return connection_of(
            page, Invoice.of, lambda: context.read(lambda c: count_documents(c, wanted))
        )

    @strawberry.field(
        description="All accounts of the ledger, by number.", extensions=[Allow(*ACCOUNTANTS)]
    )
    async def chart_of_accounts(self, info: Info) -> list[types.LedgerAccount]:
        """The chart."""
        return [types.LedgerAccount.of(each) for each in await info.context.read(chart)]

    @strawberry.field(
        description="The balances of all accounts that are not at 0.",
        extensions=[Allow(*ACCOUNTANTS)],
    )
    async def ledger_balances(
        self, info: Info, currency: Currency = None
    ) -> list[types.LedgerBalance]:
        """The balances."""
        found = await info.context.read(lambda c: balances(c, currency))
        return [types.LedgerBalance.of(each) for each in found]

    @strawberry.field(description="Who invoices, by code.", extensions=[Allow(*ACCOUNTANTS)])
    async def legal_entities(self, info: Info) -> list[types.LegalEntity]:
        """The entities."""
        return [types.LegalEntity.of(each) for each in await info.context.read(legal_entities)]

    @strawberry.field(
        description="What customers owe by age, per currency, the largest first; at most 500.",
        extensions=[Allow(*ACCOUNTANTS)],
    )
    async def receivables_ageing(
        self,
        info: Info,
        as_of: Annotated[
            date | None,
            strawberry.argument(description="The day that ages are counted to; today if absent."),
        ] = None,
        customer_id: Customer = None,
        currency: Currency = None,
    ) -> list[types.ReceivablesAgeing]:
        """The ages."""
        customer = _customer(customer_id)
        found = await info.context.read(lambda c: ageing(c, as_of, customer, currency, MAX_LIST))
        return [types.ReceivablesAgeing.of(each) for each in found]

    @strawberry.field(
        description="What is not paid yet, by due date, after what is in the customer's favour; "
        "at most 500.",
        extensions=[Allow(*ACCOUNTANTS)],
    )
    async def open_receivables(
        self, info: Info, customer_id: Customer = None
    ) -> list[types.OpenReceivable]:
        """The open items."""
        customer = _customer(customer_id)
        found = await info.context.read(lambda c: open_items(c, customer, MAX_LIST))
        return [types.OpenReceivable.of(each) for each in found]

    @strawberry.field(
        description="The closed business days of a time, the newest first.",
        extensions=[Allow(*ACCOUNTANTS)],
    )
    async def daily_closes(
        self,
        info: Info,
        first_day: Annotated[date, strawberry.argument(description="The first day wanted.")],
        last_day: Annotated[
            date, strawberry.argument(description="The last day wanted, at most 366 later.")
        ],
    ) -> list[closes.DailyClose]:
        """The closed days."""
        first, last = checked(lambda: closes.days_between(first_day, last_day))
        found = await info.context.read(lambda c: daily_closes(c, first, last))
        return [closes.DailyClose.of(each) for each in found]


@strawberry.type
class AccountingMutation:
    """Root fields that change the books."""

    @strawberry.mutation(
        description="Close a business day that is over: orders, ledger, payouts and cash are held "
        "against each other, and what differs is kept. It is not opened again.",
        extensions=[Allow(*ACCOUNTANTS)],
    )
    async def close_day(
        self, info: Info, input: Annotated[closes.CloseDayInput, INPUT]
    ) -> closes.CloseDayResult:
        """The closed day, or why not."""

        async def run() -> closes.CloseDayPayload:
            command = input.to_domain()
            closed = await info.context.run(lambda tx: close_day(tx, command))
            return closes.CloseDayPayload(daily_close=closes.DailyClose.of(closed))

        return await answer(run())

    @strawberry.mutation(
        description="Say what an account is called in the system that an export is for.",
        extensions=[Allow(*ACCOUNTANTS)],
    )
    async def set_account_number(
        self, info: Info, input: Annotated[types.SetAccountNumberInput, INPUT]
    ) -> types.SetAccountNumberResult:
        """The number, or why not."""

        async def run() -> types.SetAccountNumberPayload:
            command = input.to_domain()
            done = await info.context.run(lambda tx: set_account_number(tx, command))
            number = types.AccountNumber(
                format=done.format, tax_code=done.tax_code, number=done.number
            )
            return types.SetAccountNumberPayload(account_number=number)

        return await answer(run())

    @strawberry.mutation(
        description="Say who invoices, and for which countries.",
        extensions=[Allow(*ACCOUNTANTS)],
    )
    async def set_legal_entity(
        self, info: Info, input: Annotated[types.SetLegalEntityInput, INPUT]
    ) -> types.SetLegalEntityResult:
        """The entity, or why not."""

        async def run() -> types.SetLegalEntityPayload:
            command = input.to_domain()
            done = await info.context.run(lambda tx: set_legal_entity(tx, command))
            return types.SetLegalEntityPayload(legal_entity=types.LegalEntity.of(done))

        return await answer(run())


def _customer(given: relay.GlobalID | None) -> CustomerId | None:
    if given is None:
        return None
    return checked(lambda: CustomerId(id_of(given, "Customer", "customerId")))
