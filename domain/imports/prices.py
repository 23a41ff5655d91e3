"""Prices out of a file, by the rules of `setPrice`: a price that is in force is never rewritten.

A row whose price starts when a known one starts, and asks for as much, says nothing new; nor does a
row without a beginning, when the price in force is that already.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.catalog.drafts import check_price
from domain.catalog.errors import PriceOverlap
from domain.catalog.events import PRODUCT_CHANGED, price_payload, product_event
from domain.catalog.model import Price, Product, checked_sku
from domain.catalog.periods import Overlapping, Period, check_order, fit
from domain.catalog.repository import locked_products_of
from domain.catalog.saving import range_text, write
from domain.catalog.tables import channel, price, product, variant
from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, ProductId, Sku, new_id
from domain.common.money import Money
from domain.common.sql import among, insert_many, rows_of
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.imports.chunks import Chunk, Disturbed, Refused, StagedRow, refuse, rows_of_chunk
from domain.imports.model import ImportJob, Tally
from domain.imports.values import moment_of, money_of, parsed

_PRICE = ["id", "sku", "channel", "currency", "amount_minor", "valid"]
Place = tuple[str, str, str]
"""SKU, channel and currency: prices of one place do not overlap."""


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A row in normal form; `valid_from` None is from now on."""

    sku: Sku
    channel: ChannelCode
    amount: Money
    valid_from: datetime | None
    valid_to: datetime | None

    @property
    def place(self) -> Place:
        """Where it must fit in."""
        return (self.sku, self.channel, self.amount.currency)


@dataclass(frozen=True, slots=True)
class Offered:
    """A price of a place; `is_stored` tells one that the database has."""

    period: Period
    amount_minor: int
    is_stored: bool

    def covers(self, moment: datetime) -> bool:
        """Whether it is valid at that moment."""
        starts, ends = self.period.starts, self.period.ends
        return (starts is None or starts <= moment) and (ends is None or moment < ends)


@dataclass
class Book:
    """The prices of a place, sorted by time; `cut` and `altered` name stored ones that changed."""

    offers: list[Offered] = field(default_factory=list[Offered])
    cut: set[UUID] = field(default_factory=set[UUID])
    altered: set[UUID] = field(default_factory=set[UUID])

    def says(self, line: PriceLine, now: datetime) -> bool:
        """Whether the line tells what is known."""
        amount = line.amount.amount_minor
        if line.valid_from is None:
            return any(
                each.amount_minor == amount
                and each.covers(now)
                and line.valid_to in (None, each.period.ends)
                for each in self.offers
            )
        return any(
            each.amount_minor == amount
            and each.period.starts == line.valid_from
            and line.valid_to in (None, each.period.ends)
            for each in self.offers
        )

    def take(self, line: PriceLine, now: datetime) -> None:
        """The line's price is in the book.

        Raises:
            Overlapping: another one is in the way. ValidationFailed: it ends before it starts.
        """
        starts, ends = line.valid_from or now, line.valid_to
        check_order(starts, ends)
        amount = line.amount.amount_minor
        fitting = fit([each.period for each in self.offers], starts, ends, now=now)
        if fitting.replaced is not None:
            self._alter(fitting.replaced, amount)
            return
        if fitting.cut is not None:
            old = self._shorten(fitting.cut, starts)
            if fitting.resumes:
                self._add(Period(new_id(), ends, None), old.amount_minor)
        self._add(Period(new_id(), starts, ends), amount)

    def _add(self, period: Period, amount: int) -> None:
        self.offers.append(Offered(period, amount, is_stored=False))
        self.offers.sort(key=lambda each: each.period.starts or _EVER)

    def _alter(self, which: UUID, amount: int) -> None:
        at, old = self._find(which)
        self.offers[at] = replace(old, amount_minor=amount)
        if old.is_stored:
            self.altered.add(which)

    def _shorten(self, which: UUID, ends: datetime) -> Offered:
        at, old = self._find(which)
        self.offers[at] = replace(old, period=replace(old.period, ends=ends))
        if old.is_stored:
            self.cut.add(which)
        return old

    def _find(self, which: UUID) -> tuple[int, Offered]:
        return next((at, o) for at, o in enumerate(self.offers) if o.period.id == which)


_EVER = datetime.fromisoformat("0001-01-02T00:00:00+00:00")


async def apply_prices(tx: Tx, job: ImportJob, chunk: Chunk) -> Tally:
    """What became of the rows of the chunk. Publishes one ProductChanged for each product with
    prices that changed.

    Locks: the products, in order of their ids.

    Raises:
        Disturbed: somebody set an overlapping price meanwhile: run the chunk again.
    """
    rows = await rows_of_chunk(tx, job, chunk)
    read, refused = await asyncio.to_thread(parsed, rows, price_line)
    included = await _channels(tx)
    fitting = await _offered(tx, read, included, refused)
    owners = await locked_products_of(tx.connection, {line.sku for _, line in fitting})
    books = await _books(tx, owners)
    now = await tx.now()
    news: dict[ProductId, list[PriceLine]] = {}
    unchanged = 0
    for row, line in sorted(fitting, key=lambda each: (each[1].valid_from or now, each[0].line)):
        book = books.setdefault(line.place, Book())
        if book.says(line, now):
            unchanged += 1
            continue
        try:
            book.take(line, now)
        except Overlapping as error:
            wrong = PriceOverlap(error.period.starts, error.period.ends)
            refused.append(Refused(row, wrong.message))
        except ValidationFailed as error:
            refused.append(Refused(row, error.message))
        else:
            news.setdefault(owners[line.sku].id, []).append(line)
    await _save(tx, books)
    await _publish(tx, owners, news, included, now)
    await refuse(tx, job, refused)
    return Tally(len(rows) - unchanged - len(refused), unchanged, len(refused))


def price_line(row: StagedRow) -> PriceLine:
    """The row in normal form.

    Raises:
        ValidationFailed: a value is missing or malformed.
    """
    amount = money_of("amount", row["amount"], row["currency"])
    check_price("price", amount)
    starts, ends = (moment_of(name, row[name]) for name in ("valid_from", "valid_to"))
    if starts is not None:
        check_order(starts, ends)
    return PriceLine(
        checked_sku("sku", row["sku"].strip()),
        ChannelCode(row["channel"].strip()),
        amount,
        starts,
        ends,
    )


async def _channels(tx: Tx) -> dict[str, bool]:
    """All channels by code, and whether their prices include tax."""
    c = channel.c
    found = await tx.connection.execute(sa.select(c.code, c.prices_include_tax))
    return {row.code: row.prices_include_tax for row in found}


async def _offered(
    tx: Tx,
    lines: Sequence[tuple[StagedRow, PriceLine]],
    channels: Collection[str],
    refused: list[Refused],
) -> list[tuple[StagedRow, PriceLine]]:
    """The lines whose SKU and channel are known; the others are refused."""
    skus = [line.sku for _, line in lines]
    found = await tx.connection.scalars(sa.select(variant.c.sku).where(among(variant.c.sku, skus)))
    known = set(found)
    good: list[tuple[StagedRow, PriceLine]] = []
    for row, line in lines:
        if line.sku not in known:
            refused.append(Refused(row, "sku: is not known"))
        elif line.channel not in channels:
            refused.append(Refused(row, "channel: is not known"))
        else:
            good.append((row, line))
    return good


async def _books(tx: Tx, skus: Iterable[Sku]) -> dict[Place, Book]:
    """The prices of those SKUs for everybody, by place. Read after the products were locked."""
    c = price.c
    query = (
        sa.select(c.id, c.sku, c.channel, c.currency, c.amount_minor, c.valid)
        .where(among(c.sku, list(skus)), c.segment == "")
        .order_by(c.valid)
    )
    books: dict[Place, Book] = {}
    for row in await tx.connection.execute(query):
        book = books.setdefault((row.sku, row.channel, row.currency), Book())
        period = Period(row.id, row.valid.lower, row.valid.upper)
        book.offers.append(Offered(period, row.amount_minor, is_stored=True))
    return books


async def _save(tx: Tx, books: Mapping[Place, Book]) -> None:
    """What changed in the books is written: first what makes room, then what is new."""
    cut = [_row(place, each) for place, book in books.items() for each in _those(book, book.cut)]
    altered = [
        _row(place, each) for place, book in books.items() for each in _those(book, book.altered)
    ]
    added = [
        _row(place, each)
        for place, book in books.items()
        for each in book.offers
        if not each.is_stored
    ]
    c = price.c
    for rows in (cut, altered):
        if rows:
            wanted = rows_of([c.id, c.amount_minor, c.valid], rows)
            values = {"amount_minor": wanted.c.amount_minor, "valid": wanted.c.valid}
            await tx.connection.execute(sa.update(price).where(c.id == wanted.c.id).values(values))
    if added:
        try:
            await write(tx, insert_many(price, _PRICE, added))
        except PriceOverlap as error:
            raise Disturbed from error


def _those(book: Book, ids: set[UUID]) -> list[Offered]:
    return [each for each in book.offers if each.period.id in ids]


def _row(place: Place, offered: Offered) -> dict[str, Any]:
    sku, code, currency = place
    return {
        "id": offered.period.id,
        "sku": sku,
        "channel": code,
        "currency": currency,
        "amount_minor": offered.amount_minor,
        "valid": range_text(offered.period.starts, offered.period.ends),
    }


async def _publish(
    tx: Tx,
    owners: Mapping[Sku, Product],
    news: Mapping[ProductId, Sequence[PriceLine]],
    included: Mapping[str, bool],
    now: datetime,
) -> None:
    """Each product has its next version, and its event tells all its new prices."""
    if not news:
        return
    await tx.connection.execute(
        sa.update(product)
        .where(among(product.c.id, list(news)))
        .values(version=product.c.version + 1)
    )
    changed = {each.id: each for each in owners.values() if each.id in news}
    await publish(
        tx,
        *[
            product_event(
                PRODUCT_CHANGED,
                replace(changed[key], version=changed[key].version + 1),
                "prices",
                {"prices": [price_payload(_told(line, included, now)) for line in news[key]]},
            )
            for key in sorted(changed)
        ],
    )


def _told(line: PriceLine, included: Mapping[str, bool], now: datetime) -> Price:
    return Price(
        sku=line.sku,
        channel=line.channel,
        currency=line.amount.currency,
        amount_minor=line.amount.amount_minor,
        tax_included=included[line.channel],
        valid_from=line.valid_from or now,
        valid_to=line.valid_to,
    )
