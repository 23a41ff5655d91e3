"""What suppliers report that they will send: many rows at once, by their own references."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from domain.common.errors import NotFound, ValidationFailed
from domain.common.idempotency import once
from domain.common.ids import LocationId, Sku
from domain.common.texts import needed_line
from domain.common.transaction import Tx
from domain.locations.model import LocationKind
from domain.locations.tables import location
from domain.stock.model import MAX_QUANTITY, MAX_REFERENCE
from domain.supply.expecting import Expected, check_goods, expect, loosen
from domain.supply.model import CERTAIN, InboundSource, checked_confidence

MAX_ROWS = 1000


@dataclass(frozen=True, slots=True)
class FeedRow:
    """Units of a SKU that are still to come under a reference of the supplier; 0 for no more."""

    reference: str
    sku: Sku
    location_id: LocationId
    quantity: int
    eta: datetime
    confidence: Decimal = CERTAIN


@dataclass(frozen=True, slots=True)
class LoadSupplierFeed:
    """A supplier reports what is still to come; rows that it does not name stay as they are."""

    idempotency_key: str
    supplier_id: LocationId
    rows: tuple[FeedRow, ...]


@dataclass(frozen=True, slots=True)
class FeedLoaded:
    """How many rows were given, and how many of them were new or said something new."""

    rows: int
    changed: int


async def load_supplier_feed(tx: Tx, command: LoadSupplierFeed) -> FeedLoaded:
    """The inbound stock is as the supplier reports, all rows or none.

    Raises:
        NotFound: no such supplier, location or SKU.
        ValidationFailed: no rows or too many, a reference and SKU twice, a figure out of range.
        IdempotencyConflict: see `once`.

    Locks: the supplier's location, inbound stock, promises against it.
    """
    rows = _checked(command)

    async def work() -> FeedLoaded:
        await _lock_supplier(tx, command.supplier_id)
        await _check_locations(tx, {row.location_id for row in rows})
        await check_goods(tx, {row.sku for row in rows})
        wanted = [
            Expected(
                reference=row.reference,
                sku=row.sku,
                location_id=row.location_id,
                quantity=row.quantity,
                received=0,
                eta=row.eta,
                confidence=row.confidence,
                over=row.quantity == 0,
            )
            for row in rows
        ]
        changed = await expect(tx, InboundSource.SUPPLIER_FEED, command.supplier_id, wanted)
        await loosen(tx, changed, arrived=False)
        return FeedLoaded(len(rows), len(changed))

    return await once(tx, "loadSupplierFeed", command, FeedLoaded, work)


async def _lock_supplier(tx: Tx, supplier_id: LocationId) -> None:
    """Two feeds of one supplier come one after the other."""
    query = sa.select(location.c.kind).where(location.c.id == supplier_id)
    kind = await tx.connection.scalar(query.with_for_update(key_share=True))
    if kind is None:
        raise NotFound("location", str(supplier_id))
    if kind != LocationKind.SUPPLIER:
        raise ValidationFailed("supplierId", "is not a location of kind SUPPLIER")


async def _check_locations(tx: Tx, wanted: set[LocationId]) -> None:
    known = await tx.connection.scalars(
        sa.select(location.c.id).where(location.c.id.in_(wanted), location.c.active)
    )
    if missing := wanted - set(known.all()):
        raise NotFound("location", str(min(missing)))


def _checked(command: LoadSupplierFeed) -> list[FeedRow]:
    if not 1 <= len(command.rows) <= MAX_ROWS:
        raise ValidationFailed("rows", f"must be 1 to {MAX_ROWS}")
    rows = [
        FeedRow(
            reference=needed_line("rows.reference", row.reference, MAX_REFERENCE),
            sku=row.sku,
            location_id=row.location_id,
            quantity=row.quantity,
            eta=row.eta,
            confidence=checked_confidence("rows.confidence", row.confidence),
        )
        for row in command.rows
    ]
    if len({(row.reference, row.sku) for row in rows}) < len(rows):
        raise ValidationFailed("rows", "name a reference and SKU twice")
    for row in rows:
        if not 0 <= row.quantity <= MAX_QUANTITY:
            raise ValidationFailed("rows.quantity", f"must be 0 to {MAX_QUANTITY}")
    return rows
