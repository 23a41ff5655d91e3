"""The ledger, the documents and what is owed agree with the orders that they are of."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from domain.accounting.model import TENDER_ACCOUNTS, Account, TransactionKind
from domain.accounting.tables import books, journal_entry, journal_transaction
from domain.orders.bookkeeping import position
from domain.orders.model import Order
from domain.orders.tables import order_history, sales_order

_RECEIVED = ", ".join(sorted(f"'{account.value}'" for account in TENDER_ACCOUNTS.values()))
_INVOICED = ", ".join(
    f"'{account.value}'"
    for account in (
        Account.SALES,
        Account.SHIPPING_INCOME,
        Account.SALES_ALLOWANCES,
        Account.RETURN_FEES,
        Account.TAX_PAYABLE,
    )
)

VIOLATIONS = f"""
SELECT 'BOOKS' AS kind, o.number AS subject,
       format('received %s, in the ledger %s; owed %s, in the ledger %s', p.received, e.received,
              p.owed, e.owed) AS detail
FROM sales_order AS o
CROSS JOIN books AS b
CROSS JOIN LATERAL (
    SELECT coalesce(sum(captured_minor - refunded_minor), 0) - o.exchanged_minor AS received,
           coalesce(sum(refund_due_minor), 0) AS owed
    FROM payment WHERE order_id = o.id
) AS p
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount_minor) FILTER (WHERE e.account IN ({_RECEIVED})), 0) AS received,
           coalesce(-sum(e.amount_minor) FILTER (WHERE e.account = 'REFUNDS_PAYABLE'), 0) AS owed
    FROM journal_entry AS e JOIN journal_transaction AS t ON t.id = e.transaction_id
    WHERE e.order_id = o.id AND t.kind = 'ORDER'
) AS e
WHERE o.placed_at >= b.opened_at AND (p.received <> e.received OR p.owed <> e.owed)
  AND NOT EXISTS (SELECT FROM order_history AS h
                  WHERE h.order_id = o.id AND h.version = 1 AND h.detail ? 'imported')
UNION ALL
SELECT 'DOCUMENTS', o.number,
       format('earned %s, documents %s; on account %s, receivables %s', e.earned, d.total + w.total,
              e.on_account, r.total + w.on_account)
FROM sales_order AS o
CROSS JOIN LATERAL (
    SELECT coalesce(-sum(e.amount_minor) FILTER (WHERE e.account IN ({_INVOICED})), 0) AS earned,
           coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'TRADE_RECEIVABLES'), 0)
           AS on_account
    FROM journal_entry AS e JOIN journal_transaction AS t ON t.id = e.transaction_id
    WHERE e.order_id = o.id AND t.kind = 'ORDER'
) AS e
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE i.kind WHEN 'INVOICE' THEN total_minor ELSE -total_minor END), 0)
           AS total
    FROM invoice AS i WHERE i.order_id = o.id
) AS d
CROSS JOIN LATERAL (
    SELECT coalesce(sum(on_account_minor), 0) AS on_account, coalesce(sum((
        SELECT sum((share ->> 'gross_minor')::bigint) FROM jsonb_array_elements(shares) AS share
    )), 0) AS total
    FROM document_due AS u WHERE u.order_id = o.id
) AS w
CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount_minor), 0) AS total FROM receivable AS r WHERE r.order_id = o.id
) AS r
WHERE e.earned <> d.total + w.total OR e.on_account <> r.total + w.on_account
"""  # noqa: S608 -- only constants of the model are put in
"""A query: kind, subject and detail. BOOKS: what was received and what is owed of an order is in
the ledger. DOCUMENTS: invoices less credit notes, with those that are due, are what was earned; and
what was put on account is receivable.
"""


def balances() -> sa.ScalarSelect[Any]:
    """A column of a query over `sales_order`: the order's balances in the ledger as an array of
    [account, location, tax code, minor units]; null if its books are those of another system.
    """
    e, t = journal_entry.c, journal_transaction.c
    sums = (
        sa.select(e.account, e.location_id, e.tax_code, sa.func.sum(e.amount_minor).label("total"))
        .join(journal_transaction, t.id == e.transaction_id)
        .where(e.order_id == sales_order.c.id, t.kind == TransactionKind.ORDER.value)
        .group_by(e.account, e.location_id, e.tax_code)
        .having(sa.func.sum(e.amount_minor) != 0)
        .correlate(sales_order)
        .subquery()
    )
    row = sa.func.jsonb_build_array(
        sums.c.account, sums.c.location_id, sums.c.tax_code, sums.c.total
    )
    found = sa.func.coalesce(sa.func.jsonb_agg(row), sa.literal([], JSONB))
    h = order_history.c
    imported = (
        sa.select(h.seq)
        .where(h.order_id == sales_order.c.id, h.version == 1, h.detail.has_key("imported"))
        .correlate(sales_order)
        .exists()
    )
    opened = sa.select(books.c.opened_at).scalar_subquery()
    ours = sa.and_(sales_order.c.placed_at >= opened, sa.not_(imported))
    array = sa.select(found).select_from(sums).scalar_subquery()
    return sa.select(sa.case((ours, array))).correlate(sales_order).scalar_subquery()


def disagreements(order: Order, booked: Sequence[Sequence[Any]] | None) -> Iterator[str]:
    """How the ledger's `balances` of an order differ from those that it implies."""
    if booked is None:
        return
    wanted: Mapping[tuple[str, str | None, str | None], int] = {
        (account.value, str(place) if place else None, code): amount
        for (account, place, code), amount in position(order).items()
    }
    found = {(account, place, code): int(amount) for account, place, code, amount in booked}
    for key in sorted(wanted.keys() | found.keys(), key=str):
        if wanted.get(key, 0) != found.get(key, 0):
            name = " ".join(part for part in key if part)
            yield f"{name}: {found.get(key, 0)} in the ledger, {wanted.get(key, 0)} by the order"
