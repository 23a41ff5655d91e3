"""Use cases: create a product with its variants, and change them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.dml import UpdateBase

from domain.catalog.drafts import (
    MAX_CATEGORY,
    MAX_NAME,
    MAX_VARIANTS,
    NewVariant,
    checked_variants,
)
from domain.catalog.events import PRODUCT_CREATED, product_event
from domain.catalog.model import (
    STANDARD_TAX,
    Barcode,
    Product,
    ProductCode,
    TaxCategory,
    Variant,
    checked_paragraphs,
    checked_texts,
    checked_weight,
    normal_barcode,
)
from domain.catalog.repository import locked_product
from domain.catalog.saving import check_free, product_row, save, variant_writes, write
from domain.catalog.tables import product, variant
from domain.common.errors import NotFound, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import ProductId, Sku, new_id
from domain.common.patch import KEEP, Keep, kept
from domain.common.sql import insert_many
from domain.common.texts import Texts, checked_code, checked_tags, one_line
from domain.common.transaction import Tx
from domain.events.outbox import publish

MAX_DESCRIPTION = 10_000
_PRODUCT = [column.name for column in product.columns]


@dataclass(frozen=True, slots=True)
class CreateProduct:
    """A new product; texts by language, at least one name."""

    idempotency_key: str
    code: ProductCode
    names: Texts
    variants: tuple[NewVariant, ...]
    descriptions: Texts | None = None
    category: str = ""
    tax_category: TaxCategory = STANDARD_TAX
    active: bool = True


@dataclass(frozen=True, slots=True)
class VariantChange:
    """Other values for a variant; KEEP leaves a field as it is."""

    sku: Sku
    barcode: Barcode | Keep | None = KEEP
    names: Texts | Keep = KEEP
    weight_g: int | Keep = KEEP
    tags: tuple[str, ...] | Keep = KEEP
    active: bool | Keep = KEEP


@dataclass(frozen=True, slots=True)
class UpdateProduct:
    """Other values for a product and its variants, and new variants; KEEP leaves a field as it is.

    Names and descriptions are replaced as a whole.
    """

    idempotency_key: str
    product_id: ProductId
    expected_version: int | None = None
    names: Texts | Keep = KEEP
    descriptions: Texts | Keep = KEEP
    category: str | Keep = KEEP
    tax_category: TaxCategory | Keep = KEEP
    active: bool | Keep = KEEP
    add_variants: tuple[NewVariant, ...] = ()
    change_variants: tuple[VariantChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductDone:
    """The product that a use case changed, with the version it has since."""

    id: ProductId
    version: int


async def create_product(tx: Tx, command: CreateProduct) -> ProductDone:
    """The new product, version 1, with its variants, flags and prices; publishes ProductCreated.

    Raises:
        ProductCodeTaken, SkuTaken, BarcodeTaken: in use. NotFound: a channel does not exist.
        PriceOverlap, ValidationFailed: a value is malformed or contradicts another.
        IdempotencyConflict: the key was used with another input.
    """

    async def work() -> ProductDone:
        now = await tx.now()
        given = checked_variants(command.variants, now)
        if not given:
            raise ValidationFailed("variants", "must be at least one")
        created = _checked(
            Product(
                id=ProductId(new_id()),
                code=command.code,
                names=command.names,
                descriptions=command.descriptions or {},
                category=command.category,
                tax_category=command.tax_category,
                active=command.active,
                created_at=now,
                version=1,
                variants=(),
            )
        )
        created = replace(created, variants=_added(created, given))
        await check_free(tx, given, code=created.code)
        own = insert_many(product, _PRODUCT, [product_row(created)])
        await write(tx, own, *variant_writes(created.id, given))
        await publish(tx, product_event(PRODUCT_CREATED, created, "product", {}))
        return ProductDone(created.id, created.version)

    return await once(tx, "createProduct", command, ProductDone, work)


async def update_product(tx: Tx, command: UpdateProduct) -> ProductDone:
    """The changed product; publishes ProductChanged unless everything is as it was.

    Locks the product's row.

    Raises:
        NotFound: there is no such product, variant of it, or channel.
        VersionConflict: it changed since it was read. SkuTaken, BarcodeTaken: in use.
        PriceOverlap, ValidationFailed: a value is malformed or contradicts another.
        IdempotencyConflict: the key was used with another input.
    """

    async def work() -> ProductDone:
        before = await locked_product(tx.connection, command.product_id)
        check_version(command.expected_version, before.version)
        given = checked_variants(command.add_variants, await tx.now())
        after = _patched(before, command, given)
        if after == before:
            return ProductDone(before.id, before.version)
        had = {each.barcode for each in before.variants}
        barcodes = {each.barcode for each in after.variants if each.barcode} - had
        await check_free(tx, given, barcodes=barcodes)
        writes = _changes(before, after)
        if given:
            writes += variant_writes(before.id, given)
        saved = await save(tx, before, after, "product", *writes)
        return ProductDone(saved.id, saved.version)

    return await once(tx, "updateProduct", command, ProductDone, work)


def _checked(value: Product) -> Product:
    checked_code("code", value.code)
    checked_code("taxCategory", value.tax_category)
    names = checked_texts("names", value.names, MAX_NAME)
    if not names:
        raise ValidationFailed("names", "must be at least one")
    return replace(
        value,
        names=names,
        descriptions=checked_paragraphs("descriptions", value.descriptions, MAX_DESCRIPTION),
        category=one_line("category", value.category, MAX_CATEGORY),
    )


def _added(owner: Product, given: Sequence[NewVariant]) -> tuple[Variant, ...]:
    added = [
        Variant(
            sku=each.sku,
            product_id=owner.id,
            barcode=each.barcode,
            names=each.names or {},
            weight_g=each.weight_g,
            tags=each.tags,
            active=each.active,
            product_names=owner.names,
            sellable_on=each.sellable_on,
        )
        for each in given
    ]
    return tuple(sorted((*owner.variants, *added), key=lambda each: each.sku))


def _patched(before: Product, command: UpdateProduct, given: Sequence[NewVariant]) -> Product:
    after = _checked(
        replace(
            before,
            names=kept(command.names, before.names),
            descriptions=kept(command.descriptions, before.descriptions),
            category=kept(command.category, before.category),
            tax_category=kept(command.tax_category, before.tax_category),
            active=kept(command.active, before.active),
        )
    )
    changes: dict[Sku, VariantChange] = {each.sku: each for each in command.change_variants}
    if len(changes) < len(command.change_variants):
        raise ValidationFailed("changeVariants.sku", "comes twice")
    if unknown := changes.keys() - {each.sku for each in before.variants}:
        raise NotFound("variant", min(unknown))
    changed = [_changed(each, changes, after.names) for each in before.variants]
    after = replace(after, variants=tuple(changed))
    after = replace(after, variants=_added(after, given))
    if len(after.variants) > MAX_VARIANTS:
        raise ValidationFailed("addVariants", f"a product has at most {MAX_VARIANTS} variants")
    return after


def _changed(
    before: Variant, changes: Mapping[Sku, VariantChange], product_names: Texts
) -> Variant:
    change = changes.get(before.sku, VariantChange(before.sku))
    barcode = kept(change.barcode, before.barcode)
    field = "changeVariants"
    return replace(
        before,
        barcode=normal_barcode(f"{field}.barcode", barcode) if barcode is not None else None,
        names=checked_texts(f"{field}.names", kept(change.names, before.names), MAX_NAME),
        weight_g=checked_weight(f"{field}.weightG", kept(change.weight_g, before.weight_g)),
        tags=checked_tags(f"{field}.tags", kept(change.tags, before.tags)),
        active=kept(change.active, before.active),
        product_names=product_names,
    )


def _changes(before: Product, after: Product) -> list[UpdateBase]:
    """One UPDATE per variant whose own row differs."""
    rows = {each.sku: _variant_values(each) for each in after.variants}
    return [
        sa.update(variant).where(variant.c.sku == each.sku).values(rows[each.sku])
        for each in before.variants
        if _variant_values(each) != rows[each.sku]
    ]


def _variant_values(value: Variant) -> dict[str, Any]:
    return {
        "barcode": value.barcode,
        "names": dict(value.names),
        "weight_g": value.weight_g,
        "tags": list(value.tags),
        "active": value.active,
    }
