"""Use case: set a price; and reading prices. Prices are never rewritten once they are in force."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from domain.catalog.drafts import check_price
from domain.catalog.errors import PriceOverlap
from domain.catalog.events import price_payload
from domain.catalog.model import Price
from domain.catalog.periods import Fitting, Overlapping, Period, check_order, fit
from domain.catalog.products import ProductDone
from domain.catalog.repository import locked_products_of, require_channel
from domain.catalog.saving import save
from domain.catalog.tables import channel, price
from domain.common.errors import check_version
from domain.common.idempotency import once
from domain.common.ids import ChannelCode, Sku, new_id
from domain.common.money import Money, check_currency
from domain.common.sql import rows_of
from domain.common.texts import checked_tags
from domain.common.transaction import Tx


@dataclass(frozen=True, slots=True)
class SetPrice:
    """One unit costs `amount` on the channel from `valid_from` (None: from now) on.

    Without `valid_to` until further notice. With it, the open price that it interrupts goes on
    afterwards. With a `segment` it is for customers of that segment only.
    """

    idempotency_key: str
    sku: Sku
    channel: ChannelCode
    amount: Money
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    expected_version: int | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class PriceKey:
    """The price wanted: in `currency` (None: the channel's own) at the moment `at` (None: now)."""

    sku: Sku
    channel: ChannelCode
    currency: str | None = None
    at: datetime | None = None


async def set_price(tx: Tx, command: SetPrice) -> ProductDone:
    """The product whose variant has the price; publishes ProductChanged.

    The open price of the same channel, currency and segment ends where this one starts. A price
    with the same limits that is not in force yet is replaced. Locks the product's row; the
    exclusion constraint of the table is the last line.

    Raises:
        NotFound: there is no such variant or channel. VersionConflict: the product changed.
        PriceOverlap: another price is valid in a part of the period.
        ValidationFailed: a value is malformed. IdempotencyConflict: the key has another input.
    """

    async def work() -> ProductDone:
        check_price("amount", command.amount)
        check_currency(command.amount.currency)
        if command.segment is not None:
            checked_tags("segment", [command.segment])
        before = (await locked_products_of(tx.connection, [command.sku]))[command.sku]
        check_version(command.expected_version, before.version)
        now = await tx.now()
        wanted = await _wanted(tx, command, now)
        starts = wanted.valid_from or now
        check_order(starts, wanted.valid_to)
        try:
            fitting = fit(await _periods(tx, wanted), starts, wanted.valid_to, now=now)
        except Overlapping as error:
            raise PriceOverlap(error.period.starts, error.period.ends) from error
        if fitting.cut is not None:
            await _cut(tx, fitting.cut, starts)
        detail = {"price": price_payload(wanted)}
        writes = _writes(wanted, starts, fitting)
        saved = await save(tx, before, before, "price", *writes, detail=detail)
        return ProductDone(saved.id, saved.version)

    return await once(tx, "setPrice", command, ProductDone, work)


async def _wanted(tx: Tx, command: SetPrice, now: datetime) -> Price:
    sold_on = await require_channel(tx.connection, command.channel)
    return Price(
        sku=command.sku,
        channel=command.channel,
        currency=command.amount.currency,
        amount_minor=command.amount.amount_minor,
        tax_included=sold_on.prices_include_tax,
        valid_from=command.valid_from or now,
        valid_to=command.valid_to,
        segment=command.segment,
    )


async def _periods(tx: Tx, wanted: Price) -> list[Period]:
    rows = await tx.connection.execute(
        sa.select(price.c.id, price.c.valid)
        .where(
            price.c.sku == wanted.sku,
            price.c.channel == wanted.channel,
            price.c.currency == wanted.currency,
            price.c.segment == (wanted.segment or ""),
        )
        .order_by(price.c.valid)
    )
    return [Period(row.id, row.valid.lower, row.valid.upper) for row in rows]


async def _cut(tx: Tx, price_id: UUID, at: datetime) -> None:
    """Apart from the insertion: constraints are checked in the order in which rows are written."""
    shorter = sa.func.tstzrange(sa.func.lower(price.c.valid), at, "[)")
    await tx.connection.execute(
        sa.update(price).where(price.c.id == price_id).values(valid=shorter)
    )


def _writes(wanted: Price, starts: datetime, fitting: Fitting) -> list[UpdateBase]:
    if fitting.replaced is not None:
        amount = {"amount_minor": wanted.amount_minor}
        return [sa.update(price).where(price.c.id == fitting.replaced).values(amount)]
    added = insert(price).values(
        id=new_id(),
        sku=wanted.sku,
        channel=wanted.channel,
        currency=wanted.currency,
        amount_minor=wanted.amount_minor,
        valid=Range(starts, wanted.valid_to, bounds="[)"),
        segment=wanted.segment or "",
    )
    if not fitting.resumes:
        return [added]
    c = price.c
    rest = sa.func.tstzrange(wanted.valid_to, None, "[)")
    same = sa.select(
        sa.literal(new_id(), c.id.type),
        c.sku,
        c.channel,
        c.currency,
        c.amount_minor,
        rest,
        c.segment,
    ).where(c.id == fitting.cut)
    names = ["id", "sku", "channel", "currency", "amount_minor", "valid", "segment"]
    return [added, insert(price).from_select(names, same)]


_SELECTED = (
    price.c.sku,
    price.c.channel,
    price.c.currency,
    price.c.amount_minor,
    channel.c.prices_include_tax,
    price.c.valid,
    price.c.segment,
)


async def prices_at(connection: AsyncConnection, keys: Sequence[PriceKey]) -> list[Price | None]:
    """The prices that everybody pays, one per key in the same order; None where there is none. One
    statement.
    """
    rows = [
        {"place": i, "sku": k.sku, "channel": k.channel, "currency": k.currency, "at": k.at}
        for i, k in enumerate(keys)
    ]
    wanted = rows_of(_KEY_COLUMNS, rows)
    currency = sa.func.coalesce(wanted.c.currency, channel.c.currency)
    at = sa.func.coalesce(wanted.c.at, sa.func.now())
    query = (
        sa.select(wanted.c.place, *_SELECTED)
        .join(channel, channel.c.code == wanted.c.channel)
        .join(
            price,
            (price.c.sku == wanted.c.sku)
            & (price.c.channel == wanted.c.channel)
            & (price.c.currency == currency)
            & (price.c.segment == "")
            & price.c.valid.contains(at),
        )
    )
    found = {row.place: _price(row) for row in await connection.execute(query)}
    return [found.get(i) for i in range(len(keys))]


_KEY_COLUMNS = (
    sa.Column("place", sa.Integer),
    sa.Column("sku", sa.Text),
    sa.Column("channel", sa.Text),
    sa.Column("currency", sa.CHAR(3)),
    sa.Column("at", sa.DateTime(timezone=True)),
)


async def prices_by_sku(
    connection: AsyncConnection, skus: Collection[Sku]
) -> dict[Sku, list[Price]]:
    """All prices of each SKU, past and planned: by channel, currency, segment and time. One
    statement.
    """
    query = (
        sa.select(*_SELECTED)
        .join(channel, channel.c.code == price.c.channel)
        .where(price.c.sku.in_(list(skus)))
        .order_by(price.c.sku, price.c.channel, price.c.currency, price.c.segment, price.c.valid)
    )
    found: dict[Sku, list[Price]] = {sku: [] for sku in skus}
    for row in await connection.execute(query):
        found[Sku(row.sku)].append(_price(row))
    return found


def _price(row: sa.Row[*tuple[Any, ...]]) -> Price:
    return Price(
        sku=Sku(row.sku),
        channel=ChannelCode(row.channel),
        currency=row.currency,
        amount_minor=row.amount_minor,
        tax_included=row.prices_include_tax,
        valid_from=row.valid.lower,
        valid_to=row.valid.upper,
        segment=row.segment or None,
    )
