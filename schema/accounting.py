"""The books as finance sees them: chart, balances, what customers owe, and closed days."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import relay

from domain.accounting import chart, receivables
from domain.accounting.documents import LegalEntity as DomainEntity
from domain.accounting.exporting import ExportFormat
from domain.accounting.model import CHART, Account, AccountKind
from domain.identity.model import Role
from schema.access import access
from schema.enums import described
from schema.errors import CommonError
from schema.ids import global_id
from schema.inputs import KEY, VERSION
from schema.money import Money

ACCOUNTANTS = (Role.FINANCE, Role.ADMIN)

described(
    AccountKind,
    "What an account is.",
    {
        "ASSET": "What the retailer has or is owed.",
        "LIABILITY": "What the retailer owes.",
        "INCOME": "What was earned.",
        "EXPENSE": "What was spent.",
    },
)
described(
    Account,
    "An account of the ledger.",
    {
        account.value: f"{name}; number {number} in the chart of a new house."
        for account, (_, number, name) in CHART.items()
    },
    name="LedgerAccountCode",
)
described(
    ExportFormat,
    "For which system a file of journal entries is.",
    {
        "NEUTRAL": "For none in particular: all that is known of an entry.",
        "DYNAMICS_GP": "Microsoft Dynamics GP, import of GL transactions.",
        "SAGE_50": "Sage 50 (formerly Peachtree), import of the general journal.",
    },
    name="JournalFormat",
)


@access(*ACCOUNTANTS)
@strawberry.type(description="What an account is called in another system.")
class AccountNumber:
    """Twin of domain AccountNumber."""

    format: ExportFormat = strawberry.field(description="For which system.")
    tax_code: str = strawberry.field(description="For which tax, such as IT22; empty: for all.")
    number: str = strawberry.field(description="What it is called there.")


@access(*ACCOUNTANTS)
@strawberry.type(description="An account of the ledger.")
class LedgerAccount:
    """Twin of domain ChartEntry."""

    account: Account = strawberry.field(description="Which.")
    kind: AccountKind = strawberry.field(description="What it is.")
    number: str = strawberry.field(description="Its number in the house's own chart.")
    name: str = strawberry.field(description="Its name.")
    numbers: list[AccountNumber] = strawberry.field(description="What it is called elsewhere.")

    @staticmethod
    def of(entry: chart.ChartEntry) -> "LedgerAccount":
        """The twin."""
        return LedgerAccount(
            account=entry.account,
            kind=entry.kind,
            number=entry.number,
            name=entry.name,
            numbers=[
                AccountNumber(format=each.format, tax_code=each.tax_code, number=each.number)
                for each in entry.numbers
            ],
        )


@access(*ACCOUNTANTS)
@strawberry.type(description="The sum of an account's entries.")
class LedgerBalance:
    """Twin of domain Balance."""

    account: Account = strawberry.field(description="Which account.")
    balance: Money = strawberry.field(description="Above 0 a debit, below 0 a credit.")

    @staticmethod
    def of(balance: chart.Balance) -> "LedgerBalance":
        """The twin."""
        amount = Money.of(balance.amount_minor, balance.currency)
        return LedgerBalance(account=balance.account, balance=amount)


@access(*ACCOUNTANTS)
@strawberry.type(description="What a customer owes in a currency, by the days since it was due.")
class ReceivablesAgeing:
    """Twin of domain Ageing."""

    customer_id: relay.GlobalID = strawberry.field(description="Who owes it.")
    current: Money = strawberry.field(
        description="Not due yet, less what is in the customer's favour."
    )
    days_1_to_30: Money = strawberry.field(description="Due since 1 to 30 days.")
    days_31_to_60: Money = strawberry.field(description="Due since 31 to 60 days.")
    days_61_to_90: Money = strawberry.field(description="Due since 61 to 90 days.")
    over_90_days: Money = strawberry.field(description="Due since more than 90 days.")
    total: Money = strawberry.field(description="All of it.")

    @staticmethod
    def of(each: receivables.Ageing) -> "ReceivablesAgeing":
        """The twin."""
        currency = each.currency
        return ReceivablesAgeing(
            customer_id=global_id("Customer", each.customer_id),
            current=Money.of(each.current_minor, currency),
            days_1_to_30=Money.of(each.days_1_30_minor, currency),
            days_31_to_60=Money.of(each.days_31_60_minor, currency),
            days_61_to_90=Money.of(each.days_61_90_minor, currency),
            over_90_days=Money.of(each.over_90_minor, currency),
            total=Money.of(each.total_minor, currency),
        )


@access(*ACCOUNTANTS)
@strawberry.type(description="What is left to be paid, or is in the customer's favour.")
class OpenReceivable:
    """Twin of domain OpenItem."""

    customer_id: relay.GlobalID = strawberry.field(description="Who owes it.")
    order_number: str | None = strawberry.field(description="The order; null: paid in advance.")
    invoice_number: str | None = strawberry.field(description="The invoice or credit note, if any.")
    due_on: date = strawberry.field(description="Until when it is to be paid.")
    amount: Money = strawberry.field(description="All of it; below 0 in the customer's favour.")
    open: Money = strawberry.field(description="What is left.")

    @staticmethod
    def of(item: receivables.OpenItem) -> "OpenReceivable":
        """The twin."""
        return OpenReceivable(
            customer_id=global_id("Customer", item.customer_id),
            order_number=item.order_number,
            invoice_number=item.invoice_number,
            due_on=item.due_on,
            amount=Money.of(item.amount_minor, item.currency),
            open=Money.of(item.open_minor, item.currency),
        )


@access(*ACCOUNTANTS)
@strawberry.type(description="Who invoices.")
class LegalEntity:
    """Twin of domain LegalEntity."""

    code: str = strawberry.field(description="Its code.")
    prefix: str = strawberry.field(description="With which the numbers of its documents begin.")
    name: str = strawberry.field(description="Its name.")
    street: str = strawberry.field(description="Street and house number.")
    postal_code: str = strawberry.field(description="Postal code.")
    city: str = strawberry.field(description="City.")
    country: str = strawberry.field(description="Where it is, ISO 3166-1.")
    tax_number: str = strawberry.field(description="Its number as a payer of value added tax.")
    countries: list[str] = strawberry.field(
        description="Countries that it sells to; none: all that no other entity names."
    )
    payment_days: int = strawberry.field(description="Days to pay what is on account.")
    version: int = strawberry.field(description="Raised by one with every change.")

    @staticmethod
    def of(entity: DomainEntity) -> "LegalEntity":
        """The twin."""
        return LegalEntity(
            code=entity.code,
            prefix=entity.prefix,
            name=entity.name,
            street=entity.street,
            postal_code=entity.postal_code,
            city=entity.city,
            country=entity.country,
            tax_number=entity.tax_number,
            countries=list(entity.countries),
            payment_days=entity.payment_days,
            version=entity.version,
        )


@strawberry.input(description="What an account is called in another system.")
class SetAccountNumberInput:
    """Twin of SetAccountNumber."""

    idempotency_key: str = strawberry.field(description=KEY)
    account: Account = strawberry.field(description="The account.")
    format: ExportFormat = strawberry.field(description="For which system.")
    number: str = strawberry.field(
        description="What it is called there, at most 75 characters; empty: as in the house."
    )
    tax_code: str = strawberry.field(
        default="", description="Only for entries of this tax, such as IT22."
    )

    def to_domain(self) -> chart.SetAccountNumber:
        """The command."""
        return chart.SetAccountNumber(
            self.idempotency_key, self.account, self.format, self.number, self.tax_code
        )


@strawberry.input(description="Who invoices, as it stands on documents from now on.")
class SetLegalEntityInput:
    """Twin of SetLegalEntity."""

    idempotency_key: str = strawberry.field(description=KEY)
    code: str = strawberry.field(
        description="1 to 16 letters and digits; a new code makes a new entity. A new house has "
        "MAIN."
    )
    name: str = strawberry.field(description="1 to 200 characters.")
    street: str = strawberry.field(description="At most 200 characters.")
    postal_code: str = strawberry.field(description="At most 20 characters.")
    city: str = strawberry.field(description="At most 200 characters.")
    country: str = strawberry.field(description="Where it is, ISO 3166-1.")
    tax_number: str = strawberry.field(description="At most 40 characters.")
    prefix: str = strawberry.field(
        default="", description="At most 4 letters and digits, of no other entity; it stays."
    )
    countries: list[str] | None = strawberry.field(
        default=None, description="Countries that it sells to; none: all that are left."
    )
    payment_days: int = strawberry.field(
        default=30, description="Days to pay what is on account, 0 to 365."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> chart.SetLegalEntity:
        """The command."""
        return chart.SetLegalEntity(
            idempotency_key=self.idempotency_key,
            code=self.code,
            name=self.name,
            street=self.street,
            postal_code=self.postal_code,
            city=self.city,
            country=self.country,
            tax_number=self.tax_number,
            prefix=self.prefix,
            countries=tuple(self.countries or ()),
            payment_days=self.payment_days,
            expected_version=self.expected_version,
        )


@access(*ACCOUNTANTS)
@strawberry.type(description="The account has its number.")
class SetAccountNumberPayload:
    """Answer of setAccountNumber."""

    account_number: AccountNumber = strawberry.field(description="What it is called now.")


@access(*ACCOUNTANTS)
@strawberry.type(description="The entity as it is now.")
class SetLegalEntityPayload:
    """Answer of setLegalEntity."""

    legal_entity: LegalEntity = strawberry.field(description="The entity.")


SetAccountNumberResult = Annotated[
    SetAccountNumberPayload | CommonError,
    strawberry.union("SetAccountNumberResult", description="What setAccountNumber answers."),
]
SetLegalEntityResult = Annotated[
    SetLegalEntityPayload | CommonError,
    strawberry.union("SetLegalEntityResult", description="What setLegalEntity answers."),
]
