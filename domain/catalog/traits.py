"""What a variant is like, as far as it decides from where it is sent."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.tables import variant
from domain.common.fixed import Fixed
from domain.common.ids import Sku
from domain.common.reading import any_of


class Traits(NamedTuple):
    """Tags and weight of one unit, in grams."""

    tags: Collection[str]
    weight_g: int


async def traits_of(connection: AsyncConnection, skus: Collection[Sku]) -> Mapping[Sku, Traits]:
    """The traits by SKU; unknown SKUs are absent. One statement."""
    rows = await _TRAITS.run(connection, {"skus": list(skus)})
    return {Sku(sku): Traits(tags, weight_g) for sku, tags, weight_g in rows}


_TRAITS = Fixed(
    lambda: sa.select(variant.c.sku, variant.c.tags, variant.c.weight_g).where(
        any_of(variant.c.sku, "skus")
    )
)
