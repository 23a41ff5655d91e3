"""Settling what customers owe: by payments, and by what is in their favour."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.dml import UpdateBase

from domain.accounting.model import (
    Account,
    Booking,
    JournalTransaction,
    TransactionId,
    TransactionKind,
    pair,
)
from domain.accounting.posting import booking_writes
from domain.accounting.receivables import OpenItem, allocated, items_of, open_items_query
from domain.accounting.tables import receivable, receivable_payment
from domain.common.ids import CustomerId, new_id
from domain.common.money import Money
from domain.common.sql import insert_many, rows_of, together
from domain.common.transaction import Tx

_ITEM = [column.name for column in receivable.columns]


async def settle(tx: Tx, customer_id: CustomerId, paid: Money, reference: str) -> None:
    """What the customer paid is in the ledger, and settles what is in their favour and then the
    oldest open items; what is left over is in their favour.

    Locks: the customer's open items in that currency.
    """
    items = await _locked(tx, customer_id, paid.currency)
    settled, left = allocated(items, paid.amount_minor)
    now, payment_id = await tx.now(), new_id()
    row = {
        "id": payment_id,
        "customer_id": customer_id,
        "currency": paid.currency,
        "amount_minor": paid.amount_minor,
        "reference": reference,
        "allocations": [
            {"receivable_id": item.id, "amount_minor": amount} for item, amount in settled
        ],
        "recorded_by": tx.actor_key,
        "at": now,
    }
    amount, currency = paid.amount_minor, paid.currency
    transaction = JournalTransaction(
        TransactionId(new_id()),
        TransactionKind.RECEIVABLE,
        "PAYMENT ON ACCOUNT",
        f"receivable-payment:{payment_id}",
        now,
        pair(Account.BANK, Account.TRADE_RECEIVABLES, amount, currency),
    )
    writes: list[UpdateBase] = [
        insert_many(receivable_payment, list(row), [row]),
        *booking_writes(Booking([transaction])),
        *_settled(settled),
    ]
    if left:
        writes.append(insert_many(receivable, _ITEM, [await _in_advance(tx, row, left)]))
    await tx.connection.execute(together(*writes))


async def offset(tx: Tx, customer_id: CustomerId, currency: str) -> None:
    """What is in the customer's favour settles the oldest open items.

    Locks: the customer's open items in that currency.
    """
    settled, _ = allocated(await _locked(tx, customer_id, currency), 0)
    if writes := _settled(settled):
        await tx.connection.execute(together(*writes))


async def _locked(tx: Tx, customer_id: CustomerId, currency: str) -> list[OpenItem]:
    c = receivable.c
    query = open_items_query(c.customer_id == customer_id, c.currency == currency)
    rows = await tx.connection.execute(query.with_for_update(of=receivable))
    return items_of(rows)


def _settled(settled: Sequence[tuple[OpenItem, int]]) -> list[UpdateBase]:
    if not settled:
        return []
    c = receivable.c
    rows = [{"id": item.id, "settled_minor": amount} for item, amount in settled]
    given = rows_of([c.id, c.settled_minor], rows)
    more = c.settled_minor + given.c.settled_minor
    return [sa.update(receivable).where(c.id == given.c.id).values(settled_minor=more)]


async def _in_advance(tx: Tx, payment: dict[str, Any], left: int) -> dict[str, Any]:
    now = await tx.now()
    return {
        "id": new_id(),
        "customer_id": payment["customer_id"],
        "currency": payment["currency"],
        "amount_minor": -left,
        "settled_minor": 0,
        "due_on": now.date(),
        "created_at": now,
    }
