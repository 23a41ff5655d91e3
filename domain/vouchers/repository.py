"""Reading and changing vouchers: every change is a version, an event and, if the balance moved, an
entry.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import NotFound
from domain.common.ids import CustomerId, PaymentId
from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.common.sql import together
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.vouchers.books import booked
from domain.vouchers.events import voucher_changed
from domain.vouchers.model import EntryKind, Voucher, VoucherId, VoucherKind
from domain.vouchers.tables import voucher, voucher_entry

_COLUMNS = [voucher.c[name] for name in Voucher.__slots__]


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of a balance, in minor units; `amount_minor` > 0 leaves more."""

    kind: EntryKind
    amount_minor: int
    balance_minor: int
    note: str | None
    actor: str
    at: datetime


def _voucher(row: sa.Row[Any]) -> Voucher:
    values: list[Any] = list(row)
    return Voucher(values[0], VoucherKind(values[1]), *values[2:])


async def locked_voucher(tx: Tx, voucher_id: UUID) -> Voucher:
    """The voucher, its row locked.

    Raises:
        NotFound: there is no such voucher.
    """
    query = sa.select(*_COLUMNS).where(voucher.c.id == voucher_id)
    row = (await tx.connection.execute(query.with_for_update(key_share=True))).one_or_none()
    if row is None:
        raise NotFound("voucher", str(voucher_id))
    return _voucher(row)


async def locked_gift_card(tx: Tx, hashed_code: str) -> Voucher | None:
    """The gift card with that code, its row locked; None if there is none."""
    query = sa.select(*_COLUMNS).where(voucher.c.code_hash == hashed_code)
    row = (await tx.connection.execute(query.with_for_update(key_share=True))).one_or_none()
    return _voucher(row) if row else None


async def gift_card(connection: AsyncConnection, hashed_code: str) -> Voucher | None:
    """The gift card with that code, if there is one."""
    query = sa.select(*_COLUMNS).where(voucher.c.code_hash == hashed_code)
    row = (await connection.execute(query)).one_or_none()
    return _voucher(row) if row else None


async def locked_credit(tx: Tx, customer_id: CustomerId, currency: str) -> Voucher | None:
    """The customer's store credit in that currency, its row locked; None if there was never any."""
    query = sa.select(*_COLUMNS).where(
        voucher.c.kind == VoucherKind.STORE_CREDIT.value,
        voucher.c.customer_id == customer_id,
        voucher.c.currency == currency,
    )
    row = (await tx.connection.execute(query.with_for_update(key_share=True))).one_or_none()
    return _voucher(row) if row else None


async def credits_of(
    connection: AsyncConnection, customer_ids: Collection[CustomerId]
) -> dict[CustomerId, list[Voucher]]:
    """The store credit of those customers by currency; absent without any."""
    query = (
        sa.select(*_COLUMNS)
        .where(
            voucher.c.kind == VoucherKind.STORE_CREDIT.value,
            voucher.c.customer_id.in_(list(customer_ids)),
        )
        .order_by(voucher.c.currency)
    )
    found: dict[CustomerId, list[Voucher]] = {}
    for row in await connection.execute(query):
        found.setdefault(CustomerId(row.customer_id), []).append(_voucher(row))
    return found


async def vouchers_page(
    connection: AsyncConnection, kind: VoucherKind | None, request: PageRequest
) -> Page[Voucher]:
    """The newest vouchers, of one kind or of both."""
    c = voucher.c
    query = sa.select(*_COLUMNS)
    if kind is not None:
        query = query.where(c.kind == kind.value)
    if request.after is not None:
        seen = sa.tuple_(request.after.at, request.after.id)
        query = query.where(sa.tuple_(c.created_at, c.id) < seen)
    query = query.order_by(c.created_at.desc(), c.id.desc()).limit(request.first + 1)
    found = [_voucher(row) for row in await connection.execute(query)]
    return page_of(found, request, lambda each: Keyset(each.created_at, each.id))


async def count_vouchers(connection: AsyncConnection, kind: VoucherKind | None) -> int:
    """How many vouchers the whole list of `vouchers_page` has."""
    query = sa.select(sa.func.count()).select_from(voucher)
    if kind is not None:
        query = query.where(voucher.c.kind == kind.value)
    return await connection.scalar(query) or 0


async def entries_of(
    connection: AsyncConnection, voucher_ids: Collection[UUID]
) -> dict[VoucherId, list[Entry]]:
    """The entries of those vouchers, oldest first."""
    e = voucher_entry.c
    query = (
        sa.select(e.voucher_id, e.kind, e.amount_minor, e.balance_minor, e.note, e.actor, e.at)
        .where(e.voucher_id.in_(list(voucher_ids)))
        .order_by(e.voucher_id, e.seq)
    )
    found: dict[VoucherId, list[Entry]] = {}
    for row in await connection.execute(query):
        entry = Entry(EntryKind(row.kind), *row[2:])
        found.setdefault(VoucherId(row.voucher_id), []).append(entry)
    return found


async def expired(connection: AsyncConnection, limit: int) -> Sequence[VoucherId]:
    """Vouchers whose time is over (database time) and that have a balance still."""
    c = voucher.c
    query = sa.select(c.id).where(c.expires_at <= sa.func.now(), c.balance_minor > 0)
    found = await connection.scalars(query.order_by(c.expires_at).limit(limit))
    return [VoucherId(each) for each in found]


async def add(
    tx: Tx,
    new: Voucher,
    hashed_code: str | None,
    kind: EntryKind,
    *,
    payment_id: PaymentId | None = None,
    note: str | None = None,
) -> Voucher:
    """The new voucher, stored with its first entry and event. It begins with a balance."""
    row = {name: getattr(new, name) for name in Voucher.__slots__}
    row |= {"code_hash": hashed_code, "created_by": tx.actor_key}
    await publish(tx, voucher_changed(new, kind, new.balance_minor))
    entry = _entry(tx, new, kind, new.balance_minor, payment_id, note)
    await tx.connection.execute(together(sa.insert(voucher).values(row), entry))
    await booked(tx, new, kind, new.balance_minor)
    return new


async def moved(
    tx: Tx,
    before: Voucher,
    kind: EntryKind,
    amount_minor: int,
    *,
    payment_id: PaymentId | None = None,
    note: str | None = None,
    cancelled_at: datetime | None = None,
) -> Voucher:
    """The locked voucher with `amount_minor` more (or less), stored with its entry and event.
    Without an amount only its version and `cancelled_at` change.

    The balance is changed where it stands; the database refuses one below 0.
    """
    now = await tx.now()
    after = replace(
        before,
        balance_minor=before.balance_minor + amount_minor,
        cancelled_at=cancelled_at or before.cancelled_at,
        updated_at=now,
        version=before.version + 1,
    )
    c = voucher.c
    change = (
        sa.update(voucher)
        .where(c.id == before.id, c.balance_minor + amount_minor >= 0)
        .values(
            balance_minor=c.balance_minor + amount_minor,
            cancelled_at=after.cancelled_at,
            updated_at=now,
            version=c.version + 1,
        )
    )
    await publish(tx, voucher_changed(after, kind if amount_minor else None, amount_minor))
    if not amount_minor:
        await tx.connection.execute(change)
        return after
    entry = _entry(tx, after, kind, amount_minor, payment_id, note)
    await tx.connection.execute(together(change, entry))
    await booked(tx, after, kind, amount_minor)
    return after


def _entry(
    tx: Tx,
    after: Voucher,
    kind: EntryKind,
    amount_minor: int,
    payment_id: PaymentId | None,
    note: str | None,
) -> sa.Insert:
    return sa.insert(voucher_entry).values(
        voucher_id=after.id,
        kind=kind.value,
        amount_minor=amount_minor,
        balance_minor=after.balance_minor,
        payment_id=payment_id,
        note=note,
        actor=tx.actor_key,
        at=after.updated_at,
    )
