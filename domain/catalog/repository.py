"""Reading and locking channels, products and variants. Each read is one statement, whatever the
number of things read.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.model import (
    Barcode,
    Channel,
    Product,
    ProductCode,
    Variant,
    normal_barcode,
)
from domain.catalog.tables import channel, kit_component, product, variant, variant_channel
from domain.common.errors import NotFound, ValidationFailed
from domain.common.ids import ChannelCode, ProductId, Sku
from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.common.sql import among
from domain.identity.model import STAFF, Actor, Role

_CHANNELS = TypeAdapter(list[Channel])
_PRODUCTS = TypeAdapter(list[Product])
_VARIANTS = TypeAdapter(list[Variant])
_NONE = sa.text("'[]'::jsonb")


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """Which products to list; None means any. `search` is a part of a name or code, or a whole SKU
    or barcode.
    """

    search: str | None = None
    category: str | None = None


async def channels_visible_to(connection: AsyncConnection, actor: Actor) -> list[Channel]:
    """The channels that the actor may see, by code: CHANNEL sees its own, staff see all."""
    scope = sa.true() if actor.role in STAFF else sa.false()
    if actor.role is Role.CHANNEL:
        scope = channel.c.code.in_(sorted(actor.channel_codes))
    return await _channels(connection, scope)


async def channel_by_code(connection: AsyncConnection, code: ChannelCode) -> Channel | None:
    """The channel of that code."""
    found = await _channels(connection, channel.c.code == code)
    return found[0] if found else None


async def channel_codes(connection: AsyncConnection) -> frozenset[ChannelCode]:
    """The codes of all channels."""
    found = await connection.scalars(sa.select(channel.c.code))
    return frozenset(ChannelCode(code) for code in found)


async def require_channel(connection: AsyncConnection, code: ChannelCode) -> Channel:
    """The channel of that code.

    Raises:
        NotFound: there is no such channel.
    """
    found = await channel_by_code(connection, code)
    if found is None:
        raise NotFound("channel", code)
    return found


async def locked_channel(connection: AsyncConnection, code: ChannelCode) -> Channel:
    """The channel, its row locked FOR NO KEY UPDATE.

    Raises:
        NotFound: there is no such channel.
    """
    document = await connection.scalar(
        sa.select(sa.func.to_jsonb(channel.table_valued()))
        .where(channel.c.code == code)
        .with_for_update(key_share=True)
    )
    if document is None:
        raise NotFound("channel", code)
    return _CHANNELS.validate_python([document])[0]


async def _channels(
    connection: AsyncConnection, condition: sa.ColumnElement[bool]
) -> list[Channel]:
    query = sa.select(sa.func.to_jsonb(channel.table_valued())).where(condition)
    found = await connection.scalars(query.order_by(channel.c.code))
    return _CHANNELS.validate_python(found.all())


def variant_document() -> sa.ColumnElement[object]:
    """An expression over `variant` and its `product`: the whole variant as one JSON object."""
    code = variant_channel.c.channel
    component = kit_component.c.component_sku
    sellable_on = (
        sa.select(sa.func.coalesce(sa.func.jsonb_agg(aggregate_order_by(code, code)), _NONE))
        .where(variant_channel.c.sku == variant.c.sku, variant_channel.c.sellable)
        .scalar_subquery()
    )
    each = sa.func.jsonb_build_object("sku", component, "quantity", kit_component.c.quantity)
    components = (
        sa.select(sa.func.coalesce(sa.func.jsonb_agg(aggregate_order_by(each, component)), _NONE))
        .where(kit_component.c.kit_sku == variant.c.sku)
        .scalar_subquery()
    )
    parts = sa.func.jsonb_build_object(
        "product_names",
        product.c.names,
        "sellable_on",
        sellable_on,
        "components",
        components,
    )
    return sa.func.to_jsonb(variant.table_valued()).op("||")(parts)


def product_document(variants: sa.ColumnElement[bool]) -> sa.ColumnElement[object]:
    """An expression over `product`: the product with those of its variants that fulfil the
    condition, as one JSON object.
    """
    ordered = aggregate_order_by(variant_document(), variant.c.sku)
    own = (
        sa.select(sa.func.coalesce(sa.func.jsonb_agg(ordered), _NONE))
        .where(variant.c.product_id == product.c.id, variants)
        .correlate(product)
        .scalar_subquery()
    )
    parts = sa.func.jsonb_build_object("variants", own)
    return sa.func.to_jsonb(product.table_valued()).op("||")(parts)


def sees_inactive(actor: Actor | None) -> bool:
    """Whether the actor sees products and variants that are not in use: staff do."""
    return actor is not None and actor.role in STAFF


def _products_for(actor: Actor | None) -> tuple[sa.Select[object], sa.ColumnElement[bool]]:
    """A query of product documents in the actor's scope, and the scope as a condition."""
    if sees_inactive(actor):
        return sa.select(product_document(sa.true())), sa.true()
    scope = product.c.active.is_(True)
    return sa.select(product_document(variant.c.active)).where(scope), scope


async def products_by_id(
    connection: AsyncConnection, ids: Collection[UUID], *, seen_by: Actor | None
) -> dict[ProductId, Product]:
    """The products of those ids that the actor may see, with the variants that it may see."""
    query, _ = _products_for(seen_by)
    found = await connection.scalars(query.where(product.c.id.in_(list(ids))))
    return {each.id: each for each in _PRODUCTS.validate_python(found.all())}


async def all_products_by_id(
    connection: AsyncConnection, ids: Collection[UUID]
) -> dict[ProductId, Product]:
    """The products of those ids, whoever asks: for parts of things that were scoped already."""
    query = sa.select(product_document(sa.true())).where(product.c.id.in_(list(ids)))
    return {
        each.id: each for each in _PRODUCTS.validate_python((await connection.scalars(query)).all())
    }


async def variants_by_sku(
    connection: AsyncConnection, skus: Collection[str], *, seen_by: Actor | None
) -> dict[Sku, Variant]:
    """The variants of those SKUs that the actor may see; others are absent."""
    scope = sa.true() if sees_inactive(seen_by) else variant.c.active & product.c.active
    found = await _variants(connection, variant.c.sku.in_(list(skus)) & scope)
    return {each.sku: each for each in found}


async def all_variants_by_sku(
    connection: AsyncConnection, skus: Collection[str]
) -> dict[Sku, Variant]:
    """The variants of those SKUs, whoever asks: for parts of things that were scoped already."""
    found = await _variants(connection, variant.c.sku.in_(list(skus)))
    return {each.sku: each for each in found}


async def variant_by_barcode(
    connection: AsyncConnection, barcode: Barcode, *, seen_by: Actor | None
) -> Variant | None:
    """The variant of that barcode (in normal form), if the actor may see it."""
    scope = sa.true() if sees_inactive(seen_by) else variant.c.active & product.c.active
    found = await _variants(connection, (variant.c.barcode == barcode) & scope)
    return found[0] if found else None


async def _variants(
    connection: AsyncConnection, condition: sa.ColumnElement[bool]
) -> list[Variant]:
    query = sa.select(variant_document()).join(product, product.c.id == variant.c.product_id)
    found = await connection.scalars(query.where(condition))
    return _VARIANTS.validate_python(found.all())


async def page_of_products(
    connection: AsyncConnection,
    wanted: ProductFilter,
    request: PageRequest,
    *,
    seen_by: Actor | None,
) -> Page[Product]:
    """A page of products, the newest first, with the variants that the actor may see."""
    query, _ = _products_for(seen_by)
    query = query.where(*_conditions(wanted))
    if request.after is not None:
        place = sa.tuple_(product.c.created_at, product.c.id)
        query = query.where(place < sa.tuple_(request.after.at, request.after.id))
    query = query.order_by(product.c.created_at.desc(), product.c.id.desc())
    found = await connection.scalars(query.limit(request.first + 1))
    return page_of(
        _PRODUCTS.validate_python(found.all()),
        request,
        lambda each: Keyset(each.created_at, each.id),
    )


async def count_of_products(
    connection: AsyncConnection, wanted: ProductFilter, *, seen_by: Actor | None
) -> int:
    """The number of products in the whole list."""
    _, scope = _products_for(seen_by)
    query = sa.select(sa.func.count()).select_from(product).where(scope, *_conditions(wanted))
    return await connection.scalar(query) or 0


def _conditions(wanted: ProductFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.category is not None:
        conditions.append(product.c.category == wanted.category)
    if wanted.search is not None and (text := wanted.search.strip()):
        conditions.append(_matches(text))
    return conditions


def _matches(text: str) -> sa.ColumnElement[bool]:
    name = sa.func.jsonb_each_text(product.c.names).table_valued("key", "value")
    named = sa.exists(
        sa.select(sa.literal(1)).select_from(name).where(_contains(name.c.value, text))
    )
    has_code = product.c.id.in_(
        sa.select(variant.c.product_id).where(
            (variant.c.sku == text) | variant.c.barcode.in_([text, _as_barcode(text)])
        )
    )
    return _contains(product.c.code, text) | named | has_code


def _as_barcode(text: str) -> str:
    try:
        return normal_barcode("search", text)
    except ValidationFailed:
        return text


def _contains(column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    return column.icontains(text, autoescape=True)


async def locked_product(connection: AsyncConnection, product_id: ProductId) -> Product:
    """The product with all its parts, its row locked FOR NO KEY UPDATE.

    Two statements, so that the parts are read after the lock was obtained.

    Raises:
        NotFound: there is no such product.
    """
    found = await _locked(connection, product.c.id == product_id)
    if not found:
        raise NotFound("product", str(product_id))
    return found[0]


async def locked_products_of(
    connection: AsyncConnection, skus: Collection[Sku]
) -> dict[Sku, Product]:
    """The products of those SKUs, by SKU, their rows locked in order of their ids.

    Raises:
        NotFound: there is no variant of one of the SKUs.
    """
    owners = sa.select(variant.c.product_id).where(variant.c.sku.in_(list(skus)))
    found = await _locked(connection, product.c.id.in_(owners))
    by_sku = {each.sku: owner for owner in found for each in owner.variants}
    if missing := set(skus) - by_sku.keys():
        raise NotFound("variant", min(missing))
    return {sku: by_sku[sku] for sku in skus}


async def locked_products_by_code(
    connection: AsyncConnection, codes: Collection[ProductCode]
) -> dict[ProductCode, Product]:
    """The products of those codes, their rows locked in order of their ids; others are absent."""
    found = await _locked(connection, among(product.c.code, codes))
    return {each.code: each for each in found}


async def _locked(connection: AsyncConnection, condition: sa.ColumnElement[bool]) -> list[Product]:
    rows = sa.select(product.c.id).where(condition).order_by(product.c.id)
    ids = (await connection.scalars(rows.with_for_update(key_share=True))).all()
    return list((await all_products_by_id(connection, ids)).values()) if ids else []
