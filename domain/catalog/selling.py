"""Use cases: say on which channels a variant is sellable, and what a kit is made of."""

from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import UpdateBase

from domain.catalog.errors import KitNesting
from domain.catalog.model import Component, Product, Variant, checked_components
from domain.catalog.products import ProductDone
from domain.catalog.repository import locked_products_of, require_channel
from domain.catalog.saving import save
from domain.catalog.tables import kit_component, variant_channel
from domain.common.errors import check_version
from domain.common.idempotency import once
from domain.common.ids import ChannelCode, Sku
from domain.common.sql import insert_many
from domain.common.transaction import Tx


@dataclass(frozen=True, slots=True)
class SetVariantSellable:
    """The variant may, or may no longer, be sold on the channel."""

    idempotency_key: str
    sku: Sku
    channel: ChannelCode
    sellable: bool
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class SetKitComponents:
    """The variant is a kit of exactly these components; of none, it is an ordinary variant."""

    idempotency_key: str
    sku: Sku
    components: tuple[Component, ...]
    expected_version: int | None = None


async def set_variant_sellable(tx: Tx, command: SetVariantSellable) -> ProductDone:
    """The product whose variant was flagged; publishes ProductChanged unless the flag was so.

    Locks the product's row.

    Raises:
        NotFound: there is no such variant or channel. VersionConflict: the product changed.
        IdempotencyConflict: the key was used with another input.
    """

    async def work() -> ProductDone:
        before = (await locked_products_of(tx.connection, [command.sku]))[command.sku]
        check_version(command.expected_version, before.version)
        await require_channel(tx.connection, command.channel)
        old = set(before.variant(command.sku).sellable_on)
        new = old | {command.channel} if command.sellable else old - {command.channel}
        if new == old:
            return ProductDone(before.id, before.version)
        after = _with(before, command.sku, sellable_on=tuple(sorted(new)))
        saved = await save(tx, before, after, "sellable", _flag(command))
        return ProductDone(saved.id, saved.version)

    return await once(tx, "setVariantSellable", command, ProductDone, work)


def _flag(command: SetVariantSellable) -> UpdateBase:
    flag = insert(variant_channel).values(
        sku=command.sku, channel=command.channel, sellable=command.sellable
    )
    return flag.on_conflict_do_update(
        index_elements=["sku", "channel"], set_={"sellable": command.sellable}
    )


async def set_kit_components(tx: Tx, command: SetKitComponents) -> ProductDone:
    """The product whose variant is the kit; publishes ProductChanged unless nothing changed.

    Locks the rows of the products of the kit and of all its components in order of their ids, so
    that no component becomes a kit meanwhile.

    Raises:
        NotFound: there is no such variant. VersionConflict: the kit's product changed.
        KitNesting: a component is a kit, or the kit is a component.
        ValidationFailed: see `checked_components`. IdempotencyConflict: the key has another input.
    """

    async def work() -> ProductDone:
        components = checked_components(command.sku, command.components)
        parts = [component.sku for component in components]
        owners = await locked_products_of(tx.connection, [command.sku, *parts])
        before = owners[command.sku]
        check_version(command.expected_version, before.version)
        if components == before.variant(command.sku).components:
            return ProductDone(before.id, before.version)
        for part in parts:
            if owners[part].variant(part).components:
                raise KitNesting(part)
        if components and await _is_component(tx, command.sku):
            raise KitNesting(command.sku)
        after = _with(before, command.sku, components=components)
        # Apart from the insertion: one statement must not delete and insert the same key.
        await tx.connection.execute(
            sa.delete(kit_component).where(kit_component.c.kit_sku == command.sku)
        )
        saved = await save(tx, before, after, "kit", *_parts(command.sku, components))
        return ProductDone(saved.id, saved.version)

    return await once(tx, "setKitComponents", command, ProductDone, work)


async def _is_component(tx: Tx, sku: Sku) -> bool:
    used = sa.exists().where(kit_component.c.component_sku == sku)
    return bool(await tx.connection.scalar(sa.select(used)))


def _parts(kit: Sku, components: tuple[Component, ...]) -> list[UpdateBase]:
    if not components:
        return []
    rows = [
        {"kit_sku": kit, "component_sku": each.sku, "quantity": each.quantity}
        for each in components
    ]
    return [insert_many(kit_component, ["kit_sku", "component_sku", "quantity"], rows)]


def _with(
    before: Product,
    sku: Sku,
    *,
    sellable_on: tuple[ChannelCode, ...] | None = None,
    components: tuple[Component, ...] | None = None,
) -> Product:
    def changed(each: Variant) -> Variant:
        return replace(
            each,
            sellable_on=each.sellable_on if sellable_on is None else sellable_on,
            components=each.components if components is None else components,
        )

    variants = tuple(changed(each) if each.sku == sku else each for each in before.variants)
    return replace(before, variants=variants)
