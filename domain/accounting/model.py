"""Accounts, journal transactions and their entries (pure). Rules: `docs/accounting.md`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NewType
from uuid import UUID

from domain.common.ids import ChannelCode, LocationId, OrderId

TransactionId = NewType("TransactionId", UUID)


class AccountKind(StrEnum):
    """What an account is; debits (above 0) raise assets and expenses, credits the others."""

    ASSET = "ASSET"
    LIABILITY = "LIABILITY"
    INCOME = "INCOME"
    EXPENSE = "EXPENSE"


class Account(StrEnum):
    """The accounts of the house. Their numbers in other systems are data (`account_number`)."""

    PSP_CLEARING = "PSP_CLEARING"
    TERMINAL_CLEARING = "TERMINAL_CLEARING"
    CASH = "CASH"
    CHEQUES = "CHEQUES"
    BANK = "BANK"
    MARKETPLACE_RECEIVABLE = "MARKETPLACE_RECEIVABLE"
    TRADE_RECEIVABLES = "TRADE_RECEIVABLES"
    ACCRUED_RECEIVABLES = "ACCRUED_RECEIVABLES"
    """Goods that left and are not captured yet."""
    VOUCHER_SALES_CLEARING = "VOUCHER_SALES_CLEARING"
    """Gift cards that were issued; what was paid for them is booked against it."""
    DEFERRED_REVENUE = "DEFERRED_REVENUE"
    """Captured for goods that have not left yet."""
    TAX_PAYABLE = "TAX_PAYABLE"
    GIFT_CARD_LIABILITY = "GIFT_CARD_LIABILITY"
    STORE_CREDIT_LIABILITY = "STORE_CREDIT_LIABILITY"
    CUSTOMER_CREDIT = "CUSTOMER_CREDIT"
    """Value of returned goods that pays another order."""
    REFUNDS_PAYABLE = "REFUNDS_PAYABLE"
    SALES = "SALES"
    SHIPPING_INCOME = "SHIPPING_INCOME"
    RETURN_FEES = "RETURN_FEES"
    SALES_ALLOWANCES = "SALES_ALLOWANCES"
    """Given back though the goods are kept; lowers the income."""
    BREAKAGE = "BREAKAGE"
    """Gift cards and store credit that were lost to their holders."""
    GOODWILL = "GOODWILL"
    """Store credit that was granted, and corrections of vouchers."""
    SALES_RETURNS = "SALES_RETURNS"
    """Goods taken back without a receipt."""
    PSP_FEES = "PSP_FEES"
    CASH_DIFFERENCES = "CASH_DIFFERENCES"


_A, _L, _I, _E = AccountKind.ASSET, AccountKind.LIABILITY, AccountKind.INCOME, AccountKind.EXPENSE
CHART: Mapping[Account, tuple[AccountKind, str, str]] = MappingProxyType(
    {
        Account.CASH: (_A, "1000", "Cash"),
        Account.BANK: (_A, "1010", "Bank"),
        Account.CHEQUES: (_A, "1020", "Cheques"),
        Account.PSP_CLEARING: (_A, "1100", "Card payments, PSP clearing"),
        Account.TERMINAL_CLEARING: (_A, "1110", "Card terminals, clearing"),
        Account.VOUCHER_SALES_CLEARING: (_A, "1120", "Gift cards sold, clearing"),
        Account.TRADE_RECEIVABLES: (_A, "1200", "Trade receivables"),
        Account.ACCRUED_RECEIVABLES: (_A, "1210", "Goods delivered, not captured"),
        Account.MARKETPLACE_RECEIVABLE: (_A, "1220", "Receivable from marketplaces"),
        Account.DEFERRED_REVENUE: (_L, "2000", "Deferred revenue"),
        Account.REFUNDS_PAYABLE: (_L, "2010", "Refunds payable"),
        Account.CUSTOMER_CREDIT: (_L, "2020", "Customer credit from exchanges"),
        Account.GIFT_CARD_LIABILITY: (_L, "2100", "Gift cards"),
        Account.STORE_CREDIT_LIABILITY: (_L, "2110", "Store credit"),
        Account.TAX_PAYABLE: (_L, "2200", "Value added tax"),
        Account.SALES: (_I, "4000", "Sales"),
        Account.SHIPPING_INCOME: (_I, "4010", "Shipping"),
        Account.RETURN_FEES: (_I, "4020", "Fees kept from returns"),
        Account.BREAKAGE: (_I, "4030", "Unused gift cards"),
        Account.SALES_ALLOWANCES: (_I, "4900", "Sales allowances"),
        Account.SALES_RETURNS: (_I, "4910", "Returns without a receipt"),
        Account.GOODWILL: (_E, "5000", "Goodwill"),
        Account.PSP_FEES: (_E, "5010", "PSP fees"),
        Account.CASH_DIFFERENCES: (_E, "5020", "Cash differences"),
    }
)
"""Kind, number and English name of each account, as a new house has them."""


TENDER_ACCOUNTS: Mapping[str, Account] = MappingProxyType(
    {
        "CARD": Account.PSP_CLEARING,
        "TERMINAL": Account.TERMINAL_CLEARING,
        "CASH": Account.CASH,
        "EXTERNAL": Account.MARKETPLACE_RECEIVABLE,
        "GIFT_CARD": Account.GIFT_CARD_LIABILITY,
        "STORE_CREDIT": Account.STORE_CREDIT_LIABILITY,
        "CHEQUE": Account.CHEQUES,
        "BANK_TRANSFER": Account.BANK,
        "ON_ACCOUNT": Account.TRADE_RECEIVABLES,
        "EXCHANGE_CREDIT": Account.CUSTOMER_CREDIT,
    }
)
"""Where what is paid with a tender is, by its name."""


class TransactionKind(StrEnum):
    """What made a journal transaction."""

    ORDER = "ORDER"
    VOUCHER = "VOUCHER"
    REFUND_TENDER = "REFUND_TENDER"
    """A refund was given in another tender than that of the payment."""
    RECEIVABLE = "RECEIVABLE"
    """A customer paid invoices."""
    PAYOUT = "PAYOUT"
    CLOSING = "CLOSING"
    """Found at a daily close, such as missing cash."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An amount on an account, minor units of `currency`: above 0 a debit, below 0 a credit."""

    account: Account
    currency: str
    amount_minor: int
    channel: ChannelCode | None = None
    location_id: LocationId | None = None
    order_id: OrderId | None = None
    tax_code: str | None = None
    """Country and rate in percent, such as IT22."""


@dataclass(frozen=True, slots=True)
class JournalTransaction:
    """Entries that belong together; they sum to 0 per currency.

    `source` names what made it, once and for all: a second one with the same source is refused by
    the database. `business_date` None: the day of `at` in the time zone of the books.
    """

    id: TransactionId
    kind: TransactionKind
    reference: str
    source: str
    at: datetime
    entries: tuple[Entry, ...]
    memo: str = ""
    business_date: date | None = None


def pair(
    debit: Account,
    credit: Account,
    amount_minor: int,
    currency: str,
    order_id: OrderId | None = None,
    location_id: LocationId | None = None,
) -> tuple[Entry, Entry]:
    """Two entries: `amount_minor` from `credit` to `debit`; below 0 the other way round."""
    return (
        Entry(debit, currency, amount_minor, order_id=order_id, location_id=location_id),
        Entry(credit, currency, -amount_minor, order_id=order_id, location_id=location_id),
    )


class ShareKind(StrEnum):
    """What a share of an invoice is for."""

    GOODS = "GOODS"
    SHIPPING = "SHIPPING"
    FEE = "FEE"
    ALLOWANCE = "ALLOWANCE"


@dataclass(frozen=True, slots=True)
class Share:
    """Part of what a change of an order brought to be invoiced, or below 0 to be credited.

    `line_id` None: shipping, a fee or an allowance. Minor units; `gross_minor` with tax.
    """

    kind: ShareKind
    line_id: UUID | None
    rate: str
    units: int
    gross_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class DocumentDue:
    """What a version of an order brought to be invoiced or credited, and put on account."""

    order_id: OrderId
    order_version: int
    at: datetime
    shares: tuple[Share, ...]
    on_account_minor: int = 0


@dataclass(frozen=True, slots=True)
class Booking:
    """All that changes of orders bring into the books."""

    transactions: Sequence[JournalTransaction] = ()
    due: Sequence[DocumentDue] = ()
