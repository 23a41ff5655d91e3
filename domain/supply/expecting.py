"""Writing inbound stock. Locks inbound rows by id."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter

from domain.catalog.tables import kit_component, variant
from domain.common.errors import NotFound, ValidationFailed
from domain.common.ids import LocationId, Sku, new_id
from domain.common.sql import rows_of, upsert_many
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.supply.events import inbound_changed
from domain.supply.model import Inbound, InboundId, InboundSource, Promise, PromiseId, cuts
from domain.supply.tables import inbound, promise

_COLUMNS = [column.name for column in inbound.columns]
_PROMISE = [column.name for column in promise.columns]
_CHANGING = [
    "location_id", "quantity", "received", "eta", "confidence", "closed_at", "updated_at",
    "version",
]  # fmt: skip
_INBOUND = TypeAdapter(list[Inbound])
_PROMISES = TypeAdapter(list[Promise])


@dataclass(frozen=True, slots=True)
class Expected:
    """How inbound stock stands according to its source. `over`: nothing more of it will come."""

    reference: str
    sku: Sku
    location_id: LocationId
    quantity: int
    received: int
    eta: datetime
    confidence: Decimal
    over: bool = False


async def expect(
    tx: Tx, source: InboundSource, source_id: UUID, wanted: Sequence[Expected]
) -> list[Inbound]:
    """The inbound stock that changed, stored; what is as it was stays untouched. Each change is a
    version with an event.

    Nobody else may write inbound stock of this source at the same time: the caller has locked the
    row that `source_id` names. Call `loosen` with the result, after stock was moved.

    Locks: the inbound rows.
    """
    known = await _locked(tx, source, source_id, {each.reference for each in wanted})
    now = await tx.now()
    changed: list[Inbound] = []
    for each in sorted(wanted, key=lambda e: (e.reference, e.sku)):
        before = known.get((each.reference, each.sku))
        after = _as_told(before, source, source_id, each, now)
        if after != before:
            changed.append(replace(after, version=after.version + 1, updated_at=now))
    if changed:
        rows = [{name: getattr(one, name) for name in _COLUMNS} for one in changed]
        await tx.connection.execute(upsert_many(inbound, _COLUMNS, _CHANGING, rows))
        await publish(tx, *[inbound_changed(one) for one in changed])
    return changed


async def loosen(tx: Tx, changed: Sequence[Inbound], *, arrived: bool) -> None:
    """The promises against the changed inbound stock are no more than it carries: the others keep
    their dates but no inbound stock, until they are made anew.

    When goods arrived, the oldest orders lose their promises first, since they get the goods; when
    less will come, the newest do. Locks the promises of those rows, by id.
    """
    ids = [one.id for one in changed]
    rows = (
        sa.select(promise)
        .where(promise.c.inbound_id.in_(ids))
        .order_by(promise.c.id)
        .with_for_update()
    )
    found = (await tx.connection.execute(rows)).mappings().all()
    promises = _PROMISES.validate_python([dict(row) for row in found])
    for one in changed:
        mine = [each for each in promises if each.inbound_id == one.id]
        mine.sort(key=lambda each: (each.confirmed_at, each.order_id, each.id), reverse=arrived)
        for cut in cuts(mine, one.promisable):
            await _cut(tx, cut.promise, cut.kept)


async def _cut(tx: Tx, cut: Promise, kept: int) -> None:
    here = sa.update(promise).where(promise.c.id == cut.id)
    if kept == 0:
        await tx.connection.execute(here.values(inbound_id=None))
        return
    loose = replace(cut, id=PromiseId(new_id()), inbound_id=None, quantity=cut.quantity - kept)
    await tx.connection.execute(here.values(quantity=kept))
    row = {name: getattr(loose, name) for name in _PROMISE}
    await tx.connection.execute(sa.insert(promise).values(row))


async def check_goods(tx: Tx, skus: Collection[Sku]) -> None:
    """Nothing, when all SKUs are variants that have stock of their own.

    Raises:
        NotFound: there is no such variant. ValidationFailed: it is a kit.
    """
    kit = sa.exists().where(kit_component.c.kit_sku == variant.c.sku)
    query = sa.select(variant.c.sku, kit.label("kit")).where(variant.c.sku.in_(list(skus)))
    known = {row.sku: row.kit for row in await tx.connection.execute(query)}
    for sku in sorted(skus):
        if sku not in known:
            raise NotFound("variant", sku)
        if known[sku]:
            raise ValidationFailed("sku", f"{sku} is a kit: only its components have stock")


async def _locked(
    tx: Tx, source: InboundSource, source_id: UUID, references: Collection[str]
) -> dict[tuple[str, Sku], Inbound]:
    c = inbound.c
    wanted = rows_of([c.reference], [{"reference": each} for each in references])
    query = (
        sa.select(inbound)
        .where(
            c.source == source.value,
            c.source_id == source_id,
            c.reference.in_(sa.select(wanted.c.reference)),
        )
        .order_by(c.id)
        .with_for_update(key_share=True)
    )
    rows = (await tx.connection.execute(query)).mappings().all()
    found = _INBOUND.validate_python([dict(row) for row in rows])
    return {(one.reference, one.sku): one for one in found}


def _as_told(
    before: Inbound | None, source: InboundSource, source_id: UUID, told: Expected, now: datetime
) -> Inbound:
    """The inbound stock as its source tells, without a new version."""
    closed = (before.closed_at if before else None) or now
    given: dict[str, Any] = {
        "location_id": told.location_id,
        "quantity": told.quantity,
        "received": told.received,
        "eta": told.eta,
        "confidence": told.confidence,
        "closed_at": closed if told.over else None,
    }
    if before is not None:
        return replace(before, **given)
    return Inbound(
        id=InboundId(new_id()),
        source=source,
        source_id=source_id,
        reference=told.reference,
        sku=told.sku,
        updated_at=now,
        version=0,
        **given,
    )
