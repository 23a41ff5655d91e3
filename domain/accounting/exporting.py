"""Journal entries as the rows of CSV files that other systems import. Columns: docs/accounting.md.

Sources: Sage 50, General Journal Fields (Import/Export), help-sage50.na.sage.com; Dynamics GP,
eConnect, taGLTransactionHeaderInsert and taGLTransactionLineInsert.
"""

import csv
import io
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.accounting.model import Account
from domain.accounting.tables import (
    account_number,
    journal_entry,
    journal_transaction,
    ledger_account,
)
from domain.common.database import Database
from domain.common.errors import ValidationFailed
from domain.common.money import Money, check_currency

_TRANSACTIONS_AT_ONCE = 500
_SAGE_DISTRIBUTIONS = 560


class ExportFormat(StrEnum):
    """For which system a file of journal entries is."""

    NEUTRAL = "NEUTRAL"
    DYNAMICS_GP = "DYNAMICS_GP"
    SAGE_50 = "SAGE_50"


HEADS: Mapping[ExportFormat, Sequence[str]] = MappingProxyType(
    {
        ExportFormat.NEUTRAL: (
            "transaction", "line", "business_date", "kind", "reference", "memo", "account",
            "account_number", "account_name", "debit", "credit", "currency", "channel",
            "location_id", "order_id", "tax_code",
        ),
        ExportFormat.DYNAMICS_GP: (
            "BACHNUMB", "JRNENTRY", "REFRENCE", "TRXDATE", "SOURCDOC", "CURNCYID", "ACTNUMST",
            "DEBITAMT", "CRDTAMNT", "DSCRIPTN",
        ),
        ExportFormat.SAGE_50: (
            "Date", "Reference", "Number of Distributions", "G/L Account", "Description", "Amount",
        ),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class JournalExport:
    """Which entries to export: business days, both included; one currency, or all of them."""

    format: ExportFormat
    first_day: date
    last_day: date
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class JournalRow:
    """An entry with its transaction. `lines`: those of the transaction in its currency."""

    transaction: int
    line: int
    lines: int
    business_date: date
    kind: str
    reference: str
    memo: str
    account: Account
    number: str
    name: str
    amount_minor: int
    currency: str
    channel: str | None
    location_id: UUID | None
    order_id: UUID | None
    tax_code: str | None

    @property
    def amount(self) -> Decimal:
        """In major units; above 0 a debit."""
        return Money(self.amount_minor, self.currency).amount


_ROWS = TypeAdapter(list[JournalRow])


def checked(wanted: JournalExport) -> JournalExport:
    """The wish itself.

    Raises:
        ValidationFailed: the days are the wrong way round, the currency is none, or is missing for
            a system that keeps its books in one.
    """
    if wanted.last_day < wanted.first_day:
        raise ValidationFailed("to", "must not be before `from`")
    if wanted.currency is not None:
        check_currency(wanted.currency)
    elif wanted.format is ExportFormat.SAGE_50:
        raise ValidationFailed("currency", "is needed: Sage 50 keeps its books in one")
    return wanted


async def journal_file(database: Database, wanted: JournalExport) -> AsyncGenerator[str]:
    """The file, a part at a time, its head first. No connection is held while the reader is slow.
    A transaction is never parted.
    """
    yield written([HEADS[wanted.format]])
    after = 0
    while True:
        found = await database.read(lambda c, last=after: _rows_after(c, wanted, last))
        if not found:
            return
        yield written(_VALUES[wanted.format](row) for row in found)
        after = found[-1].transaction


async def _rows_after(
    connection: AsyncConnection, wanted: JournalExport, after: int
) -> Sequence[JournalRow]:
    t, e = journal_transaction.c, journal_entry.c
    currency = [e.currency == wanted.currency] if wanted.currency else []
    chosen = (
        sa.select(t.id)
        .where(t.number > after, t.business_date.between(wanted.first_day, wanted.last_day))
        .where(sa.exists().where(e.transaction_id == t.id, *currency))
        .order_by(t.number)
        .limit(_TRANSACTIONS_AT_ONCE)
    )
    own, general = account_number.alias("own"), account_number.alias("general")

    def named(numbers: Any, tax_code: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        return sa.and_(
            numbers.c.format == wanted.format.value,
            numbers.c.account == e.account,
            numbers.c.tax_code == tax_code,
        )

    query = (
        sa.select(
            t.number.label("transaction"),
            (e.position + 1).label("line"),
            sa.func.count().over(partition_by=[t.id, e.currency]).label("lines"),
            t.business_date,
            t.kind,
            t.reference,
            t.memo,
            e.account,
            sa.func.coalesce(own.c.number, general.c.number, ledger_account.c.number).label(
                "number"
            ),
            ledger_account.c.name,
            e.amount_minor,
            e.currency,
            e.channel,
            e.location_id,
            e.order_id,
            e.tax_code,
        )
        .join(journal_entry, e.transaction_id == t.id)
        .join(ledger_account, ledger_account.c.code == e.account)
        .outerjoin(own, named(own, sa.func.coalesce(e.tax_code, "-")))
        .outerjoin(general, named(general, sa.literal("")))
        .where(t.id.in_(chosen), *currency)
        .order_by(t.number, e.position)
    )
    rows = await connection.execute(query)
    return _ROWS.validate_python([dict(row) for row in rows.mappings()])


def _neutral(row: JournalRow) -> Sequence[object]:
    return (
        row.transaction, row.line, row.business_date.isoformat(), row.kind, row.reference, row.memo,
        row.account.value, row.number, row.name, _debit(row), _credit(row), row.currency,
        row.channel, row.location_id, row.order_id, row.tax_code,
    )  # fmt: skip


def _dynamics(row: JournalRow) -> Sequence[object]:
    """A batch is a business day; amounts are not below 0."""
    return (
        f"UNICO{row.business_date:%Y%m%d}", row.transaction, row.reference[:30],
        row.business_date.isoformat(), "GJ", row.currency, row.number[:75],
        _debit(row) or _zero(row), _credit(row) or _zero(row), _description(row)[:30],
    )  # fmt: skip


def _sage(row: JournalRow) -> Sequence[object]:
    if row.lines > _SAGE_DISTRIBUTIONS:
        raise ValidationFailed("format", f"Sage 50 takes {_SAGE_DISTRIBUTIONS} lines at most")
    return (
        f"{row.business_date:%m/%d/%y}", f"{row.transaction} {row.reference}"[:20], row.lines,
        row.number[:15], _description(row)[:160], row.amount,
    )  # fmt: skip


_VALUES = {
    ExportFormat.NEUTRAL: _neutral,
    ExportFormat.DYNAMICS_GP: _dynamics,
    ExportFormat.SAGE_50: _sage,
}


def _description(row: JournalRow) -> str:
    return " ".join(part for part in (row.memo or row.kind, row.tax_code, row.channel) if part)


def _debit(row: JournalRow) -> Decimal | str:
    return row.amount if row.amount_minor > 0 else ""


def _credit(row: JournalRow) -> Decimal | str:
    return -row.amount if row.amount_minor < 0 else ""


def _zero(row: JournalRow) -> Decimal:
    return Money(0, row.currency).amount


def written(lines: Iterable[Sequence[object]]) -> str:
    """The lines as CSV (RFC 4180)."""
    made = io.StringIO()
    csv.writer(made).writerows(lines)
    return made.getvalue()
