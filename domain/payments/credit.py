"""Buying on account: what a customer owes, up to a limit that finance sets."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.accounting.settling import settle
from domain.common.card_numbers import check_no_card_number
from domain.common.errors import NotFound, ValidationFailed, check_version
from domain.common.faults import constraint_of
from domain.common.idempotency import once
from domain.common.ids import CustomerId, PaymentId, new_id
from domain.common.money import Money
from domain.common.sql import alone, together
from domain.common.texts import one_line
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.payments.events import credit_account_changed
from domain.payments.model import CreditAccount, CreditEntryKind
from domain.payments.tables import credit_account, credit_entry

_COLUMNS = [credit_account.c[name] for name in CreditAccount.__slots__]
MAX_NOTE = 200


@dataclass(frozen=True, slots=True)
class SetCreditLimit:
    """What a customer may owe in the currency of `limit`."""

    idempotency_key: str
    customer_id: CustomerId
    limit: Money
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RecordAccountPayment:
    """The customer paid so much of what is owed on account; `note` such as the bank's reference."""

    idempotency_key: str
    customer_id: CustomerId
    amount: Money
    note: str = ""


async def set_credit_limit(tx: Tx, command: SetCreditLimit) -> CreditAccount:
    """The customer's credit account with that limit; it is made if there was none. What is owed
    beyond a lower limit stays owed.

    Raises:
        ValidationFailed: the limit is negative. NotFound: no such customer.
        VersionConflict, IdempotencyConflict: see there.

    Locks: the account, or the right to make it.
    """
    limit = command.limit
    if limit.amount_minor < 0:
        raise ValidationFailed("limit", "must not be negative")

    async def work() -> CreditAccount:
        before = await locked_account(tx, command.customer_id, limit.currency)
        if before is None:
            await tx.connection.execute(alone(f"credit:{command.customer_id}:{limit.currency}"))
            before = await locked_account(tx, command.customer_id, limit.currency)
        check_version(command.expected_version, before.version if before else 0)
        if before is None:
            return await _opened(tx, command)
        after = replace(before, limit_minor=limit.amount_minor, version=before.version + 1)
        await publish(tx, credit_account_changed(after))
        await tx.connection.execute(_update(after, await tx.now(), used_by=0))
        return after

    return await once(tx, "setCreditLimit", command, CreditAccount, work)


async def record_account_payment(tx: Tx, command: RecordAccountPayment) -> CreditAccount:
    """The account, with so much less owed; it settles the oldest open items.

    Raises:
        ValidationFailed: the amount is not positive, or the note not acceptable.
        NotFound: the customer has no account in that currency. IdempotencyConflict: see there.

    Locks: the account, then its open items.
    """
    if command.amount.amount_minor <= 0:
        raise ValidationFailed("amount", "must be more than 0")
    note = one_line("note", command.note, MAX_NOTE)
    check_no_card_number("note", note)

    async def work() -> CreditAccount:
        before = await locked_account(tx, command.customer_id, command.amount.currency)
        if before is None:
            raise NotFound("credit account", str(command.customer_id))
        await settle(tx, command.customer_id, command.amount, note)
        by = -command.amount.amount_minor
        return await owing(tx, before, CreditEntryKind.PAYMENT, by, note=note)

    return await once(tx, "recordAccountPayment", command, CreditAccount, work)


async def owing(
    tx: Tx,
    before: CreditAccount,
    kind: CreditEntryKind,
    amount_minor: int,
    *,
    payment_id: PaymentId | None = None,
    note: str | None = None,
) -> CreditAccount:
    """The locked account with so much more (or less) owed, stored with its entry and event."""
    now = await tx.now()
    used = before.used_minor + amount_minor
    after = replace(before, used_minor=used, version=before.version + 1)
    await publish(tx, credit_account_changed(after))
    entry = sa.insert(credit_entry).values(
        account_id=before.id,
        kind=kind.value,
        amount_minor=amount_minor,
        payment_id=payment_id,
        note=note,
        actor=tx.actor_key,
        at=now,
    )
    await tx.connection.execute(together(_update(after, now, used_by=amount_minor), entry))
    return after


async def owing_less(
    tx: Tx, account_id: UUID, kind: CreditEntryKind, amount_minor: int, payment_id: PaymentId
) -> None:
    """So much less is owed for a payment.

    Locks: the account.
    """
    query = sa.select(*_COLUMNS).where(credit_account.c.id == account_id)
    row = (await tx.connection.execute(query.with_for_update(key_share=True))).one()
    await owing(tx, _account(row), kind, -amount_minor, payment_id=payment_id)


async def locked_account(tx: Tx, customer_id: CustomerId, currency: str) -> CreditAccount | None:
    """The customer's account in that currency, its row locked; None if there is none."""
    c = credit_account.c
    query = sa.select(*_COLUMNS).where(c.customer_id == customer_id, c.currency == currency)
    row = (await tx.connection.execute(query.with_for_update(key_share=True))).one_or_none()
    return _account(row) if row else None


async def accounts_of(
    connection: AsyncConnection, customer_ids: Collection[CustomerId]
) -> dict[CustomerId, list[CreditAccount]]:
    """The credit accounts of those customers by currency; absent without any."""
    c = credit_account.c
    query = sa.select(*_COLUMNS).where(c.customer_id.in_(list(customer_ids))).order_by(c.currency)
    found: dict[CustomerId, list[CreditAccount]] = {}
    for row in await connection.execute(query):
        found.setdefault(CustomerId(row.customer_id), []).append(_account(row))
    return found


async def _opened(tx: Tx, command: SetCreditLimit) -> CreditAccount:
    limit = command.limit
    new = CreditAccount(new_id(), command.customer_id, limit.currency, limit.amount_minor, 0, 1)
    now = await tx.now()
    row = {name: getattr(new, name) for name in CreditAccount.__slots__}
    await publish(tx, credit_account_changed(new))
    try:
        await tx.connection.execute(
            sa.insert(credit_account).values(**row, created_at=now, updated_at=now)
        )
    except IntegrityError as error:
        if constraint_of(error) == "fk_credit_account_customer_id":
            raise NotFound("customer", str(command.customer_id)) from error
        raise
    return new


def _update(after: CreditAccount, now: Any, *, used_by: int) -> sa.Update:
    c = credit_account.c
    return (
        sa.update(credit_account)
        .where(c.id == after.id)
        .values(
            limit_minor=after.limit_minor,
            used_minor=c.used_minor + used_by,
            updated_at=now,
            version=after.version,
        )
    )


def _account(row: sa.Row[Any]) -> CreditAccount:
    return CreditAccount(*row)
