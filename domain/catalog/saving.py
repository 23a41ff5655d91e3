"""Writing products: every change is one version and one event of the product."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import UpdateBase

from domain.catalog.drafts import NewVariant
from domain.catalog.errors import BarcodeTaken, PriceOverlap, ProductCodeTaken, SkuTaken
from domain.catalog.events import PRODUCT_CHANGED, product_event
from domain.catalog.model import Barcode, Product, ProductCode
from domain.catalog.tables import channel, price, product, variant, variant_channel
from domain.common.errors import DomainError, NotFound
from domain.common.faults import constraint_of
from domain.common.ids import ProductId, new_id
from domain.common.sql import insert_many, together
from domain.common.transaction import Tx
from domain.events.outbox import publish

_VARIANT = ["sku", "product_id", "barcode", "names", "weight_g", "tags", "active"]
_PRICE = ["id", "sku", "channel", "currency", "amount_minor", "valid"]


async def save(
    tx: Tx,
    before: Product,
    after: Product,
    part: str,
    *also: UpdateBase,
    detail: Mapping[str, Any] | None = None,
) -> Product:
    """`after` with the next version, written together with `also`; publishes ProductChanged.

    `before` must be the locked product; `also` writes what is not in the product's own row.

    Raises:
        SkuTaken, BarcodeTaken, PriceOverlap: another transaction was faster.
    """
    after = replace(after, version=before.version + 1)
    own = sa.update(product).where(product.c.id == after.id).values(product_row(after))
    await write(tx, own, *also)
    await publish(tx, product_event(PRODUCT_CHANGED, after, part, detail or {}))
    return after


async def write(tx: Tx, *writes: UpdateBase) -> None:
    """All writes in one statement; violated constraints become the errors that they mean.

    Raises:
        ProductCodeTaken, SkuTaken, BarcodeTaken, PriceOverlap: see there.
    """
    try:
        await tx.connection.execute(together(*writes))
    except IntegrityError as error:
        meaning = _MEANINGS.get(constraint_of(error) or "")
        if meaning is None:
            raise
        raise meaning(error) from error


def _taken(error: IntegrityError) -> str:
    """The value in `Key (sku)=(A-1) already exists.`; servers that speak another language than
    English do not tell. The check that comes before names the value, this is for the rare race.
    """
    detail = str(getattr(getattr(error.orig, "__cause__", None), "detail", ""))
    found = re.search(r"=\((.*)\) already exists", detail)
    return found.group(1) if found else "of this request"


_MEANINGS: Mapping[str, Callable[[IntegrityError], DomainError]] = {
    "uq_product_code": lambda error: ProductCodeTaken(_taken(error)),
    "pk_variant": lambda error: SkuTaken(_taken(error)),
    "uq_variant_barcode": lambda error: BarcodeTaken(_taken(error)),
    "ex_price_valid": lambda _: PriceOverlap(),
}


def product_row(value: Product) -> dict[str, Any]:
    """The columns of the product's own row."""
    return {column.name: getattr(value, column.name) for column in product.columns}


def variant_writes(product_id: ProductId, variants: Sequence[NewVariant]) -> list[UpdateBase]:
    """The statements that add `variants` (checked) with their flags and prices."""
    rows = [_variant_row(product_id, each) for each in variants]
    flags = [
        {"sku": each.sku, "channel": code, "sellable": True}
        for each in variants
        for code in each.sellable_on
    ]
    prices = [row for each in variants for row in _price_rows(each)]
    writes: list[UpdateBase] = [insert_many(variant, _VARIANT, rows)]
    if flags:
        writes.append(insert_many(variant_channel, ["sku", "channel", "sellable"], flags))
    if prices:
        writes.append(insert_many(price, _PRICE, prices))
    return writes


def _variant_row(product_id: UUID, given: NewVariant) -> dict[str, Any]:
    return {
        "sku": given.sku,
        "product_id": product_id,
        "barcode": given.barcode,
        "names": given.names or {},
        "weight_g": given.weight_g,
        "tags": list(given.tags),
        "active": given.active,
    }


def _price_rows(given: NewVariant) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id(),
            "sku": given.sku,
            "channel": each.channel,
            "currency": each.amount.currency,
            "amount_minor": each.amount.amount_minor,
            "valid": range_text(each.valid_from, each.valid_to),
        }
        for each in given.prices
    ]


def range_text(starts: datetime | None, ends: datetime | None) -> str:
    """A `tstzrange` as text, from `starts` (included) to `ends`; None is without a limit."""
    lower = starts.isoformat() if starts is not None else ""
    upper = ends.isoformat() if ends is not None else ""
    return f"[{lower},{upper})"


async def check_free(
    tx: Tx,
    variants: Sequence[NewVariant],
    *,
    code: ProductCode | None = None,
    barcodes: Collection[Barcode] = (),
) -> None:
    """Nothing, when the product code, the codes of `variants` and the other `barcodes` are free,
    and all channels exist.

    One statement.

    Raises:
        ProductCodeTaken, SkuTaken, BarcodeTaken: naming the first that is in use.
        NotFound: a channel does not exist.
    """
    skus = [each.sku for each in variants]
    scanned = [*barcodes, *(each.barcode for each in variants if each.barcode is not None)]
    channels = sorted(
        {code for each in variants for code in each.sellable_on}
        | {given.channel for each in variants for given in each.prices}
    )
    row = (
        await tx.connection.execute(
            sa.select(
                sa.exists().where(product.c.code == code).label("code_taken"),
                _among(variant.c.sku, skus).label("skus"),
                _among(variant.c.barcode, scanned).label("barcodes"),
                _among(channel.c.code, channels).label("channels"),
            )
        )
    ).one()
    if row.code_taken and code is not None:
        raise ProductCodeTaken(code)
    if row.skus:
        raise SkuTaken(row.skus[0])
    if row.barcodes:
        raise BarcodeTaken(row.barcodes[0])
    if missing := sorted(set(channels) - set(row.channels)):
        raise NotFound("channel", missing[0])


def _among(column: sa.Column[Any], values: Sequence[str]) -> sa.ColumnElement[Any]:
    """An array of those `values` that are in `column`, sorted."""
    wanted = sa.literal(list(values), ARRAY(sa.Text))
    found = sa.select(column).where(column == sa.any_(wanted)).order_by(column)
    return sa.func.array(found.scalar_subquery())
