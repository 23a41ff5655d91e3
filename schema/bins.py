"""Bins as clients see them."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import relay
from strawberry.dataloader import DataLoader

from domain.common.ids import LocationId, Sku
from domain.identity.model import STAFF
from domain.stock import bins, model
from schema.access import access
from schema.context import Context
from schema.errors import CommonError
from schema.ids import global_id, id_of
from schema.inputs import KEY


@access(*STAFF)
@strawberry.type(description="Where a SKU stands at a location.")
class StockBin:
    """Twin of domain StockBin."""

    sku: str = strawberry.field(description="SKU of the variant.")
    location_id: relay.GlobalID = strawberry.field(description="Id of the location.")
    zone: str = strawberry.field(description="Zone, such as a floor or aisle; may be empty.")
    bin: str = strawberry.field(description="Bin within the zone; empty when it has none.")
    version: int = strawberry.field(description="Number of its changes so far.")
    updated_at: datetime = strawberry.field(description="When it changed last (UTC).")

    @staticmethod
    def of(place: model.StockBin) -> "StockBin":
        """The twin."""
        return StockBin(
            sku=place.sku,
            location_id=global_id("Location", place.location_id),
            zone=place.zone,
            bin=place.bin,
            version=place.version,
            updated_at=place.updated_at,
        )


@strawberry.input(description="Where a SKU stands at a location.")
class SetStockBinInput:
    """Twin of SetStockBin."""

    idempotency_key: str = strawberry.field(description=KEY)
    sku: str = strawberry.field(description="SKU of the variant; not of a kit.")
    location_id: relay.GlobalID = strawberry.field(description="Id of the location.")
    zone: str = strawberry.field(description="Zone, at most 32 characters; may be empty.")
    bin: str = strawberry.field(
        description="Bin within the zone, at most 32 characters. Both empty: no place any more."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="Refuse unless this is the bin's present version; 0: unless it has none yet.",
    )

    def to_domain(self) -> bins.SetStockBin:
        """The command. Raises ValidationFailed for a malformed id."""
        return bins.SetStockBin(
            idempotency_key=self.idempotency_key,
            sku=Sku(self.sku),
            location_id=LocationId(id_of(self.location_id, "Location", "locationId")),
            zone=self.zone,
            bin=self.bin,
            expected_version=self.expected_version,
        )


@access(*STAFF)
@strawberry.type(description="The bin after the change.")
class SetStockBinPayload:
    """Answer of setStockBin."""

    bin: StockBin = strawberry.field(description="The bin.")


SetStockBinResult = Annotated[
    SetStockBinPayload | CommonError,
    strawberry.union("SetStockBinResult", description="Answer of setStockBin."),
]


async def load_bin(context: Context, location_id: relay.GlobalID, sku: str) -> StockBin | None:
    """The bin of a SKU at a location; one statement for all that are asked for together.

    Nothing is kept: a subscription sees bins as they are when it sends.
    """

    async def load(keys: list[bins.Place]) -> list[Any]:
        found = await context.read(lambda c: bins.bins_of(c, keys))
        return [found.get(key) for key in keys]

    loader = context.loaders.setdefault("bins", DataLoader(load_fn=load, cache=False))
    key = (LocationId(id_of(location_id, "Location")), Sku(sku))
    place = await loader.load(key)
    return StockBin.of(place) if place else None
