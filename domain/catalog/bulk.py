"""Many products at once, for imports and demo data: as `create_product`, in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.dml import UpdateBase

from domain.catalog.drafts import MAX_CATEGORY, MAX_NAME, NewPrice, NewVariant, checked_variants
from domain.catalog.errors import KitNesting
from domain.catalog.events import PRODUCT_CREATED, product_event
from domain.catalog.model import (
    Component,
    Product,
    ProductCode,
    TaxCategory,
    Variant,
    checked_components,
    checked_texts,
)
from domain.catalog.saving import check_free, product_row, range_text, write
from domain.catalog.tables import kit_component, price, product, variant, variant_channel
from domain.common.errors import ValidationFailed
from domain.common.ids import ProductId, Sku, new_id
from domain.common.sql import insert_many
from domain.common.texts import Texts, checked_code, one_line
from domain.common.transaction import Tx
from domain.events.outbox import publish

MAX_PRODUCTS = 1_000
STANDARD = TaxCategory("standard")
_PRODUCT = [column.name for column in product.columns]
_VARIANT = ["sku", "product_id", "barcode", "names", "weight_g", "tags", "active"]
_FLAG = ["sku", "channel", "sellable"]
_PRICE = ["id", "sku", "channel", "currency", "amount_minor", "valid"]
_PART = ["kit_sku", "component_sku", "quantity"]


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """A product to add; `kits` gives the components of those of its variants that are kits."""

    code: ProductCode
    names: Texts
    variants: tuple[NewVariant, ...]
    category: str = ""
    tax_category: TaxCategory = STANDARD
    kits: Mapping[Sku, tuple[Component, ...]] = field(
        default_factory=dict[Sku, tuple[Component, ...]]
    )


async def add_products(tx: Tx, drafts: Sequence[ProductDraft]) -> int:
    """The number of products that are new; those whose code is known are left as they are.

    At most 1,000. Each new product is version 1 with all its variants, flags, kits and prices, and
    publishes one ProductCreated. Components of kits must be among the drafts or exist.

    Raises:
        SkuTaken, BarcodeTaken: another product has it. NotFound: a channel does not exist.
        KitNesting: a component is a kit itself.
        PriceOverlap, ValidationFailed: see `create_product`.
    """
    if len(drafts) > MAX_PRODUCTS:
        raise ValidationFailed("products", f"more than {MAX_PRODUCTS}")
    known = await _known(tx, [draft.code for draft in drafts])
    fresh = [draft for draft in drafts if draft.code not in known]
    if not fresh:
        return 0
    now = await tx.now()
    checked = [replace(draft, variants=_variants(draft, now)) for draft in fresh]
    await check_free(tx, [each for draft in checked for each in draft.variants])
    _check_kits(checked)
    products = [_product(draft, now) for draft in checked]
    await write(tx, *_writes(products, checked))
    await publish(tx, *[product_event(PRODUCT_CREATED, each, "product", {}) for each in products])
    return len(products)


async def _known(tx: Tx, codes: Sequence[str]) -> set[str]:
    wanted = sa.literal(list(codes), ARRAY(sa.Text))
    found = await tx.connection.scalars(
        sa.select(product.c.code).where(product.c.code == sa.any_(wanted))
    )
    return set(found)


def _variants(draft: ProductDraft, now: datetime) -> tuple[NewVariant, ...]:
    if not draft.variants:
        raise ValidationFailed("variants", "must be at least one")
    return tuple(checked_variants(draft.variants, now))


def _check_kits(drafts: Sequence[ProductDraft]) -> None:
    kits = {sku for draft in drafts for sku in draft.kits}
    for draft in drafts:
        for components in draft.kits.values():
            for component in components:
                if component.sku in kits:
                    raise KitNesting(component.sku)


def _product(draft: ProductDraft, now: datetime) -> Product:
    product_id = ProductId(new_id())
    names = checked_texts("names", draft.names, MAX_NAME)
    if not names:
        raise ValidationFailed("names", "must be at least one")
    return Product(
        id=product_id,
        code=ProductCode(checked_code("code", draft.code)),
        names=names,
        descriptions={},
        category=one_line("category", draft.category, MAX_CATEGORY),
        tax_category=TaxCategory(checked_code("taxCategory", draft.tax_category)),
        active=True,
        created_at=now,
        version=1,
        variants=tuple(
            _variant(product_id, names, each, draft)
            for each in sorted(draft.variants, key=lambda one: one.sku)
        ),
    )


def _variant(
    product_id: ProductId, product_names: Texts, given: NewVariant, draft: ProductDraft
) -> Variant:
    return Variant(
        sku=given.sku,
        product_id=product_id,
        barcode=given.barcode,
        names=given.names or {},
        weight_g=given.weight_g,
        tags=given.tags,
        active=given.active,
        product_names=product_names,
        sellable_on=given.sellable_on,
        components=checked_components(given.sku, draft.kits.get(given.sku, ())),
    )


def _writes(products: Sequence[Product], drafts: Sequence[ProductDraft]) -> list[UpdateBase]:
    variants = [each for owner in products for each in owner.variants]
    prices = [
        _price_row(each.sku, offered)
        for draft in drafts
        for each in draft.variants
        for offered in each.prices
    ]
    flags = [(each.sku, code) for each in variants for code in each.sellable_on]
    parts = [(each.sku, part.sku, part.quantity) for each in variants for part in each.components]
    return [
        insert_many(product, _PRODUCT, [product_row(each) for each in products]),
        insert_many(variant, _VARIANT, [_variant_row(each) for each in variants]),
        insert_many(variant_channel, _FLAG, [_flag_row(*flag) for flag in flags]),
        insert_many(price, _PRICE, prices),
        insert_many(kit_component, _PART, [dict(zip(_PART, part, strict=True)) for part in parts]),
    ]


def _variant_row(given: Variant) -> dict[str, Any]:
    return {name: getattr(given, name) for name in _VARIANT}


def _flag_row(sku: str, channel: str) -> dict[str, Any]:
    return {"sku": sku, "channel": channel, "sellable": True}


def _price_row(sku: str, given: NewPrice) -> dict[str, Any]:
    return {
        "id": new_id(),
        "sku": sku,
        "channel": given.channel,
        "currency": given.amount.currency,
        "amount_minor": given.amount.amount_minor,
        "valid": range_text(given.valid_from, given.valid_to),
    }
