"""Products and variants out of a file: a row for each variant.

What a row leaves empty stays as it is, or is as with `createProduct` when the variant is new. All
rows of a chunk are checked by the rules of single products, and written by a few statements.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.catalog.drafts import MAX_CATEGORY, MAX_NAME, MAX_VARIANTS
from domain.catalog.errors import BarcodeTaken, ProductCodeTaken, SkuTaken
from domain.catalog.events import PRODUCT_CHANGED, PRODUCT_CREATED, product_event
from domain.catalog.model import (
    STANDARD_TAX,
    Barcode,
    Product,
    ProductCode,
    TaxCategory,
    Variant,
    checked_sku,
    checked_weight,
    normal_barcode,
)
from domain.catalog.repository import channel_codes, locked_products_by_code
from domain.catalog.saving import product_row, write
from domain.catalog.tables import product, variant, variant_channel
from domain.common.ids import ChannelCode, ProductId, Sku, new_id
from domain.common.sql import among, upsert_many
from domain.common.texts import (
    DEFAULT_LANGUAGE,
    checked_code,
    checked_language,
    checked_tags,
    needed_line,
    one_line,
)
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.imports.chunks import Chunk, Disturbed, Refused, StagedRow, refuse, rows_of_chunk
from domain.imports.model import ImportJob, Tally
from domain.imports.values import flag_of, number_of, parsed, words_of

_PRODUCT = [column.name for column in product.columns]
_VARIANT = ["sku", "product_id", "barcode", "names", "weight_g", "tags", "active"]
_FLAG = ["sku", "channel", "sellable"]


@dataclass(frozen=True, slots=True)
class ProductLine:
    """A row in normal form; None is what it does not say."""

    code: ProductCode
    sku: Sku
    language: str
    name: str
    category: str | None
    tax_category: TaxCategory | None
    barcode: Barcode | None
    weight_g: int | None
    tags: tuple[str, ...] | None
    active: bool | None
    channels: tuple[ChannelCode, ...] | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the rows of a chunk may clash with."""

    owners: Mapping[str, str]
    """Product codes by SKU."""
    scanned: dict[str, str]
    """SKUs by barcode; rows of the chunk add theirs."""
    channels: frozenset[str]


async def apply_products(tx: Tx, job: ImportJob, chunk: Chunk) -> Tally:
    """What became of the rows of the chunk. Publishes one ProductCreated or ProductChanged for each
    product that changed.

    Locks: the products, in order of their ids.

    Raises:
        Disturbed: somebody took a code, SKU or barcode meanwhile: run the chunk again.
    """
    rows = await rows_of_chunk(tx, job, chunk)
    lines, refused = await asyncio.to_thread(parsed, rows, product_line)
    before = await locked_products_by_code(tx.connection, {line.code for _, line in lines})
    known = await _known(tx, [line for _, line in lines])
    now = await tx.now()
    after = dict(before)
    unchanged = 0
    for row, line in lines:
        old = after.get(line.code)
        clash = _clash(line, old, known)
        if clash is not None:
            refused.append(Refused(row, clash))
            continue
        new = changed(old or _empty(line.code, now), line)
        unchanged += new == old
        after[line.code] = new
    await _save(tx, before, after)
    await refuse(tx, job, refused)
    return Tally(len(rows) - unchanged - len(refused), unchanged, len(refused))


def product_line(row: StagedRow) -> ProductLine:
    """The row in normal form.

    Raises:
        ValidationFailed: a value is missing or malformed.
    """
    barcode, tags = row["barcode"].strip(), row["tags"]
    weight = number_of("weight_g", row["weight_g"])
    channels = row["channels"]
    tax = row["tax_category"].strip()
    return ProductLine(
        code=ProductCode(checked_code("product", row["product"].strip())),
        sku=checked_sku("sku", row["sku"].strip()),
        language=checked_language("language", row["language"].strip() or DEFAULT_LANGUAGE),
        name=needed_line("name", row["name"], MAX_NAME),
        category=one_line("category", row["category"], MAX_CATEGORY) or None,
        tax_category=TaxCategory(checked_code("tax_category", tax)) if tax else None,
        barcode=normal_barcode("barcode", barcode) if barcode else None,
        weight_g=None if weight is None else checked_weight("weight_g", weight),
        tags=checked_tags("tags", words_of(tags)) if tags else None,
        active=flag_of("active", row["active"]),
        channels=_channels(words_of(channels)) if channels else None,
    )


def _channels(codes: Sequence[str]) -> tuple[ChannelCode, ...]:
    return tuple(sorted({ChannelCode(code) for code in codes}))


async def _known(tx: Tx, lines: Sequence[ProductLine]) -> _Known:
    skus = [line.sku for line in lines]
    barcodes = [line.barcode for line in lines if line.barcode is not None]
    owners = await tx.connection.execute(
        sa.select(variant.c.sku, product.c.code)
        .join(product, product.c.id == variant.c.product_id)
        .where(among(variant.c.sku, skus))
    )
    scanned = await tx.connection.execute(
        sa.select(variant.c.barcode, variant.c.sku).where(among(variant.c.barcode, barcodes))
    )
    return _Known(
        {row.sku: row.code for row in owners},
        {row.barcode: row.sku for row in scanned},
        await channel_codes(tx.connection),
    )


def _clash(line: ProductLine, old: Product | None, known: _Known) -> str | None:
    """Why the row does not fit what is known, and its product as it is; None when it does, and its
    barcode is its own.
    """
    owner = known.owners.get(line.sku, line.code)
    if owner != line.code:
        return f"sku: belongs to product {owner}"
    if old is not None and line.sku not in known.owners and len(old.variants) >= MAX_VARIANTS:
        return f"product: has at most {MAX_VARIANTS} variants"
    if missing := sorted(set(line.channels or ()) - known.channels):
        return f"channels: {missing[0]} is not known"
    if line.barcode is not None:
        holder = known.scanned.setdefault(line.barcode, line.sku)
        if holder != line.sku:
            return f"barcode: belongs to {holder}"
    return None


def changed(before: Product, line: ProductLine) -> Product:
    """The product with what the row says; equal to `before` when it says nothing new. Its version
    stays.
    """
    names = {**before.names, line.language: line.name}
    known = {each.sku: replace(each, product_names=names) for each in before.variants}
    old = known.get(line.sku) or _new_variant(line, before.id, names)
    known[line.sku] = replace(
        old,
        barcode=old.barcode if line.barcode is None else line.barcode,
        weight_g=old.weight_g if line.weight_g is None else line.weight_g,
        tags=old.tags if line.tags is None else line.tags,
        active=old.active if line.active is None else line.active,
        sellable_on=old.sellable_on if line.channels is None else line.channels,
    )
    return replace(
        before,
        names=names,
        category=before.category if line.category is None else line.category,
        tax_category=line.tax_category or before.tax_category,
        variants=tuple(known[sku] for sku in sorted(known)),
    )


def _empty(code: ProductCode, now: datetime) -> Product:
    return Product(
        id=ProductId(new_id()),
        code=code,
        names={},
        descriptions={},
        category="",
        tax_category=STANDARD_TAX,
        active=True,
        created_at=now,
        version=0,
        variants=(),
    )


def _new_variant(line: ProductLine, product_id: ProductId, names: Mapping[str, str]) -> Variant:
    return Variant(
        sku=line.sku,
        product_id=product_id,
        barcode=None,
        names={},
        weight_g=0,
        tags=(),
        active=True,
        product_names=names,
    )


async def _save(
    tx: Tx, before: Mapping[ProductCode, Product], after: Mapping[ProductCode, Product]
) -> None:
    """Every product that differs is written with its next version, and published."""
    saved = [
        replace(new, version=new.version + 1)
        for code, new in after.items()
        if new != before.get(code)
    ]
    if not saved:
        return
    variants: list[dict[str, Any]] = []
    flags: list[dict[str, Any]] = []
    for each in saved:
        old = before.get(each.code)
        known = {one.sku: one for one in old.variants} if old else {}
        for one in each.variants:
            if one != known.get(one.sku):
                variants.append({name: getattr(one, name) for name in _VARIANT})
                flags += _flags(known.get(one.sku), one)
    try:
        await write(
            tx,
            upsert_many(product, _PRODUCT, _PRODUCT[1:], [product_row(each) for each in saved]),
            upsert_many(variant, _VARIANT, _VARIANT[2:], variants),
            upsert_many(variant_channel, _FLAG, ["sellable"], flags),
        )
    except (ProductCodeTaken, SkuTaken, BarcodeTaken) as error:
        raise Disturbed from error
    kinds = [PRODUCT_CHANGED if each.code in before else PRODUCT_CREATED for each in saved]
    events = [
        product_event(kind, each, "product", {}) for kind, each in zip(kinds, saved, strict=True)
    ]
    await publish(tx, *events)


def _flags(old: Variant | None, new: Variant) -> list[dict[str, Any]]:
    """The channels that may sell the variant from now on, and those that may not any more."""
    was = set(old.sellable_on) if old else set[ChannelCode]()
    now = set(new.sellable_on)
    return [
        {"sku": new.sku, "channel": code, "sellable": code in now} for code in sorted(was ^ now)
    ]
