"""The chart of accounts, what its accounts are called elsewhere, and who invoices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.accounting.documents import LegalEntity
from domain.accounting.exporting import ExportFormat
from domain.accounting.model import Account, AccountKind
from domain.accounting.tables import account_number, journal_entry, ledger_account, legal_entity
from domain.common.card_numbers import check_no_card_number
from domain.common.errors import ValidationFailed, check_version
from domain.common.faults import constraint_of
from domain.common.idempotency import once
from domain.common.texts import checked_country, needed_line, one_line
from domain.common.transaction import Tx

MAX_NUMBER = 75
_UNSET = datetime.min.replace(tzinfo=UTC)
_ENTITY = TypeAdapter(LegalEntity)


@dataclass(frozen=True, slots=True)
class AccountNumber:
    """What an account is called in a system; `tax_code` empty: whatever the tax."""

    format: ExportFormat
    tax_code: str
    number: str


@dataclass(frozen=True, slots=True)
class ChartEntry:
    """An account with its number in the house and elsewhere."""

    account: Account
    kind: AccountKind
    number: str
    name: str
    numbers: tuple[AccountNumber, ...]


@dataclass(frozen=True, slots=True)
class SetAccountNumber:
    """An account is called so in a system, for entries of that tax code or for all others."""

    idempotency_key: str
    account: Account
    format: ExportFormat
    number: str
    tax_code: str = ""


@dataclass(frozen=True, slots=True)
class SetLegalEntity:
    """Who invoices, as it stands on documents from now on. A new code makes a new one."""

    idempotency_key: str
    code: str
    name: str
    street: str
    postal_code: str
    city: str
    country: str
    tax_number: str
    prefix: str = ""
    countries: tuple[str, ...] = ()
    payment_days: int = 30
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """The sum of an account's entries, minor units; above 0 a debit."""

    account: Account
    currency: str
    amount_minor: int


_BALANCES = TypeAdapter(list[Balance])


async def chart(connection: AsyncConnection) -> Sequence[ChartEntry]:
    """All accounts by their number. Two statements."""
    n = account_number.c
    found: dict[str, list[AccountNumber]] = {}
    for row in await connection.execute(
        sa.select(account_number).order_by(n.account, n.format, n.tax_code)
    ):
        named = AccountNumber(ExportFormat(row.format), row.tax_code, row.number)
        found.setdefault(row.account, []).append(named)
    rows = await connection.execute(sa.select(ledger_account).order_by(ledger_account.c.number))
    return [
        ChartEntry(
            Account(row.code),
            AccountKind(row.kind),
            row.number,
            row.name,
            tuple(found.get(row.code, ())),
        )
        for row in rows
    ]


async def balances(connection: AsyncConnection, currency: str | None) -> Sequence[Balance]:
    """The balances of all accounts that are not at 0, by account and currency."""
    e = journal_entry.c
    total = sa.cast(sa.func.sum(e.amount_minor), sa.BigInteger)
    query = (
        sa.select(e.account, e.currency, total.label("amount_minor"))
        .where(*([e.currency == currency] if currency else []))
        .group_by(e.account, e.currency)
        .having(total != 0)
        .order_by(e.account, e.currency)
    )
    rows = await connection.execute(query)
    return _BALANCES.validate_python([dict(row) for row in rows.mappings()])


async def set_account_number(tx: Tx, command: SetAccountNumber) -> AccountNumber:
    """What the account is called now; an empty number gives it back the house's own.

    Raises:
        ValidationFailed: a text is not acceptable. IdempotencyConflict: see there.
    """
    number = _line("number", command.number, MAX_NUMBER)
    tax_code = _line("taxCode", command.tax_code, 16)

    async def work() -> AccountNumber:
        c = account_number.c
        key = {
            "format": command.format.value,
            "account": command.account.value,
            "tax_code": tax_code,
        }
        if not number:
            mine = [c[name] == value for name, value in key.items()]
            await tx.connection.execute(sa.delete(account_number).where(*mine))
        else:
            values = {"number": number, "updated_by": tx.actor_key, "updated_at": await tx.now()}
            await tx.connection.execute(
                insert(account_number)
                .values(**key, **values)
                .on_conflict_do_update(index_elements=[c[name] for name in key], set_=values)
            )
        return AccountNumber(command.format, tax_code, number)

    return await once(tx, "setAccountNumber", command, AccountNumber, work)


async def set_legal_entity(tx: Tx, command: SetLegalEntity) -> LegalEntity:
    """The entity as it is now. Documents that were issued keep what stood on them; the prefix of
    one that is there stays, since its numbers go on.

    Raises:
        ValidationFailed: a text, country or number is not acceptable, the prefix is taken or would
            change, or no entity would be left that names no countries.
        VersionConflict, IdempotencyConflict: see there.

    Locks: the entity.
    """
    wanted = _checked(command)

    async def work() -> LegalEntity:
        c = legal_entity.c
        row = await tx.connection.execute(
            sa.select(legal_entity).where(c.code == wanted.code).with_for_update()
        )
        known = row.mappings().first()
        before = _ENTITY.validate_python(dict(known)) if known else None
        check_version(command.expected_version, before.version if before else 0)
        if before is not None and before.prefix != wanted.prefix:
            raise ValidationFailed("prefix", "must stay: the series of its numbers go on")
        version = before.version + 1 if before else 1
        after = replace(wanted, version=version, updated_at=await tx.now())
        await _store(tx, after)
        return after

    return await once(tx, "setLegalEntity", command, LegalEntity, work)


async def _store(tx: Tx, entity: LegalEntity) -> None:
    c = legal_entity.c
    row = {name: getattr(entity, name) for name in LegalEntity.__slots__}
    row["countries"] = list(entity.countries)
    change = {name: value for name, value in row.items() if name not in ("code", "prefix")}
    try:
        await tx.connection.execute(
            insert(legal_entity)
            .values(row)
            .on_conflict_do_update(index_elements=[c.code], set_=change)
        )
    except IntegrityError as error:
        if constraint_of(error) == "uq_legal_entity_prefix":
            raise ValidationFailed("prefix", "is that of another entity") from error
        raise
    if (
        await tx.connection.scalar(
            sa.select(c.code).where(sa.func.cardinality(c.countries) == 0).limit(1)
        )
        is None
    ):
        raise ValidationFailed("countries", "one entity must be for all countries that are left")


def _line(field: str, text: str, most: int) -> str:
    line = one_line(field, text, most)
    check_no_card_number(field, line)
    return line


def _checked(command: SetLegalEntity) -> LegalEntity:
    if not command.code.isascii() or not command.code.isalnum() or len(command.code) > 16:
        raise ValidationFailed("code", "must be 1 to 16 letters and digits")
    check_no_card_number("code", command.code)
    prefix = command.prefix
    if prefix and not (prefix.isascii() and prefix.isalnum() and len(prefix) <= 4):
        raise ValidationFailed("prefix", "must be at most 4 letters and digits")
    if not 0 <= command.payment_days <= 365:
        raise ValidationFailed("paymentDays", "must be 0 to 365")
    return LegalEntity(
        code=command.code,
        prefix=prefix,
        name=_line("name", needed_line("name", command.name, 200), 200),
        street=_line("street", command.street, 200),
        postal_code=_line("postalCode", command.postal_code, 20),
        city=_line("city", command.city, 200),
        country=checked_country("country", command.country),
        tax_number=_line("taxNumber", command.tax_number, 40),
        countries=tuple(
            sorted({checked_country("countries", country) for country in command.countries})
        ),
        payment_days=command.payment_days,
        updated_at=_UNSET,
        version=0,
    )
